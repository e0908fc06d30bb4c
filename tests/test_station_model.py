"""Facts and the call's phase -> scene and lamp."""

from __future__ import annotations

from dataclasses import replace

from intercom import phases as ph
from intercom.protocol import CallType
from intercom.station import scene as sc
from intercom.station.lamp import LampState
from intercom.station.model import (
    MISSED_MOST,
    TEXT_SECONDS,
    Asked,
    Facts,
    Leaving,
    Missed,
    Playing,
    lamp,
    scene,
)
from intercom.station.speaking import Speaking

KITCHEN = ph.Other("indoor", 2, joined=True)
CALL = ("call0001", "door", (KITCHEN,), CallType.VIDEO)


def facts() -> Facts:
    made = Facts("Front door", callee="indoor", hub_ok=True)
    made.names = {"indoor": "Kitchen", "door": "Front door"}
    return made


def test_idle_names_the_callee_and_what_is_broken() -> None:
    here = facts()
    here.faults = {"panel": "no panel", "camera": "no camera"}
    shown = scene(here, ph.Idle(), 0.0, "12:34")
    assert shown == sc.Idle("Front door", "12:34", "Kitchen", "no camera · no panel", True)
    here.callee = ""
    assert scene(here, ph.Idle(), 0.0, "12:34") == sc.Idle(
        "Front door", "12:34", None, "no camera · no panel", True
    )


def test_calling_counts_from_the_press() -> None:
    here = facts()
    here.begin(100.0)
    rung = (replace(KITCHEN, joined=False, rang=True),)
    phase = ph.Calling("call0001", "door", rung, CallType.VIDEO)
    assert scene(here, phase, 104.9, "") == sc.Calling("Front door", "Kitchen", 4, True)


def test_while_a_plan_runs_whom_it_rings_is_shown_between_its_calls_too() -> None:
    here = facts()
    here.begin(100.0)
    here.dialing = "group:family"
    nobody = ph.Calling("call0001", "door", (), CallType.VIDEO, group=True)
    for phase in (nobody, ph.Idle()):
        assert scene(here, phase, 101.0, "") == sc.Calling("Front door", "family", 1)
    here.names["group:family"] = "The family"
    assert scene(here, nobody, 101.0, "") == sc.Calling("Front door", "The family", 1)


def test_ringing_counts_down_and_expects_a_picture_with_early_media_only() -> None:
    here = facts()
    here.begin(100.0, rings_for=30.0)
    door = ph.Other("door", 1, joined=True)
    phase = ph.Ringing("call0001", "door", (door,), CallType.VIDEO, early_media=True)
    seen = sc.RingingIn("Front door", True, 29, None, "door")
    assert scene(here, phase, 101.5, "") == seen
    here.answers_at = 103.0
    assert scene(here, phase, 101.5, "") == replace(seen, auto_answer_in=2)
    late = replace(phase, early_media=False)
    shown = scene(here, late, 200.0, "")
    assert shown == sc.RingingIn("Front door", False, 0, 0, "door")
    shut = replace(phase, others=(replace(door, video=False),))
    assert scene(here, shut, 101.5, "") == replace(seen, video=False, auto_answer_in=2)


def test_a_hushed_call_is_noticed_by_nobody() -> None:
    here = facts()
    here.quiet, here.hushed = True, "call0001"
    phase = ph.Ringing("call0001", "door", (), CallType.VIDEO, early_media=True)
    assert scene(here, phase, 0.0, "12:34") == sc.Idle("Front door", "12:34", "Kitchen", quiet=True)
    assert lamp(here, phase) is LampState.IDLE
    another = replace(phase, call_id="call0002")
    assert isinstance(scene(here, another, 0.0, ""), sc.RingingIn)


def tiles(here: Facts, phase: ph.Connected, now: float) -> tuple[sc.Tile, ...]:
    """Return the tiles of the scene."""
    shown = scene(here, phase, now, "")
    assert isinstance(shown, sc.InCall)
    return shown.tiles


def test_everybody_in_the_call_has_a_tile_and_who_is_rung_a_line() -> None:
    here = facts()
    here.lost = {"anna"}
    others = (
        KITCHEN,
        ph.Other("anna", 3, joined=True, audio=False),
        ph.Other("desk", 4, rang=True),
        ph.Other("door", 5, joined=True, video=False),
    )
    phase = ph.Connected("call0001", "me", others, CallType.VIDEO, group=True, since=5.0)
    assert scene(here, phase, 17.5, "") == sc.InCall(
        (
            sc.Tile("indoor", "Kitchen"),
            sc.Tile("anna", "anna", muted=True, reconnecting=True),
            sc.Tile("door", "Front door", picture=False),
        ),
        seconds=12,
        camera_open=False,
        invitees=("desk",),
    )
    sound = replace(phase, type=CallType.AUDIO)
    assert not any(tile.picture for tile in tiles(here, sound, 17.5))


def test_who_speaks_is_marked_unless_one_picture_is_all_there_is() -> None:
    here = facts()
    here.speaking = Speaking("indoor", 0.0)
    two = ph.Connected(*CALL, since=0.0)
    assert not tiles(here, two, 1.0)[0].speaks
    assert tiles(here, replace(two, type=CallType.AUDIO), 1.0)[0].speaks
    three = replace(two, others=(ph.Other("anna", 3, joined=True), KITCHEN))
    assert [tile.speaks for tile in tiles(here, three, 1.0)] == [False, True]


