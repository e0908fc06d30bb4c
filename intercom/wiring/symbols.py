"""The circuits of buttons and lamps, drawn outwards from the header. PURE.

Each begins where the part's wire arrives, at offset 0 of its side and at height `y`, and returns
where it wants ground; where it goes back to 3.3 V it says so by a flag and returns None.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from intercom.wiring import electrical as el
from intercom.wiring.parts import Part
from intercom.wiring.route import Item
from intercom.wiring.svg import Canvas, Point

WIDTH = 290
"""Of a circuit, from where its wire arrives to the edge."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the header: offsets grow outwards, whichever way that is."""

    canvas: Canvas
    edge: float
    outwards: int
    y: float

    def at(self, offset: float, down: float = 0) -> Point:
        """The point so far out, and so far below the part's height."""
        return self.edge + self.outwards * offset, self.y + down

    def line(self, *points: tuple[float, float], cls: str) -> None:
        """A line through (offset, down) points."""
        self.canvas.line(*(self.at(*point) for point in points), cls=cls)

    def text(self, offset: float, down: float, words: str, cls: str) -> None:
        """Text in the middle of a point."""
        self.canvas.text(self.at(offset, down), words, cls)


Circuit = Callable[[Side, Part, bool], Point | None]


def room(part: Part, long: bool, y: float) -> Item:
    """The room that a part's circuit wants around the height of its pin."""
    if not long:
        return Item(y, 30, 44)
    return Item(y, 60, 30) if part.role == "lamp" else Item(y, 60, 82)


def circuit(part: Part, long: bool) -> Circuit:
    """What draws a part."""
    if part.role == "lamp":
        return driver if long else led
    return optocoupler if long else button


def button(side: Side, part: Part, grounded: bool) -> Point | None:
    """A push button between the pin and ground, or 3.3 V."""
    wire = f"w w-{part.role}"
    side.line((0, 0), (118, 0), cls=wire)
    _contact(side, 118, 0)
    end = _back(side, part, grounded, 172)
    to = "ground" if grounded else "3.3 V"
    _label(side, 145, 25, part, f"from pin {part.pin.number} to {to}, pin {part.back.number}")
    return end


def led(side: Side, part: Part, grounded: bool) -> Point | None:
    """An LED and its resistor between the pin and ground, or 3.3 V."""
    wire = f"w w-{part.role}"
    side.line((0, 0), (62, 0), cls=wire)
    resistor(side, 62, 0, el.ohms(el.LED_RESISTOR))
    side.line((112, 0), (152, 0), cls=wire)
    _diode(side, 152, 0, outwards=grounded)
    end = _back(side, part, grounded, 180)
    to = "ground" if grounded else "3.3 V"
    _label(side, 145, 30, part, f"LED, {el.led_current():.1f} mA; to {to}, pin {part.back.number}")
    return end


def optocoupler(side: Side, part: Part, grounded: bool) -> Point | None:
    """A button on a long wire: its own supply, its current, and light between it and the pin."""
    wire = f"w w-{part.role}"
    _coupler(side)
    if grounded:
        side.line((0, 0), (30, 0), cls=wire)
        side.line((0, 30), (30, 30), cls="w w-gnd")
    else:
        side.line((0, 0), (12, 0), (12, 30), (30, 30), cls=wire)
        side.line((22, -14), (22, 0), (30, 0), cls="w w-v3")
        side.text(26, -19, f"3.3 V, pin {part.back.number}", "value")
    out = "w w-out"
    side.line((108, 0), (124, 0), cls=out)
    resistor(side, 124, 0, el.ohms(el.LONG.resistor))
    side.line((174, 0), (186, 0), cls=out)
    _flag(side, 186, 0, f"+{el.LONG.volts} V")
    side.line((108, 30), (256, 30), cls=out)
    side.line((256, 66), (150, 66), cls=out)
    _upright_contact(side, 256, 30)
    _flag(side, 150, 66, "0 V", inwards=True)
    _cable(side, 204, 30, 66)
    _label(
        side, 145 if grounded else 195, -46, part, f"{el.LONG.milliamps:.1f} mA through the contact"
    )
    return side.at(0, 30) if grounded else None


def driver(side: Side, part: Part, grounded: bool) -> Point | None:
    """A lamp on a long wire: a transistor switches what the pin cannot carry."""
    wire = f"w w-{part.role}"
    side.line((0, 0), (8, 0), cls=wire)
    resistor(side, 8, 0, el.ohms(el.BASE_RESISTOR))
    side.line((58, 0), (76, 0), cls=wire)
    _transistor(side, 76)
    side.line((0, 38), (94, 38), (94, 18), cls="w w-gnd")
    out = "w w-out"
    side.line((94, -16), (94, -22), (262, -22), (262, -16), cls=out)
    _bulb(side, 262, -2)
    side.line((262, 12), (262, 18), (162, 18), cls=out)
    _flag(side, 162, 18, f"+{el.LONG.volts} V", inwards=True)
    _cable(side, 212, -22, 18)
    _label(
        side, 145, -54, part, f"BC337-25, up to {_tens(el.driver_most())} mA; its 0 V joins ground"
    )
    return side.at(0, 38)


def resistor(side: Side, offset: float, down: float, value: str) -> None:
    """A resistor of 50 px that begins at `offset`, with its value above."""
    side.canvas.box(side.at(offset, down - 7), side.at(offset + 50, down + 7), "body", 2)
    side.text(offset + 25, down - 13, value, "value")


