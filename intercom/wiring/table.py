"""A plan as a table in Markdown, which reads as plain text too. PURE."""

from __future__ import annotations

from intercom.wiring import electrical as el
from intercom.wiring.parts import Part, Plan

HEAD = ("part", "GPIO", "pin", "back to", "with")


def table(plan: Plan) -> str:
    """The parts with their pins, and below what is to be known of them."""
    rows = [HEAD, *(_row(part, plan.long) for part in plan.parts)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    notes = [f"{'CONFLICT: ' if it.conflict else ''}{it}" for it in plan.remarks]
    if plan.missing:
        notes.append(f"Not wired: {', '.join(plan.missing)}")
    return "\n".join([*lines, *([""] if notes else []), *(f"- {note}" for note in notes)]) + "\n"


def _row(part: Part, long: bool) -> tuple[str, ...]:
    back = f"{part.back.label}, pin {part.back.number}"
    return part.name, str(part.pin.gpio), str(part.pin.number), back, _with(part, long)


def _with(part: Part, long: bool) -> str:
    lamp = part.role == "lamp"
    if not long:
        return f"LED and {el.ohms(el.LED_RESISTOR)}" if lamp else "the chip's own resistor"
    if lamp:
        return f"BC337-25 with {el.ohms(el.BASE_RESISTOR)} at its base"
    return f"PC817; {el.ohms(el.LONG.resistor)} to +{el.LONG.volts} V"


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"
