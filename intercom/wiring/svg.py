"""A few shapes of SVG 1.1, as text. PURE."""

from __future__ import annotations

from html import escape

Point = tuple[float, float]


class Canvas:
    """Collects shapes; classes give them their colours, see `STYLE`."""

    def __init__(self) -> None:
        self._shapes: list[str] = []

    def line(self, *points: Point, cls: str) -> None:
        """A line through the points."""
        where = " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
        self._shapes.append(f'<polyline class="{cls}" points="{where}"/>')

    def area(self, *points: Point, cls: str) -> None:
        """A closed area."""
        where = " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
        self._shapes.append(f'<polygon class="{cls}" points="{where}"/>')

    def box(self, a: Point, b: Point, cls: str, round_: float = 3) -> None:
        """A rectangle between two opposite corners."""
        x, y = min(a[0], b[0]), min(a[1], b[1])
        width, height = abs(a[0] - b[0]), abs(a[1] - b[1])
        size = f'width="{_number(width)}" height="{_number(height)}" rx="{_number(round_)}"'
        self._shapes.append(f'<rect class="{cls}" x="{_number(x)}" y="{_number(y)}" {size}/>')

    def dot(self, at: Point, radius: float, cls: str) -> None:
        """A circle."""
        where = f'cx="{_number(at[0])}" cy="{_number(at[1])}" r="{_number(radius)}"'
        self._shapes.append(f'<circle class="{cls}" {where}/>')

    def text(self, at: Point, words: str, cls: str = "", anchor: str = "middle") -> None:
        """A line of text; `at` is on its base line."""
        where = f'x="{_number(at[0])}" y="{_number(at[1])}" text-anchor="{anchor}"'
        named = f' class="{cls}"' if cls else ""
        self._shapes.append(f"<text{named} {where}>{escape(words, quote=False)}</text>")

    def extend(self, other: Canvas) -> None:
        """Put what was drawn on another canvas over this one."""
        self._shapes += other._shapes

    def document(self, size: Point, title: str, description: str) -> str:
        """The whole file."""
        width, height = _number(size[0]), _number(size[1])
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
            f' width="{width}" height="{height}" role="img">'
        )
        about = [f"<title>{escape(title)}</title>", f"<desc>{escape(description)}</desc>"]
        return "\n".join([head, *about, f"<style>{STYLE}</style>", *self._shapes, "</svg>", ""])


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


STYLE = """
svg { background: #fcfcfa; }
text { font: 14px "Open Sans", system-ui, "Segoe UI", sans-serif; fill: #1d2127; }
.page { fill: #fcfcfa; }
.title { font-size: 23px; font-weight: 700; }
.name { font-size: 15px; font-weight: 700; }
.soft { fill: #5c6470; font-size: 13px; }
.value { font-size: 12.5px; }
.warn { fill: #a4320a; font-weight: 600; }
.number { font-size: 11px; font-weight: 700; fill: #fff; }
.dark-number { font-size: 11px; font-weight: 700; fill: #1d2127; }
.pill-text { font-size: 12px; fill: #1d2127; }
.pill-free { font-size: 12px; fill: #5c6470; }
.pill-light { font-size: 12px; font-weight: 700; fill: #fff; }
.chip { fill: none; }
.chip-text { font-size: 10.5px; fill: #5c6470; }
.board { fill: #e4ebe4; stroke: #9fb3a0; stroke-width: 1.5; }
.header { fill: #14171b; }
.pad { fill: #c9ced6; }
.pad-on { fill: #fff; stroke: #1d2127; stroke-width: 1.5; }
.free { fill: #eef0f3; stroke: #c5cad2; }
.gnd { fill: #4a525d; }
.v3 { fill: #f0a63a; }
.v5 { fill: #d94436; }
.call { fill: #1f6fd6; } .accept { fill: #1a8a4a; } .hangup { fill: #c2323c; }
.mute { fill: #7a4fc0; } .lamp { fill: #0b7a86; }
.w { fill: none; stroke-width: 2.5; stroke-linejoin: round; stroke-linecap: round; }
.w-call { stroke: #1f6fd6; } .w-accept { stroke: #1a8a4a; } .w-hangup { stroke: #c2323c; }
.w-mute { stroke: #7a4fc0; } .w-lamp { stroke: #0b7a86; }
.w-gnd { stroke: #4a525d; } .w-v3 { stroke: #d98514; } .w-out { stroke: #6b7480; }
.halo { fill: none; stroke: #fcfcfa; stroke-width: 9; }
.junction { fill: #4a525d; }
.symbol { fill: none; stroke: #1d2127; stroke-width: 2; stroke-linejoin: round;
 stroke-linecap: round; }
.body { fill: #fff; stroke: #1d2127; stroke-width: 2; }
.solid { fill: #1d2127; }
.case { fill: #fff; stroke: #5c6470; stroke-width: 1.5; stroke-dasharray: 5 3; }
.cable { fill: #fcfcfa; stroke: #6b7480; stroke-width: 2; }
@media (prefers-color-scheme: dark) {
 svg { background: #15181d; }
 text, .pill-text { fill: #e8eaee; }
 .page { fill: #15181d; }
 .soft, .pill-free, .chip-text { fill: #a2abb8; }
 .warn { fill: #ff9d6e; }
 .number, .pill-light { fill: #fff; }
 .dark-number { fill: #15181d; }
 .board { fill: #1d2a20; stroke: #49604b; }
 .header { fill: #08090b; }
 .pad { fill: #8a919c; }
 .pad-on { fill: #fff; stroke: #e8eaee; }
 .free { fill: #22272e; stroke: #434a55; }
 .gnd { fill: #6a7380; }
 .v3 { fill: #b87410; }
 .w-call { stroke: #5aa2ff; } .w-accept { stroke: #3fc57b; } .w-hangup { stroke: #ff6b74; }
 .w-mute { stroke: #b18cf2; } .w-lamp { stroke: #4ccbd8; }
 .w-gnd { stroke: #aab2bd; } .w-v3 { stroke: #f0a63a; } .w-out { stroke: #a2abb8; }
 .halo { stroke: #15181d; }
 .junction { fill: #aab2bd; }
 .symbol { stroke: #e8eaee; }
 .body { fill: #15181d; stroke: #e8eaee; }
 .solid { fill: #e8eaee; }
 .case { fill: #1b1f26; stroke: #a2abb8; }
 .cable { fill: #15181d; stroke: #a2abb8; }
}
"""