def _back(side: Side, part: Part, grounded: bool, offset: float) -> Point | None:
    """From the part's far end on: out to the common ground, or a flag."""
    if grounded:
        side.line((offset, 0), (WIDTH - 20, 0), cls="w w-gnd")
        return side.at(WIDTH - 20)
    side.line((offset, 0), (196, 0), cls="w w-v3")
    _flag(side, 196, 0, "3.3 V")
    return None


def _label(side: Side, offset: float, down: float, part: Part, words: str) -> None:
    side.text(offset, down, part.name, "name")
    side.text(offset, down + 16, words, "soft")


def _contact(side: Side, offset: float, down: float) -> None:
    """A push button that closes, between `offset` and 54 px on."""
    side.line((offset + 6, down - 10), (offset + 48, down - 10), cls="symbol")
    side.line((offset + 27, down - 10), (offset + 27, down - 22), cls="symbol")
    side.line((offset + 18, down - 22), (offset + 36, down - 22), cls="symbol")
    for end in (offset + 4, offset + 50):
        side.canvas.dot(side.at(end, down), 4, "body")


def _upright_contact(side: Side, offset: float, down: float) -> None:
    """The same, downwards, 36 px high, pushed from outside."""
    side.line((offset + 10, down + 1), (offset + 10, down + 35), cls="symbol")
    side.line((offset + 10, down + 18), (offset + 21, down + 18), cls="symbol")
    side.line((offset + 21, down + 10), (offset + 21, down + 26), cls="symbol")
    for end in (down, down + 36):
        side.canvas.dot(side.at(offset, end), 4, "body")


def _diode(side: Side, offset: float, down: float, outwards: bool) -> None:
    """An LED of 28 px; the current flows the way that the triangle points."""
    tip, foot = (offset + 26, offset + 2) if outwards else (offset + 2, offset + 26)
    corners = ((foot, down - 11), (foot, down + 11), (tip, down))
    side.canvas.area(*(side.at(*corner) for corner in corners), cls="body")
    side.line((tip, down - 11), (tip, down + 11), cls="symbol")
    for shift in (6, 15):
        _ray(side, (offset + shift, down - 14), (offset + shift + 8, down - 25))


def _ray(side: Side, start: Point, end: Point) -> None:
    side.line(start, end, cls="symbol")
    (x, y), (fx, fy) = end, start
    dx, dy = (x - fx) / 4, (y - fy) / 4
    left, right = (x - dx - dy / 1.6, y - dy + dx / 1.6), (x - dx + dy / 1.6, y - dy - dx / 1.6)
    side.canvas.area(side.at(*end), side.at(*left), side.at(*right), cls="solid")


def _flag(side: Side, offset: float, down: float, words: str, inwards: bool = False) -> None:
    """Where a supply is connected."""
    way = -1 if inwards else 1
    side.canvas.dot(side.at(offset, down), 4, "body")
    side.text(offset + way * 26, down + 5, words, "value")


def _coupler(side: Side) -> None:
    """A PC817: the phototransistor at the header's side, the LED at the other."""
    side.canvas.box(side.at(30, -14), side.at(108, 44), "case", 6)
    side.line((30, 0), (48, 0), (56, 9), cls="symbol")
    side.line((56, 3), (56, 27), cls="symbol")
    side.line((56, 21), (48, 30), (30, 30), cls="symbol")
    side.canvas.area(side.at(48, 30), side.at(55, 27), side.at(50, 22), cls="solid")
    side.line((108, 0), (92, 0), (92, 7), cls="symbol")
    corners = ((84, 7), (100, 7), (92, 22))
    side.canvas.area(*(side.at(*corner) for corner in corners), cls="body")
    side.line((84, 22), (100, 22), cls="symbol")
    side.line((92, 22), (92, 30), (108, 30), cls="symbol")
    for down in (11, 18):
        _ray(side, (81, down), (66, down))
    side.text(69, 58, "PC817", "value")


def _transistor(side: Side, offset: float) -> None:
    """An NPN: base here, collector up, emitter down, 18 px further out."""
    side.canvas.dot(side.at(offset + 11, 1), 19, "body")
    side.line((offset, 0), (offset + 5, 0), cls="symbol")
    side.line((offset + 5, -11), (offset + 5, 12), cls="symbol")
    side.line((offset + 5, -5), (offset + 18, -14), (offset + 18, -18), cls="symbol")
    side.line((offset + 5, 6), (offset + 18, 15), (offset + 18, 20), cls="symbol")
    points = ((offset + 18, 15), (offset + 10, 14), (offset + 15, 8))
    side.canvas.area(*(side.at(*point) for point in points), cls="solid")


def _bulb(side: Side, offset: float, down: float) -> None:
    """A lamp: a circle with a cross."""
    side.canvas.dot(side.at(offset, down), 14, "body")
    for slope in (-1, 1):
        side.line((offset - 10, down - 10 * slope), (offset + 10, down + 10 * slope), cls="symbol")


def _cable(side: Side, offset: float, top: float, bottom: float) -> None:
    """Two wires in one sheath, which may be long."""
    side.canvas.box(side.at(offset - 26, top - 7), side.at(offset + 26, bottom + 7), "cable", 12)
    for down in (top, bottom):
        side.line((offset - 26, down), (offset + 26, down), cls="w w-out")
    side.text(offset, (top + bottom) / 2 + 4, "cable", "soft")


def _tens(value: float) -> int:
    return int(value / 10) * 10
