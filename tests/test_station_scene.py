"""Scenes are values, and a touch means what is drawn there."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intercom.protocol import Reason
from intercom.station.layout import Size
from intercom.station.scene import REASONS, Ended, Idle, buttons, hit
from tests.station_scenes import SCENES, SIZES

INTENTS = {
    "Idle": {"call"},
    "Calling": {"hangup"},
    "RingingIn": {"accept", "hangup"},
    "InCall": {"mute", "hangup"},
    "Ended": {"dismiss"},
    "Fault": set[str](),
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SCENES)
def test_a_touch_inside_a_button_means_its_intent(name: str, size: Size) -> None:
    scene = SCENES[name]
    areas = buttons(scene, size)
    if name != "idle_without_callee":
        assert set(areas) == INTENTS[type(scene).__name__]
    for intent, area in areas.items():
        corners = [(area.x, area.y), (area.right - 1, area.bottom - 1)]
        middle = (area.x + area.w // 2, area.y + area.h // 2)
        assert all(hit(scene, size, *point) == intent for point in [*corners, middle])
        outside = [(area.x - 1, area.y), (area.x, area.y - 1), (area.x, area.bottom)]
        assert all(hit(scene, size, *point) is None for point in outside)


@given(st.sampled_from(sorted(SCENES)), st.integers(-50, 900), st.integers(-50, 600))
def test_a_touch_means_a_button_or_nothing(name: str, x: int, y: int) -> None:
    scene = SCENES[name]
    inside: list[str | None]
    inside = [i for i, area in buttons(scene, (800, 480)).items() if area.contains(x, y)]
    assert [hit(scene, (800, 480), x, y)] == (inside or [None])


def test_a_station_that_only_answers_has_no_call_area() -> None:
    assert hit(Idle("Reception", "09:41"), (800, 480), 600, 240) is None


def test_scenes_compare_by_value_and_do_not_change() -> None:
    assert Idle("a", "09:41") == Idle("a", "09:41")
    assert len({*SCENES.values()}) == len(SCENES)
    with pytest.raises(FrozenInstanceError):
        Idle("a", "09:41").clock = "09:42"  # type: ignore[misc]  # the point of the test


def test_an_end_knows_exactly_the_reasons_of_the_protocol() -> None:
    assert {Ended(reason).reason for reason in REASONS} == {str(reason) for reason in Reason}
    with pytest.raises(ValueError, match="'bored' is no reason"):
        Ended("bored")
