"""Switching between sound and video: a station asks, and is asked, at a real hub."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from intercom import CallingError, CallType, Event, State
from intercom.station import asking
from intercom.station import scene as sc
from intercom.station.controls import Intent
from tests.conftest import Client
from tests.station_rig import Start, Station, in_call, texts


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
    await door.until(lambda: texts(door) == ["The other side stays with sound"])
