"""The grid: as large as can be, nothing on anything."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intercom.station import tiles
from intercom.station.layout import Rect, Size, own_box
from tests.station_scenes import SIZES, apart

COUNTS = range(2, tiles.MOST + 1)


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("size", SIZES)
def test_nothing_lies_on_a_face(size: Size, count: int) -> None:
    plan = tiles.grid(size, count)
    parts = [*plan.tiles, plan.heading, plan.own, *plan.buttons]
    assert len(plan.tiles) == count
    assert plan.own == own_box(size)
    for part in parts:
        assert min(part.size) > 0
        assert part.x >= 0
        assert part.y >= 0
        assert part.right <= size[0]
        assert part.bottom <= size[1]
    assert all(apart(one, other) for one, other in combinations(parts, 2))


@pytest.mark.parametrize("size", SIZES)
def test_faces_have_most_of_the_screen(size: Size) -> None:
    for count in COUNTS:
        plan = tiles.grid(size, count)
        areas = [tile.w * tile.h for tile in plan.tiles]
        assert len(set(areas)) == 1
        assert sum(areas) > (0.5 if count % 2 == 0 else 0.45) * size[0] * size[1]


def test_two_stand_beside_or_above_one_another_by_the_screens_shape() -> None:
    wide, high = tiles.grid((800, 480), 2).tiles, tiles.grid((480, 800), 2).tiles
    assert wide[0].y == wide[1].y
    assert high[0].x == high[1].x


def test_a_third_one_stands_in_the_middle() -> None:
    for size in SIZES:
        first, second, third = tiles.grid(size, 3).tiles
        assert abs((first.x + second.right) - (third.x + third.right)) <= 1


@given(st.integers(100, 2000), st.integers(100, 2000), st.integers(1, 4), st.integers(0, 10))
def test_tiles_stay_in_their_area(width: int, height: int, count: int, gap: int) -> None:
    area = Rect(7, 9, width, height)
    cut = tiles.tiles(area, count, gap)
    assert len(cut) == count
    for tile in cut:
        assert area.x <= tile.x
        assert area.y <= tile.y
        assert tile.right <= area.right
        assert tile.bottom <= area.bottom
    assert all(apart(one, other) for one, other in combinations(cut, 2))
