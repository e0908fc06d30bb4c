"""What a station does when people want something and when something happens, at a real hub."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from intercom import Event, State
from intercom.hub.server import Hub
from intercom.station import scene as sc
from intercom.station.controls import Intent
from tests.station_rig import Start, Station, in_call, texts

# -- the call button in a call -----------------------------------------------------------------


@pytest.mark.parametrize("press", ["nothing", "hangup", "mute"])
async def test_a_press_in_a_call_does_what_is_configured(
    start: Start, login: Any, press: str
) -> None:
    desk = await login("desk")
    door = await start(f'[call]\ncallee = "indoor"\npress_in_call = "{press}"\n')
    await in_call(door, desk)
    door.do(Intent.CALL)
    if press == "hangup":
        assert (await desk.wait(Event.CALL_END))["reason"] == "hangup"
    elif press == "mute":
        await door.shows(sc.InCall, muted=True)
        door.do(Intent.CALL)
        await door.shows(sc.InCall, muted=False)
    else:
        await asyncio.sleep(0.1)
        assert (await door.shows(sc.InCall)).muted is False


async def test_what_a_station_has_not_is_no_fault(start: Start, login: Any) -> None:
    desk = await login("desk")
    door = await start()  # without camera and sound
    await in_call(door, desk)
    door.do(Intent.HANGUP)
    await door.shows(sc.Ended)
    assert door.app.facts.faults == {}


# -- do not disturb ----------------------------------------------------------------------------


async def test_do_not_disturb_refuses_as_busy_and_nobody_notices(
    start: Start, login: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await login("desk")
    door = await start("[answer]\ndo_not_disturb = true\n")
    await door.shows(sc.Idle, quiet=True)
    heard: list[bytes] = []
    monkeypatch.setattr(door.media, "play", lambda pcm, repeat: heard.append(pcm))
    await desk.call("door")
    await desk.wait(Event.LINE_BUSY)
    assert (await desk.wait(Event.CALL_END))["reason"] == "line_busy"
    await door.hears("hushed", user_id="desk")
    await door.hears("call_end")
    await door.shows(sc.Idle, missed=())
    assert heard == []
    lamps = [entry for entry in _drained(door) if entry["event"] in {"lamp", "fault"}]
    assert lamps == []  # no lamp, and no device was opened


async def test_who_is_allowed_rings_nevertheless_but_is_not_answered(
    start: Start, login: Any
) -> None:
    desk = await login("desk")
    door = await start(
        '[answer]\nkind = "normal"\nallow = ["desk"]\nseconds = 0\n'
        'do_not_disturb = true\ndnd_allow = ["desk"]\n'
    )
    await desk.call("door")
    ringing = await door.shows(sc.RingingIn)
    assert ringing.auto_answer_in is None
    await asyncio.sleep(0.2)
    assert door.state is State.RINGING


async def test_a_person_turns_it_on_and_off(start: Start, login: Any) -> None:
    desk = await login("desk")
    door = await start()
    door.do(Intent.QUIET)
    assert (await door.hears("do_not_disturb"))["on"] is True
    await door.shows(sc.Idle, quiet=True)
    door.app.incoming.turn(False)
    assert (await door.hears("do_not_disturb"))["on"] is False
    await desk.call("door")
    await door.shows(sc.RingingIn)


def _drained(station: Station) -> list[dict[str, Any]]:
    entries = []
    while not station.told.empty():
        entries.append(station.told.get_nowait())
    return entries


# -- what ends by itself, and what is answered by itself ---------------------------------------


async def test_a_hang_up_goes_to_the_end_screen_at_once(start: Start, login: Any) -> None:
    """No idle screen flashes up between the call and how it ended."""
    desk = await login("desk")
    door = await start()
    await in_call(door, desk)
    await door.hears("screen", scene="InCall")
    _drained(door)
    door.do(Intent.HANGUP)
    await door.shows(sc.Ended)
    scenes = [entry["scene"] for entry in _drained(door) if entry["event"] == "screen"]
    assert scenes == ["Ended"]


async def test_a_call_ends_at_its_limit(start: Start, login: Any) -> None:
    desk = await login("desk")
    door = await start("[call]\nmax_minutes = 1\n")
    await in_call(door, desk)
    door.app.limit(time.monotonic() + 55)
    await asyncio.sleep(0.1)
    assert door.state is State.CONNECTED
    door.app.limit(time.monotonic() + 60)
    assert (await desk.wait(Event.CALL_END))["reason"] == "hangup"


@pytest.mark.parametrize(("kind", "sends"), [("normal", True), ("announce", False)])
async def test_who_is_trusted_is_answered_by_itself_and_an_announcement_is_not_overheard(
    start: Start, login: Any, kind: str, sends: bool
) -> None:
    desk = await login("desk")
    answer = f'[answer]\nkind = "{kind}"\nallow = ["desk"]\nseconds = 0.2\n'
    door = await start(answer, camera="simulated")
    await desk.call("door")
    assert (await door.shows(sc.RingingIn)).auto_answer_in == 1
    await door.shows(sc.InCall, muted=not sends, camera_open=sends)
    await asyncio.sleep(0.3)
    assert door.media.camera_open is sends


# -- ready-made answers, missed calls ----------------------------------------------------------


async def test_a_ready_made_answer_is_chosen_and_sent(start: Start, login: Any) -> None:
    desk = await login("desk")
    door = await start()
    await in_call(door, desk)
    door.do(Intent.ANSWERS)
    await door.shows(sc.InCall, choosing=True)
    door.do(Intent.BACK)
    await door.shows(sc.InCall, choosing=False)
    door.do(Intent.ANSWERS, Intent.SAY_2)
    assert (await desk.wait(Event.TEXT))["text"] == "Leave it at the door"
    await door.shows(sc.InCall, choosing=False)
    await desk.send_text("Thank you")
    await door.until(lambda: texts(door) == ["Thank you"])


async def test_what_rang_in_vain_is_missed_until_somebody_has_seen_it(
    start: Start, login: Any
) -> None:
    desk = await login("desk")
    door = await start("[call]\nended_seconds = 30\n")
    await desk.call("door")
    await door.shows(sc.RingingIn)
    await desk.hangup()
    await door.shows(sc.Ended)
    door.do(Intent.DISMISS)  # first how it ended
    shown = await door.shows(sc.Idle)
    assert [name for name, _ in shown.missed] == ["Desk"]
    door.do(Intent.DISMISS)
    await door.shows(sc.Idle, missed=())
    await in_call(door, desk)
    await desk.hangup()
    await door.shows(sc.Ended)
    assert door.app.facts.missed == ()


async def test_missed_calls_are_told_at_login_and_no_more_once_seen(
    hub: Hub, start: Start, login: Any
) -> None:
    desk = await login("desk")
    await desk.call("door")
    assert (await desk.wait(Event.CALL_END))["reason"] == "offline"
    door = await start()
    await door.until(lambda: door.app.facts.missed != ())
    shown = await door.shows(sc.Idle)
    assert [name for name, _ in shown.missed] == ["Desk"]
    door.do(Intent.HANGUP)
    await door.shows(sc.Idle, missed=())
    again = await login("door")  # takes the place of the station
    await again.wait(Event.SDK_READY)
    assert again.count(Event.MISSED_CALLS) == 0


# -- several others ----------------------------------------------------------------------------


async def test_a_conference_shows_everybody_and_who_is_still_rung(start: Start, login: Any) -> None:
    indoor, desk = await login("indoor"), await login("desk")
    await login("shy")
    door = await start()
    await door.calling.group_call(["indoor", "desk", "shy"])
    await indoor.wait(Event.INVITED)
    await indoor.accept()
    one = await door.shows(sc.InCall, invitees=("Desk", "Shy"))
    assert [tile.name for tile in one.tiles] == ["Kitchen"]
    assert not one.grid
    await desk.wait(Event.INVITED)
    await desk.accept()
    two = await door.shows(sc.InCall, invitees=("Shy",))
    assert [tile.name for tile in two.tiles] == ["Kitchen", "Desk"]
    await desk.set_mic_mute(True)
    await door.until(lambda: isinstance(s := door.scene, sc.InCall) and s.tiles[1].muted)
    await indoor.hangup()
    await door.until(lambda: isinstance(s := door.scene, sc.InCall) and len(s.tiles) == 1)
