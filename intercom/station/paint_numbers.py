"""The overlay of what the call measures: a dark plate with a table, over whatever is shown."""

from __future__ import annotations

from intercom.station import theme
from intercom.station.numbers import Rows
from intercom.station.paint_widgets import Kit, Sprite

SIZE, PITCH, WIDTH, PAD = 17, 25, 330, 14
COLUMN, GAP = 110, 8
"""Width of each column when there are several, of which GAP stays free."""


def overlay(kit: Kit, rows: Rows) -> list[Sprite]:
    """Return the plate and its rows, at the left edge under the name."""
    pad, pitch = kit.px(PAD), kit.px(PITCH)
    columns = max(len(row) for row in rows) - 1
    width = min(kit.px(WIDTH + (columns - 1) * COLUMN), kit.size[0] - 2 * pad)
    height = pitch * len(rows) + 2 * pad
    x, y = pad, max(0, min(kit.px(110), kit.size[1] - height))
    sprites: list[Sprite] = [(kit.box((width, height), 12, theme.BLACK, 170), (x, y))]
    for index, row in enumerate(rows):
        sprites += _row(kit, row, x + pad, y + pad + index * pitch, width - 2 * pad)
    return sprites


def _row(kit: Kit, row: tuple[str, ...], left: int, top: int, width: int) -> list[Sprite]:
    """The title at the left; the values at the right, in columns when there are several."""
    title, *values = row
    gap, several = kit.px(GAP), len(values) > 1
    room = min(kit.px(COLUMN), width * 3 // 5 // len(values)) if several else width // 2
    cells = [kit.line(value, SIZE, theme.TEXT, room - gap, bold=True) for value in values]
    taken = room * len(cells) if several else cells[0].get_width()
    name = kit.line(title, SIZE, theme.SOFT, width - taken - gap)
    sprites: list[Sprite] = [(name, (left, top))]
    for column, cell in enumerate(reversed(cells)):
        sprites.append((cell, (left + width - column * room - cell.get_width(), top)))
    return sprites
