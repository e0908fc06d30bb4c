"""Facts and the call's phase -> scene and lamp."""

from __future__ import annotations

from intercom import phases as ph
from intercom.protocol import CallType
from intercom.station import scene as sc
from intercom.station.lamp import LampState
from intercom.station.model import TEXT_SECONDS, Facts, lamp, scene

CALL = ("call0001", "door", "indoor", CallType.VIDEO)


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
    shown = scene(here, ph.Calling(*CALL, rung=True), 104.9, "")
    assert shown == sc.Calling("Front door", "Kitchen", 4, True)


def test_ringing_counts_down_and_expects_a_picture_with_early_media_only() -> None:
    here = facts()
    here.begin(100.0, rings_for=30.0)
    phase = ph.Ringing("call0001", "door", "door", CallType.VIDEO, early_media=True)
    assert scene(here, phase, 101.5, "") == sc.RingingIn("Front door", True, 29, None)
    here.answers_at = 103.0
    assert scene(here, phase, 101.5, "") == sc.RingingIn("Front door", True, 29, 2)
    late = ph.Ringing("call0001", "door", "door", CallType.VIDEO)
    shown = scene(here, late, 200.0, "")
    assert shown == sc.RingingIn("Front door", False, 0, 0)


def test_a_text_is_shown_for_a_while() -> None:
    here = facts()
    here.begin(0.0)
    here.say("I am coming", 10.0)
    phase = ph.Connected(*CALL, since=5.0)
    shown = scene(here, phase, 10.0 + TEXT_SECONDS / 2, "")
    assert isinstance(shown, sc.InCall)
    assert shown.text == "I am coming"
    assert shown.seconds == 12
    shown = scene(here, phase, 10.0 + TEXT_SECONDS, "")
    assert isinstance(shown, sc.InCall)
    assert shown.text == ""


def test_why_it_ended_is_shown_until_then() -> None:
    here = facts()
    ended = sc.Ended("offline", "Kitchen")
    here.end(ended, until=14.0)
    assert scene(here, ph.Idle(), 13.9, "") == ended
    assert isinstance(scene(here, ph.Idle(), 14.0, ""), sc.Idle)
    here.begin(13.0)
    assert isinstance(scene(here, ph.Idle(), 13.5, ""), sc.Idle)


def test_a_refused_login_is_a_fault_on_screen_and_lamp() -> None:
    here = facts()
    here.login_fault = ("Refused", "bad token", "")
    assert scene(here, ph.Idle(), 0.0, "") == sc.Fault("Refused", "bad token", "")
    assert lamp(here, ph.Idle()) is LampState.FAULT


def test_lamps() -> None:
    here = facts()
    assert lamp(here, ph.Idle()) is LampState.IDLE
    here.camera_open = True
    assert lamp(here, ph.Idle()) is LampState.CAMERA_OPEN
    assert lamp(here, ph.Calling(*CALL)) is LampState.RINGING_OUT
    assert lamp(here, ph.Ringing(*CALL)) is LampState.RINGING_IN
    assert lamp(here, ph.Connected(*CALL)) is LampState.IN_CALL
    assert lamp(here, ph.Connected(*CALL, audio=False)) is LampState.MUTED
    here.camera_open = here.hub_ok = False
    assert lamp(here, ph.Idle()) is LampState.NO_HUB
