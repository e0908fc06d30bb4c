"""A plan as a picture: the header in the middle, the circuits of its pins at both sides. PURE."""

from __future__ import annotations

from dataclasses import dataclass

from intercom.wiring import route, symbols
from intercom.wiring.header import PINS, PINS_PER_SIDE, Pin
from intercom.wiring.parts import Part, Plan
from intercom.wiring.svg import Canvas

PITCH = 28
TOP = 164
HALF = 33
"""From the header's middle to its edge; then come the pins' names, their buses, and the wires."""
NAMES = HALF + 4
BUSES = NAMES + 84
TRACKS = BUSES + 74
TRACK = 11
CIRCUITS = TRACKS + 6 * TRACK + 6
BUS_SHIFT = 12
"""From where the circuits begin inwards, where long wires have their common ground."""
WIDTH = 2 * (CIRCUITS + symbols.WIDTH + 12)
MIDDLE = WIDTH / 2
LINE = 22


@dataclass(frozen=True, slots=True)
class _Row:
    """A pin of one side and what hangs there: a part, or (None) the ground of all of them."""

    pin: Pin
    part: Part | None


def draw(plan: Plan) -> str:
    """The picture as the text of an SVG file, for light and dark pages alike."""
    canvas = Canvas()
    bottom = TOP + PINS_PER_SIDE * PITCH
    notes = _notes(plan)
    ends = [_height(plan, left) for left in (True, False)]
    foot = max(bottom + 78, *ends) + 34
    size = (WIDTH, foot + LINE * len(notes) + 12)
    canvas.box((0, 0), size, "page", 0)
    title = f"Wiring: {plan.title}" + (", on long wires" if plan.long else "")
    _heading(canvas, plan, title)
    _board(canvas, bottom)
    for left in (True, False):
        _side(canvas, plan, left)
    for pin in PINS:
        _pin(canvas, plan, pin)
    for place, (words, cls) in enumerate(notes):
        canvas.text((40, foot + LINE * place), words, cls, "start")
    parts = ", ".join(f"{part.name} at pin {part.pin.number}" for part in plan.parts)
    return canvas.document(size, title, f"40-pin header of a Raspberry Pi; {parts or 'no parts'}.")


def _heading(canvas: Canvas, plan: Plan, title: str) -> None:
    canvas.text((40, 50), title, "title", "start")
    first = "Made by `intercom wiring` from [panel]. GPIO numbers are the chip's (BCM)."
    second = (
        "The supply of the long wires is one of its own; nothing of a button's is joined to the Pi."
        if plan.long
        else "Wires up to a metre or two. Longer ones, and all outdoors: `intercom wiring --long`."
    )
    canvas.text((40, 76), first, "soft", "start")
    canvas.text((40, 96), second, "soft", "start")


def _board(canvas: Canvas, bottom: float) -> None:
    edge = HALF + 2
    canvas.box((MIDDLE - edge, TOP - 34), (MIDDLE + edge, bottom + 34), "board", 8)
    canvas.box((MIDDLE - HALF + 5, TOP - 2), (MIDDLE + HALF - 5, bottom + 2), "header", 4)
    canvas.text((MIDDLE, TOP - 42), "SD card end", "soft")
    canvas.text((MIDDLE, bottom + 54), "USB end", "soft")
    canvas.text((MIDDLE, bottom + 74), "pins 2, 4, 6 ... are the row at the board's edge", "soft")


def _y(pin: Pin) -> float:
    return TOP + PITCH * (pin.row + 0.5)


def _x(pin_left: bool, offset: float) -> float:
    return MIDDLE - offset if pin_left else MIDDLE + offset


def _pin(canvas: Canvas, plan: Plan, pin: Pin) -> None:
    """The pad with its number, its name, and the bus that it may belong to."""
    y, used = _y(pin), _used(plan, pin)
    x = _x(pin.left, 14)
    cls = used or {"GND": "gnd", "3V3": "v3", "5V": "v5", "GPIO": "pad"}[pin.kind]
    if pin.number == 1:
        canvas.box((x - 11, y - 11), (x + 11, y + 11), cls, 1)
    else:
        canvas.dot((x, y), 11, cls)
    dark = pin.kind == "3V3" or cls == "pad"
    canvas.text((x, y + 4), str(pin.number), "dark-number" if dark else "number")
    ends = (_x(pin.left, NAMES), y - 10), (_x(pin.left, NAMES + 76), y + 10)
    strong = used or (cls if any(part.back == pin for part in plan.parts) else "")
    canvas.box(*ends, strong or "free", 5)
    words = "pill-light" if strong not in ("", "v3") else "pill-text"
    canvas.text((_x(pin.left, NAMES + 38), y + 4.5), pin.label, words)
    if pin.bus and not used:
        anchor = "end" if pin.left else "start"
        canvas.text((_x(pin.left, BUSES), y + 4), f"{pin.bus} {pin.signal}", "chip-text", anchor)