def test_a_question_counts_down() -> None:
    here = facts()
    here.asked = Asked("indoor", until=20.0)
    shown = scene(here, ph.Connected(*CALL, since=0.0), 7.5, "")
    assert isinstance(shown, sc.InCall)
    assert shown.asked == ("Kitchen", 13)


def test_missed_calls_are_kept_once_the_last_one_first() -> None:
    here = facts()
    here.miss(Missed("call0002", "door", "14:05"), Missed("call0001", "anna", "09:00"))
    here.miss(Missed("call0003", "door", "15:00"))
    here.miss(Missed("call0002", "door", "14:05"))
    shown = scene(here, ph.Idle(), 0.0, "16:00")
    assert isinstance(shown, sc.Idle)
    assert shown.missed == (("Front door", "14:05"), ("Front door", "15:00"), ("anna", "09:00"))
    here.miss(*(Missed(f"call1{number:03}", "door", "") for number in range(50)))
    assert len(here.missed) == MISSED_MOST


def test_messages_stand_apart_from_missed_calls_and_each_once() -> None:
    here = facts()
    here.miss(
        Missed("call0003", "door", "15:00", "second"),
        Missed("call0002", "anna", "14:05"),
        Missed("call0001", "door", "14:00", "first"),
        Missed("call0000", "door", "13:59", "first"),  # two calls, one message
    )
    assert [call.call_id for call in here.messages] == ["call0003", "call0001"]
    shown = scene(here, ph.Idle(), 0.0, "16:00")
    assert isinstance(shown, sc.Idle)
    assert shown.missed == (("anna", "14:05"),)
    assert shown.messages == (("Front door", "15:00"), ("Front door", "14:00"))
    here.miss(Missed("call0002", "anna", "14:05", "third"))  # it was left after the call
    assert len(here.messages) == 3


def test_a_message_that_is_left_or_played_is_all_that_is_shown_at_rest() -> None:
    here = facts()
    here.camera_open = True
    here.leaving = Leaving("speak", until=60.0)
    assert scene(here, ph.Idle(), 2.5, "") == sc.Recording("speak", 58, seen=True)
    call = ph.Ringing("call0001", "door", (KITCHEN,), CallType.VIDEO)
    assert isinstance(scene(here, call, 2.5, ""), sc.RingingIn)
    here.leaving = None
    of = Missed("call0003", "door", "15:00", "second")
    here.missed = (of, Missed("call0001", "door", "14:00", "first"))
    here.playing = Playing(of, "play", until=20.0)
    message = sc.Message("second", "Front door", "15:00", "play", 18, others=1)
    assert scene(here, ph.Idle(), 2.5, "") == message
    assert lamp(here, ph.Idle()) is LampState.DEVICE_OPEN


def test_a_text_is_shown_for_a_while() -> None:
    here = facts()
    here.begin(0.0)
    here.say("indoor", "I am coming", 10.0)
    phase = ph.Connected(*CALL, since=5.0)
    shown = scene(here, phase, 10.0 + TEXT_SECONDS / 2, "")
    assert isinstance(shown, sc.InCall)
    assert shown.tiles[0].text == "I am coming"
    assert shown.seconds == 12
    shown = scene(here, phase, 10.0 + TEXT_SECONDS, "")
    assert isinstance(shown, sc.InCall)
    assert shown.tiles[0].text == ""
    other = replace(phase, others=(ph.Other("anna", 2, joined=True),))
    assert tiles(here, other, 11.0)[0].text == ""


def test_why_it_ended_is_shown_until_then() -> None:
    here = facts()
    ended = sc.Ended("offline", "Kitchen")
    here.end(ended, until=14.0)
    assert scene(here, ph.Idle(), 13.9, "") == ended
    assert isinstance(scene(here, ph.Idle(), 14.0, ""), sc.Idle)
    here.begin(13.0)
    assert isinstance(scene(here, ph.Idle(), 13.5, ""), sc.Idle)


def test_a_lost_hub_is_told_before_a_device_that_is_at_fault() -> None:
    here = facts()
    here.hub_ok, here.faults = False, {"microphone": "silent"}
    assert lamp(here, ph.Idle()) is LampState.NO_HUB
    here.hub_ok = True
    assert lamp(here, ph.Idle()) is LampState.FAULT


def test_a_refused_login_is_a_fault_on_screen_and_lamp() -> None:
    here = facts()
    here.login_fault = ("Refused", "bad token", "")
    assert scene(here, ph.Idle(), 0.0, "") == sc.Fault("Refused", "bad token", "")
    assert lamp(here, ph.Idle()) is LampState.FAULT


def test_lamps() -> None:
    here = facts()
    assert lamp(here, ph.Idle()) is LampState.IDLE
    here.camera_open = True
    assert lamp(here, ph.Idle()) is LampState.DEVICE_OPEN
    here.camera_open, here.microphone_open = False, True
    assert lamp(here, ph.Idle()) is LampState.DEVICE_OPEN
    assert lamp(here, ph.Calling(*CALL)) is LampState.RINGING_OUT
    assert lamp(here, ph.Ringing(*CALL)) is LampState.RINGING_IN
    assert lamp(here, ph.Connected(*CALL)) is LampState.IN_CALL
    assert lamp(here, ph.Connected(*CALL, audio=False)) is LampState.MUTED
    here.microphone_open = here.hub_ok = False
    assert lamp(here, ph.Idle()) is LampState.NO_HUB
