"""The overlay of what the call measures: a dark plate with a table, over whatever is shown."""

from __future__ import annotations

from collections.abc import Sequence

from intercom.station import theme
from intercom.station.paint_widgets import Kit, Sprite

SIZE, PITCH, WIDTH, PAD = 17, 25, 330, 14


def overlay(kit: Kit, rows: Sequence[tuple[str, str]]) -> list[Sprite]:
    """Return the plate and its rows, at the left edge under the name."""
    pad, pitch = kit.px(PAD), kit.px(PITCH)
    width = min(kit.px(WIDTH), kit.size[0] - 2 * pad)
    height = pitch * len(rows) + 2 * pad
    x, y = pad, max(0, min(kit.px(110), kit.size[1] - height))
    sprites: list[Sprite] = [(kit.box((width, height), 12, theme.BLACK, 170), (x, y))]
    for index, (name, value) in enumerate(rows):
        top = y + pad + index * pitch
        number = kit.line(value, SIZE, theme.TEXT, width // 2, bold=True)
        title = kit.line(name, SIZE, theme.SOFT, width - 3 * pad - number.get_width())
        sprites.append((title, (x + pad, top)))
        sprites.append((number, (x + width - pad - number.get_width(), top)))
    return sprites
