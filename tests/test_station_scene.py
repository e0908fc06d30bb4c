"""Scenes are values, and a touch means what is drawn there."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intercom.protocol import Reason
from intercom.station.controls import Intent
from intercom.station.layout import Rect, Size
from intercom.station.scene import (
    REASONS,
    Calling,
    Ended,
    Enroll,
    Idle,
    InCall,
    buttons,
    gist,
    hit,
    places,
)
from tests.station_scenes import SCENES, SIZES, apart

TYPED = "1234567890qwertyuiopasdfghjkl-zxcvbnm.:"
INTENTS = {
    "Idle": {"call"},
    "Calling": {"hangup"},
    "RingingIn": {"accept", "hangup"},
    "InCall": {"mute", "answers", "hangup"},
    "Ended": {"dismiss"},
    "Recording": {"hangup"},
    "Message": {"delete", "play", "dismiss"},
    "Fault": set[str](),
    "Enroll": {"field.hub", "field.code", "enroll", "key.back", *(f"key.{key}" for key in TYPED)},
}
SPECIAL = {
    "idle_without_callee": set[str](),
    "idle_missed": {"dismiss"},
    "idle_missed_many": {"call", "dismiss"},
    "idle_message": {"play"},
    "idle_messages": {"call", "play"},
    "leave_send": set[str](),
    "asked": {"accept", "hangup"},
    "grid_asked": {"accept", "hangup"},
    "answers": {"say.1", "say.2", "say.3", "back"},
    "grid_answers": {"say.1", "say.2", "say.3", "back"},
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SCENES)
def test_a_touch_inside_a_button_means_its_intent(name: str, size: Size) -> None:
    scene = SCENES[name]
    areas = buttons(scene, size)
    assert set(areas) == SPECIAL.get(name, INTENTS[type(scene).__name__])
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


def test_everything_that_can_be_touched_is_an_intent() -> None:
    others = [scene for scene in SCENES.values() if not isinstance(scene, Enroll)]
    meant = {intent for scene in others for intent in buttons(scene, (800, 480))}
    assert meant <= {intent.value for intent in Intent}


def test_pictures_lie_where_nobody_else_is() -> None:
    for name, scene in SCENES.items():
        for size in SIZES:
            areas = places(scene, size)
            if isinstance(scene, InCall) and scene.grid:
                assert set(areas) == {tile.user_id for tile in scene.tiles if tile.picture}
                for area in areas.values():
                    assert Rect(0, 0, *size).contains(area.x, area.y)
                    assert Rect(0, 0, *size).contains(area.right - 1, area.bottom - 1)
                    touched = buttons(scene, size).values()
                    assert name in SPECIAL or all(apart(area, button) for button in touched)
            else:
                assert all(area == (0, 0, *size) for area in areas.values())


def test_what_a_person_sees_as_another_screen() -> None:
    talk = SCENES["in_call"]
    assert isinstance(talk, InCall)
    assert gist(replace(talk, seconds=84, muted=True)) == gist(talk)
    others = [
        SCENES[name] for name in ("in_call_reconnecting", "in_call_rings", "answers", "asked")
    ]
    assert len({gist(talk), *map(gist, others)}) == len(others) + 1
    assert gist(Idle("a", "09:41")) == gist(Idle("a", "09:42"))
    assert gist(Idle("a", "09:41")) != gist(Idle("a", "09:41", quiet=True))
    assert gist(Calling("a", "b", 1)) == gist(Calling("a", "b", 2, ringing=True))
    assert gist(Calling("a", "b")) != gist(Calling("a", "c"))


def test_scenes_compare_by_value_and_do_not_change() -> None:
    assert Idle("a", "09:41") == Idle("a", "09:41")
    assert len({*SCENES.values()}) == len(SCENES)
    with pytest.raises(FrozenInstanceError):
        Idle("a", "09:41").clock = "09:42"  # type: ignore[misc]  # the point of the test


def test_an_end_knows_exactly_the_reasons_of_the_protocol() -> None:
    assert {Ended(reason).reason for reason in REASONS} == {str(reason) for reason in Reason}
    with pytest.raises(ValueError, match="'bored' is no reason"):
        Ended("bored")
