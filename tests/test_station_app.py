"""What a station does when people want something and when something happens, at a real hub."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from intercom import CallingError, CallType, Event, State
from intercom.config import GroupConfig, HubConfig, UserConfig
from intercom.hub.server import Hub
from intercom.station import asking
from intercom.station import scene as sc
from intercom.station.controls import Intent
from intercom.station.devices import StationDevices

from .conftest import Client
from .station_rig import Station, Tape

PLAN = """\
[call]
type = "audio"
ended_seconds = 30
[[call.plan]]
ring = "indoor"
seconds = 1
[[call.plan]]
ring = "shy"
hours = "{never}"
[[call.plan]]
ring = "desk"
[[call.plan]]
ring = "group:family"
"""
MESSAGE = "[[call.plan]]\nmessage = true\nseconds = 60\n"

Start = Callable[..., Awaitable[Station]]


def plan(more: str = "") -> str:
    """Return a plan whose second step is out of its hours, whatever the time is."""
    hour = (time.localtime().tm_hour + 12) % 24
    return PLAN.replace("{never}", f"{hour:02}:00-{hour:02}:01") + more


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    """A hub with a family."""
    users = {
        "door": UserConfig(name="Front door"),
        "indoor": UserConfig(name="Kitchen"),
        "desk": UserConfig(name="Desk"),
        "shy": UserConfig(name="Shy"),
    }
    groups = {"family": GroupConfig(name="The family", members=("indoor", "desk", "shy"))}
    config = HubConfig(
        listen="127.0.0.1", port=0, state_dir=str(tmp_path), users=users, groups=groups
    )
    server = Hub(config)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def start(hub: Hub) -> AsyncIterator[Start]:
    """Return a function that starts the door."""
    stations: list[Station] = []

    async def make(config: str = "", **options: Any) -> Station:
        station = Station(hub, config, **options)
        stations.append(station)
        await station.start()
        return station

    yield make
    for station in stations:
        await station.close()


async def in_call(station: Station, other: Client, type: CallType = CallType.VIDEO) -> None:
    """Have the other one call, and the station accept."""
    await other.call("door", type=type)
    await station.shows(sc.RingingIn)
    station.do(Intent.ACCEPT)
    await other.wait(Event.USER_ACCEPT)
    await station.shows(sc.InCall)


# -- the plan of the call button ---------------------------------------------------------------


async def test_the_plan_goes_on_until_somebody_answers(start: Start, login: Any) -> None:
    indoor, desk, shy = [await login(user) for user in ("indoor", "desk", "shy")]
    door = await start(plan())
    door.do(Intent.CALL)
    await indoor.wait(Event.INVITED)  # and does not answer for a second
    await door.shows(sc.Calling, callee="Kitchen", ringing=True)
    await indoor.wait(Event.CALLING_TIMEOUT)
    await desk.wait(Event.INVITED)  # the shy one is out of its hours
    await door.shows(sc.Calling, callee="Desk")
    await desk.reject()
    await door.shows(sc.Calling, callee="family")
    await shy.wait(Event.INVITED)
    await indoor.wait(Event.INVITED)
    await shy.accept()
    await door.shows(sc.InCall)
    assert not door.app.dialer.active
    await shy.hangup()
    ended = await door.shows(sc.Ended)
    assert (ended.reason, ended.peer) == ("hangup", "Shy")
    assert door.state is State.IDLE


async def test_who_is_offline_or_busy_is_passed_over_at_once(start: Start, login: Any) -> None:
    desk, shy = await login("desk"), await login("shy")
    await shy.call("desk")
    await desk.wait(Event.INVITED)
    await desk.accept()
    door = await start(plan())
    door.do(Intent.CALL)
    ended = await door.shows(sc.Ended)
    assert ended.peer == "family"
    assert ended.reason in {"line_busy", "offline"}  # of the last step's
    steps = [(await door.hears("dialing"))["step"] for _ in range(3)]
    assert steps == [0, 2, 3]


async def test_a_visitor_who_hangs_up_ends_the_plan(start: Start, login: Any) -> None:
    indoor, desk = await login("indoor"), await login("desk")
    door = await start(plan())
    door.do(Intent.CALL)
    await indoor.wait(Event.INVITED)
    door.do(Intent.CALL)  # a second press changes nothing
    door.do(Intent.HANGUP)
    ended = await door.shows(sc.Ended)
    assert (ended.reason, ended.peer) == ("canceled", "Kitchen")
    assert not door.app.dialer.active
    await asyncio.sleep(0.2)
    assert door.state is State.IDLE
    assert desk.count(Event.INVITED) == 0


async def test_a_callee_that_the_hub_refuses_leads_on(start: Start, login: Any) -> None:
    desk = await login("desk")
    door = await start(plan().replace('ring = "indoor"', 'ring = "stranger"'))
    door.do(Intent.CALL)
    await desk.wait(Event.INVITED)
    await door.shows(sc.Calling, callee="Desk")


async def test_without_a_hub_the_plan_is_over_and_says_why(hub: Hub, start: Start) -> None:
    door = await start(plan())
    await hub.stop()
    await door.until(lambda: not door.app.facts.hub_ok)
    door.do(Intent.CALL)
    ended = await door.shows(sc.Ended)
    assert ended.reason == "error"
    assert "hub" in ended.detail
    assert not door.app.dialer.active


async def test_a_visitor_may_leave_a_message_in_the_end(start: Start) -> None:
    tape = Tape()
    door = await start(plan(MESSAGE), messages=tape)
    door.do(Intent.CALL)
    assert await asyncio.wait_for(tape.began.get(), 5) == 60
    assert (await door.shows(sc.Ended)).peer == "family"
    door.do(Intent.CALL)  # nothing is rung while it is taken
    assert door.state is State.IDLE
    tape.done.set()
    await door.until(lambda: not door.app.dialer.active)
    assert not tape.cancelled


async def test_hanging_up_ends_the_message(start: Start) -> None:
    tape = Tape()
    door = await start(plan(MESSAGE), messages=tape)
    door.do(Intent.CALL)
    await asyncio.wait_for(tape.began.get(), 5)
    assert len(set(tape.calls)) == 3
    door.do(Intent.HANGUP)
    await door.until(lambda: not door.app.dialer.active)
    assert not tape.cancelled


async def test_somebody_who_calls_the_visitor_ends_the_message(start: Start, login: Any) -> None:
    tape = Tape()
    door = await start(plan(MESSAGE), messages=tape)
    door.do(Intent.CALL)
    await asyncio.wait_for(tape.began.get(), 5)
    await in_call(door, await login("desk"))
    assert tape.cancelled
    assert not door.app.dialer.active


async def test_where_nobody_was_rung_there_is_nobody_to_leave_a_message_for(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    tape = Tape()
    door = await start(f"[call]\n{MESSAGE}", messages=tape)
    door.do(Intent.CALL)
    assert not door.app.dialer.active
    assert tape.began.empty()
    assert "nobody was rung" in caplog.text


async def test_where_no_message_can_be_taken_that_step_is_skipped(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    door = await start(plan(MESSAGE))
    door.do(Intent.CALL)
    await door.shows(sc.Ended)
    assert not door.app.dialer.active
    assert "no message is taken" in caplog.text


async def test_from_one_step_to_the_next_the_camera_stays_open(
    start: Start, login: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, shy = await login("desk"), await login("shy")
    opened: list[str] = []
    open_camera = StationDevices.open_camera

    def counting(self: StationDevices, *arguments: Any) -> Any:
        opened.append("camera")
        return open_camera(self, *arguments)

    monkeypatch.setattr(StationDevices, "open_camera", counting)
    config = plan().replace('type = "audio"', "early_media = true")
    door = await start(config, camera="simulated")
    door.do(Intent.CALL)
    await desk.wait(Event.INVITED)
    await door.until(lambda: door.media.camera_open)
    await desk.reject()
    await shy.wait(Event.INVITED)
    await asyncio.sleep(0.2)
    assert door.media.camera_open
    assert opened == ["camera"]


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


# -- sound and video ---------------------------------------------------------------------------


async def asked(door: Station, other: Client) -> asyncio.Task[None]:
    """Have the other one ask for video; return what it waits in."""
    asks = asyncio.create_task(other.switch_call_type(CallType.VIDEO))
    await door.shows(sc.InCall, asked=("Desk", 15))
    return asks


async def test_a_question_is_answered_by_buttons(start: Start, login: Any) -> None:
    desk = await login("desk")
    door = await start()
    await in_call(door, desk, CallType.AUDIO)
    assert (await door.shows(sc.InCall)).video is False
    asks = await asked(door, desk)
    door.do(Intent.HANGUP)
    with pytest.raises(CallingError):
        await asks
    assert door.state is State.CONNECTED
    asks = await asked(door, desk)
    door.do(Intent.ACCEPT)
    await asks
    assert (await door.shows(sc.InCall, video=True)).asked is None
    door.do(Intent.SWITCH)  # back to sound needs nobody's consent
    await door.shows(sc.InCall, video=False)
    asks = await asked(door, desk)
    door.do(Intent.HANGUP, Intent.HANGUP)
    assert (await desk.wait(Event.CALL_END))["reason"] == "hangup"
    await asyncio.gather(asks, return_exceptions=True)


async def test_a_question_is_answered_with_no_after_a_while(start: Start, login: Any) -> None:
    desk = await login("desk")
    door = await start()
    await in_call(door, desk, CallType.AUDIO)
    asks = await asked(door, desk)
    door.app.asking.tick(time.monotonic() + asking.PATIENCE - 1)
    assert door.app.facts.asked is not None
    door.app.asking.tick(time.monotonic() + asking.PATIENCE)
    with pytest.raises(CallingError):
        await asks
    assert (await door.shows(sc.InCall, asked=None)).video is False


@pytest.mark.parametrize("policy", ["allow", "deny"])
async def test_a_policy_asks_nobody(start: Start, login: Any, policy: str) -> None:
    desk = await login("desk")
    door = await start(f'[call]\nswitch_to_video = "{policy}"\n')
    await in_call(door, desk, CallType.AUDIO)
    if policy == "allow":
        await desk.switch_call_type(CallType.VIDEO)
    else:
        with pytest.raises(CallingError):
            await desk.switch_call_type(CallType.VIDEO)
    assert (await door.shows(sc.InCall, video=policy == "allow")).asked is None


async def test_a_refusal_is_shown_to_who_asked(start: Start, login: Any) -> None:
    desk = await login("desk")
    door = await start()
    await in_call(door, desk, CallType.AUDIO)
    door.do(Intent.SWITCH)
    await desk.wait(Event.CALL_TYPE_ASKED)
    await desk.answer_switch(False)
    await door.until(lambda: _texts(door) == ["The other side stays with sound"])


def _texts(station: Station) -> list[str]:
    shown = station.scene
    return [tile.text for tile in shown.tiles] if isinstance(shown, sc.InCall) else []


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
    await door.until(lambda: _texts(door) == ["Thank you"])


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
