"""The table of numbers: inside its plate, in columns that do not overlap, on any screen."""

from __future__ import annotations

from itertools import pairwise

import pytest

from intercom.station import paint_numbers
from intercom.station.fonts import Fonts
from intercom.station.layout import Size
from intercom.station.numbers import TITLES, Numbers, Rows, table
from intercom.station.paint_widgets import Kit
from intercom.station.words import Words

FULL = Numbers(**dict.fromkeys(TITLES, 1234567))
NAMES = ("Front door", "Anna-Maria Oberhuber", "急诊室 前台")
SIZES = [(320, 240), (480, 800), (800, 480), (1280, 720), (1920, 1080)]


def kit(size: Size) -> Kit:
    """What paints on a screen of that size."""
    return Kit(size, Fonts(), Words("en"))


def rows_of(others: int) -> Rows:
    """A full table of so many others."""
    return table([(name, FULL) for name in NAMES[:others]])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("others", [1, 2, 3])
def test_all_is_on_the_plate_and_nothing_lies_on_another(size: Size, others: int) -> None:
    rows = rows_of(others)
    (plate, place), *cells = paint_numbers.overlay(kit(size), rows)
    board = plate.get_rect(topleft=place)
    texts = [surface.get_rect(topleft=at) for surface, at in cells]
    assert len(texts) == sum(len(row) for row in rows)
    assert board.right <= size[0]
    for text in texts:
        assert board.left <= text.left <= text.right <= board.right
    for top in {text.top for text in texts}:
        line = sorted((text for text in texts if text.top == top), key=lambda text: text.left)
        assert all(one.right <= other.left for one, other in pairwise(line))


def test_values_stand_below_the_name_they_belong_to() -> None:
    rows = rows_of(3)
    _, *cells = paint_numbers.overlay(kit((800, 480)), rows)
    lines = [cells[index * 4 : index * 4 + 4] for index in range(len(rows) - 1)]
    edges = [tuple(x + it.get_width() for it, (x, _) in line[1:]) for line in lines]
    assert len(set(edges)) == 1


def test_one_other_has_the_narrow_plate() -> None:
    wide = [paint_numbers.overlay(kit((800, 480)), rows_of(n))[0][0].get_width() for n in (1, 2, 3)]
    assert wide == sorted(set(wide))
    assert wide[0] < 400
