"""The plan of the call button, carried out at a real hub."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from intercom import Event, State
from intercom.hub.server import Hub
from intercom.station import scene as sc
from intercom.station.controls import Intent
from intercom.station.devices import StationDevices
from tests.station_rig import Start, Tape, in_call

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


def plan(more: str = "") -> str:
    """Return a plan whose second step is out of its hours, whatever the time is."""
    hour = (time.localtime().tm_hour + 12) % 24
    return PLAN.replace("{never}", f"{hour:02}:00-{hour:02}:01") + more


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
