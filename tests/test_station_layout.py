"""Geometry: everything on the screen, nothing on top of one another, targets a finger can hit."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intercom.station import layout
from intercom.station.layout import Rect, Size
from intercom.station.scene import buttons
from tests.station_scenes import SCENES, SIZES, apart

MM = 933 / (7 * 25.4)
"""Pixels a millimetre on a 7 inch panel of 800x480."""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SCENES)
def test_buttons_lie_on_the_screen_and_apart(name: str, size: Size) -> None:
    areas = list(buttons(SCENES[name], size).values())
    for area in areas:
        assert area.x >= 0
        assert area.y >= 0
        assert area.right <= size[0]
        assert area.bottom <= size[1]
    assert all(apart(one, other) for one, other in combinations(areas, 2))


@pytest.mark.parametrize("name", SCENES)
def test_targets_on_a_7_inch_panel_are_12_mm_and_more(name: str) -> None:
    for area in buttons(SCENES[name], (800, 480)).values():
        assert min(area.size) >= 12 * MM


@pytest.mark.parametrize("size", SIZES)
def test_nothing_to_read_lies_under_a_button_or_the_own_picture(size: Size) -> None:
    for plan in (layout.ringing(size), layout.in_call(size)):
        parts = [plan.heading, plan.middle, *plan.buttons]
        assert all(apart(one, other) for one, other in combinations(parts, 2))
        assert apart(plan.heading, plan.own)
        assert all(min(part.size) > 0 for part in parts)


def test_without_a_callee_the_text_has_the_whole_screen() -> None:
    with_card, without = layout.idle((800, 480), True), layout.idle((800, 480), False)
    assert without.call is None
    assert without.text.w > with_card.text.w


@pytest.mark.parametrize("size", SIZES)
def test_missed_calls_lie_under_the_text(size: Size) -> None:
    for can_call in (False, True):
        rest = layout.idle(size, can_call, missed=True)
        assert rest.missed is not None
        assert apart(rest.missed, rest.text)
        assert rest.call is None or apart(rest.missed, rest.call)
        assert layout.idle(size, can_call).missed is None


sides = st.integers(16, 4000)


@given(st.tuples(sides, sides), st.tuples(sides, sides))
def test_fit_keeps_the_shape_and_is_centred(picture: Size, box: Size) -> None:
    whole, filled = layout.fit(picture, box, 0.0), layout.fit(picture, box, 1.0)
    assert whole.w <= box[0] + 1
    assert whole.h <= box[1] + 1
    assert filled.w >= box[0] - 1
    assert filled.h >= box[1] - 1
    for place in (whole, filled):
        assert place.w % 2 == place.h % 2 == 0
        assert abs(place.x + place.w / 2 - box[0] / 2) <= 1
        assert abs(place.w * picture[1] - place.h * picture[0]) <= 2 * max(*picture, 4)


@pytest.mark.parametrize(
    ("picture", "box", "place"),
    [
        ((640, 480), (800, 480), Rect(0, -60, 800, 600)),
        ((640, 480), (480, 800), Rect(0, 220, 480, 360)),
        ((1280, 720), (800, 480), Rect(-27, 0, 854, 480)),
        ((640, 480), (640, 480), Rect(0, 0, 640, 480)),
    ],
)
def test_fit_cuts_a_little_or_shows_the_whole(picture: Size, box: Size, place: Rect) -> None:
    fitted = layout.fit(picture, box, 0.26)
    assert fitted.size == place.size
    assert abs(fitted.x - place.x) <= 1
    assert abs(fitted.y - place.y) <= 1


@given(st.tuples(sides, sides), st.tuples(sides, sides), st.floats(0, 0.9))
def test_cover_loses_no_more_than_it_may(picture: Size, box: Size, crop: float) -> None:
    place = layout.cover(picture, box, crop)
    shown = min(place.w, box[0]) / place.w, min(place.h, box[1]) / place.h
    assert min(shown) >= 1 - crop - 2 / min(*place.size)
    filled = layout.fit(picture, box, 1.0)
    assert place.w <= filled.w
    assert place.h <= filled.h


def test_cover_cuts_as_much_as_it_may_and_leaves_the_rest_bare() -> None:
    assert layout.cover((640, 480), (300, 480), 0.25) == Rect(-50, 90, 400, 300)
    assert layout.cover((640, 480), (320, 240), 0.25) == Rect(0, 0, 320, 240)