def _used(plan: Plan, pin: Pin) -> str:
    return next((part.role for part in plan.parts if part.pin == pin), "")


def _rows(plan: Plan, left: bool) -> list[_Row]:
    """What is wired at one side, from the top down."""
    mine = [part for part in plan.parts if part.pin.left == left]
    grounds = {part.back.number: part.back for part in mine if part.back.kind == "GND"}
    rows = [_Row(part.pin, part) for part in mine]
    rows += [_Row(ground, None) for ground in grounds.values()]
    return sorted(rows, key=lambda row: row.pin.number)


def _heights(plan: Plan, rows: list[_Row]) -> list[float]:
    items = [
        symbols.room(row.part, plan.long, _y(row.pin))
        if row.part is not None
        else route.Item(_y(row.pin), 8, 8)
        for row in rows
    ]
    return route.spread(items, TOP - 20)


def _height(plan: Plan, left: bool) -> float:
    """How far down the circuits of a side go."""
    rows = _rows(plan, left)
    return max((y + 90 for y in _heights(plan, rows)), default=0.0)


def _side(canvas: Canvas, plan: Plan, left: bool) -> None:
    """All wires and circuits of one side; the common ground is drawn first, and wires cross it."""
    rows = _rows(plan, left)
    heights = _heights(plan, rows)
    outwards = -1 if left else 1
    edge = _x(left, CIRCUITS)
    bus = edge + outwards * (-BUS_SHIFT if plan.long else symbols.WIDTH - 20)
    paths = route.wires([_y(row.pin) for row in rows], heights)
    grounded: list[tuple[float, float]] = []
    circuits = Canvas()
    for row, wire in zip(rows, paths, strict=True):
        if row.part is None:
            _wire(canvas, left, wire, bus, "w w-gnd", halo=False)
            grounded.append((bus, wire.end))
            continue
        draw_part = symbols.circuit(row.part, plan.long)
        side = symbols.Side(circuits, edge, outwards, wire.end)
        back = draw_part(side, row.part, row.part.back.kind == "GND")
        if back is not None:
            canvas.line(back, (bus, back[1]), cls="w w-gnd")
            grounded.append((bus, back[1]))
    _bus(canvas, grounded)
    for row, wire in zip(rows, paths, strict=True):
        if row.part is not None:
            _wire(canvas, left, wire, edge, f"w w-{row.part.role}", halo=plan.long)
    canvas.extend(circuits)


def _bus(canvas: Canvas, points: list[tuple[float, float]]) -> None:
    """The common ground of a side, with a dot where three wires meet."""
    if points:
        points = sorted(points, key=lambda point: point[1])
        canvas.line(points[0], points[-1], cls="w w-gnd")
        for point in points[1:-1]:
            canvas.dot(point, 4.5, "junction")


def _wire(
    canvas: Canvas, left: bool, wire: route.Wire, end: float, cls: str, *, halo: bool
) -> None:
    """From the pin's name out to `end`; with a gap in what it crosses there."""
    turn = _x(left, TRACKS + TRACK * wire.track)
    points = [(_x(left, NAMES + 76), wire.start), (turn, wire.start)]
    points += [(turn, wire.end), (end, wire.end)]
    if halo:
        canvas.line((turn, wire.end), (end, wire.end), cls="halo")
    canvas.line(*points, cls=cls)


def _notes(plan: Plan) -> list[tuple[str, str]]:
    """The lines below the picture: what is wrong, what is to be known, what is elsewhere."""
    lines = [(f"! {remark}", "warn" if remark.conflict else "") for remark in plan.remarks]
    if plan.missing:
        why = " (-1 in [panel])" if plan.parts else ""
        lines.append((f"Not wired{why}: {', '.join(plan.missing)}.", ""))
    return [*lines, *((f"{where}.", "soft") for where in plan.elsewhere)]
