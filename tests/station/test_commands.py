"""What a station tells its control socket, and when it lends nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from intercom import State
from intercom.station.commands import CommandError, Commands
from intercom.station.controls import Intent
from intercom.station.lending import LendingError
from intercom.station.model import Leaving, Missed, Playing
from tests.station_rig import Start, Station, Tape, in_call

PLAN = "[[call.plan]]\nring = 'indoor'\n[[call.plan]]\nmessage = true\nseconds = 60\n"
LEND = {"do": "lend", "devices": ["panel"], "seconds": 1}


async def doing(door: Station) -> str:
    """What it needs its devices for; then it must not lend any."""
    commands = Commands(door.app)
    told = str((await commands.do({"do": "stats"}))["doing"])
    # This one has no panel: when nothing is against it, that is why.
    refusal = (CommandError, "in use") if told else (LendingError, "no such device")
    with pytest.raises(refusal[0], match=refusal[1]):
        await commands.do(LEND)
    return told


async def test_a_call_needs_the_devices(start: Start, login: Any) -> None:
    door, desk = await start(), await login("desk")
    assert await doing(door) == ""
    await in_call(door, desk)
    assert await doing(door) == "in a call"


async def test_so_does_a_visitor_who_is_not_in_a_call(start: Start) -> None:
    tape = Tape()
    door = await start(PLAN, messages=tape)
    door.do(Intent.CALL)
    await asyncio.wait_for(tape.began.get(), 5)
    assert door.state is State.IDLE
    assert "rings" in await doing(door)
    door.app.facts.leaving = Leaving("speak")
    assert "leaves a message" in await doing(door)
    door.app.facts.leaving = None
    tape.done.set()
    await door.until(lambda: not door.app.dialer.active)
    assert await doing(door) == ""


async def test_and_who_hears_a_message(start: Start) -> None:
    door = await start()
    door.app.facts.playing = Playing(Missed("1", "indoor", "12:00"), "play")
    assert "is played" in await doing(door)
