"""Where things lie on the screen: pure geometry, shared by the painter and by touch.

All lengths derive from one unit, the screen's shorter side / 480, so that a 7 inch 800x480 panel
(5.2 px a millimetre) gets buttons of 12 mm and more, and other panels the same picture, scaled.
"""

from __future__ import annotations

from typing import NamedTuple

Size = tuple[int, int]


class Rect(NamedTuple):
    """A rectangle in pixels: left, top, width, height."""

    x: int
    y: int
    w: int
    h: int

    @property
    def right(self) -> int:
        """First column to the right of the rectangle."""
        return self.x + self.w

    @property
    def bottom(self) -> int:
        """First row below the rectangle."""
        return self.y + self.h

    @property
    def size(self) -> Size:
        """Width and height."""
        return self.w, self.h

    def contains(self, x: int, y: int) -> bool:
        """Whether the pixel (x, y) lies inside."""
        return self.x <= x < self.right and self.y <= y < self.bottom

    def inset(self, dx: int, dy: int) -> Rect:
        """The rectangle made smaller by dx on the left and right, dy at the top and bottom."""
        return Rect(self.x + dx, self.y + dy, self.w - 2 * dx, self.h - 2 * dy)


def px(size: Size, units: float) -> int:
    """Pixels for a length of `units`, of which the shorter side of the screen has 480."""
    return max(1, round(units * min(size) / 480))


def portrait(size: Size) -> bool:
    """Whether the screen is higher than wide."""
    return size[1] > size[0]


class IdleLayout(NamedTuple):
    """The resting screen: a column of text; at a station with a button to call, a card; and where
    calls were missed, a card of those, at the lower end of the text."""

    text: Rect
    call: Rect | None
    missed: Rect | None


def idle(size: Size, can_call: bool, missed: bool = False) -> IdleLayout:
    """Lay out the resting screen; without somebody to call the text has it all."""
    width, height = size
    edge = px(size, 28)
    whole = Rect(0, 0, width, height).inset(edge, edge)
    text, call = whole, None
    if can_call and portrait(size):
        upper = height * (11 if missed else 9) // 20
        text = Rect(edge, edge, whole.w, upper - edge - edge // 2)
        call = Rect(edge, upper, whole.w, height - upper - edge)
    elif can_call:
        left = width * 46 // 100
        text = Rect(edge, edge, left - edge - edge // 2, whole.h)
        call = Rect(left, edge, width - left - edge, whole.h)
    if not missed:
        return IdleLayout(text, call, None)
    tall = px(size, 84)
    wide = min(text.w, px(size, 520))
    card = Rect(text.x + (0 if call else (text.w - wide) // 2), text.bottom - tall, wide, tall)
    return IdleLayout(text._replace(h=text.h - tall - px(size, 12)), call, card)


class OneButton(NamedTuple):
    """Something to read and one wide button below it."""

    content: Rect
    button: Rect


def one_button(size: Size) -> OneButton:
    """Lay out the calling and the ended screen."""
    row = bottom_row(size, height=76)
    wide = min(row.w, px(size, 320))
    button = Rect((size[0] - wide) // 2, row.y, wide, row.h)
    edge = px(size, 28)
    content = Rect(edge, edge, size[0] - 2 * edge, row.y - edge - px(size, 16))
    return OneButton(content, button)


class Row(NamedTuple):
    """A picture with a heading over it and buttons at the bottom; `own` is a corner."""

    heading: Rect
    middle: Rect
    buttons: tuple[Rect, ...]
    own: Rect

    @property
    def left(self) -> Rect:
        """The first button."""
        return self.buttons[0]

    @property
    def right(self) -> Rect:
        """The last button."""
        return self.buttons[-1]


def ringing(size: Size) -> Row:
    """Lay out the ringing screen: accept on the left, refuse on the right, as big as can be. A
    question in a call lies as this does."""
    return _row(size, 2, heading=113, height=96, width=420)


def in_call(size: Size) -> Row:
    """Lay out the call: mute on the left, answers, hang up on the right, small enough to see a
    face."""
    return _row(size, 3, heading=178, height=72, width=230)


def choices(size: Size, count: int) -> tuple[Rect, ...]:
    """Lay out `count` things to choose from, one above the other, and the way back below them."""
    gap, tall = px(size, 14), px(size, 84)
    wide = min(size[0] - 2 * px(size, 24), px(size, 620))
    x = (size[0] - wide) // 2
    y = (size[1] - (count + 1) * (tall + gap) + gap) // 2
    return tuple(Rect(x, y + number * (tall + gap), wide, tall) for number in range(count + 1))


def own_box(size: Size) -> Rect:
    """The corner in which the own picture is shown while calling or in a call."""
    width, edge = px(size, 160), px(size, 20)
    return Rect(size[0] - edge - width, edge, width, px(size, 120))


def _row(size: Size, count: int, heading: int, height: int, width: int) -> Row:
    row, edge = bottom_row(size, height), px(size, 24)
    own = own_box(size)
    head = Rect(edge, px(size, 18), own.x - 2 * edge, px(size, heading))
    middle = Rect(edge, head.bottom, row.w, row.y - px(size, 14) - head.bottom)
    return Row(head, middle, side_by_side(row, count, px(size, 20), px(size, width)), own)


def side_by_side(row: Rect, count: int, gap: int, most: int) -> tuple[Rect, ...]:
    """Cut `count` equal parts out of `row`, together in its middle, each at most `most` wide."""
    wide = min((row.w - gap * (count - 1)) // count, most)
    left = row.x + (row.w - count * wide - gap * (count - 1)) // 2
    return tuple(Rect(left + number * (wide + gap), row.y, wide, row.h) for number in range(count))


def bottom_row(size: Size, height: int) -> Rect:
    """The strip along the bottom in which buttons stand, `height` units high."""
    edge, tall = px(size, 24), px(size, height)
    return Rect(edge, size[1] - px(size, 22) - tall, size[0] - 2 * edge, tall)


def fit(picture: Size, box: Size, crop: float) -> Rect:
    """Scale `picture` into `box`, centred: fill it if at most `crop` (0..1) of the picture is lost
    by that, else show it whole between bars. The result may overhang the box."""
    whole, fill = _scales(picture, box)
    return _scaled(picture, box, fill if 1 - whole / fill <= crop else whole)


def cover(picture: Size, box: Size, crop: float) -> Rect:
    """Scale `picture` into `box`, centred, as large as it goes with at most `crop` (0..1) of one
    side lost; what is then still uncovered is left at two sides."""
    whole, fill = _scales(picture, box)
    return _scaled(picture, box, min(fill, whole / (1 - crop)))


def _scales(picture: Size, box: Size) -> tuple[float, float]:
    """By how much `picture` is scaled to lie in `box` whole, and to fill it."""
    wide, tall = box[0] / picture[0], box[1] / picture[1]
    return min(wide, tall), max(wide, tall)


def _scaled(picture: Size, box: Size, scale: float) -> Rect:
    """The place of a scaled picture in the middle of `box`; its sides are even."""
    width, height = (max(2, round(side * scale / 2) * 2) for side in picture)
    return Rect((box[0] - width) // 2, (box[1] - height) // 2, width, height)
