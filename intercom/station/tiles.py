"""Where the pictures lie in a call of more than two: pure geometry.

Beside the pictures is a strip for the own picture, what there is to say, and the buttons: a column
at the right of a wide screen, above and below on a high one. So nothing lies on a face.
"""

from __future__ import annotations

from typing import NamedTuple

from intercom.station.layout import Rect, Size, bottom_row, own_box, portrait, px, side_by_side

MOST = 4
"""Others that are shown at once."""


class Grid(NamedTuple):
    """Tiles in the order of the others; `heading` is for words; `own` as in a call of two;
    `buttons`: mute, answers, hang up."""

    tiles: tuple[Rect, ...]
    heading: Rect
    own: Rect
    buttons: tuple[Rect, Rect, Rect]


def grid(size: Size, count: int) -> Grid:
    """Lay out `count` (2 to 4) others."""
    own, gap, edge = own_box(size), px(size, 12), px(size, 24)
    if portrait(size):
        top, row = px(size, 18), bottom_row(size, 72)
        heading = Rect(edge, top, own.x - 2 * edge, own.bottom - top)
        area = Rect(0, own.bottom + gap, size[0], row.y - own.bottom - 2 * gap)
        left, middle, right = side_by_side(row, 3, px(size, 16), row.w)
        return Grid(tiles(area, count, px(size, 4)), heading, own, (left, middle, right))
    tall = px(size, 66)
    mute, answers, hangup = (
        Rect(own.x, size[1] - px(size, 22) - tall - step * (tall + gap), own.w, tall)
        for step in (2, 1, 0)
    )
    heading = Rect(own.x, own.bottom + gap // 2, own.w, mute.y - gap - own.bottom - gap // 2)
    area = Rect(0, 0, own.x - gap, size[1])
    return Grid(tiles(area, count, px(size, 4)), heading, own, (mute, answers, hangup))


def tiles(area: Rect, count: int, gap: int) -> tuple[Rect, ...]:
    """Cut `area` up: two beside or above one another, whatever it is shaped for; three and four in
    two rows, a third one in the middle of its row."""
    if count == 1:
        return (area,)
    columns, rows = (2, 2) if count > 2 else (2, 1) if area.w >= area.h else (1, 2)
    wide, tall = (area.w - gap * (columns - 1)) // columns, (area.h - gap * (rows - 1)) // rows
    cut = []
    for number in range(min(count, MOST)):
        row, column = divmod(number, columns)
        x = area.x + column * (wide + gap)
        if count == 3 and row == 1:
            x = area.x + (area.w - wide) // 2
        cut.append(Rect(x, area.y + row * (tall + gap), wide, tall))
    return tuple(cut)
