"""Rule 14: a party that dies while ringing or calling ends the ringing within ten seconds."""

from __future__ import annotations

import asyncio
import time

import pytest

from intercom import Event, State

from .child import started
from .guest import Guest
from .house import House, connect, ring

WITHIN = 10.0
SLACK = 1.0
"""Seconds that a busy machine may take longer."""


async def test_within_ten_seconds_by_the_real_clocks(house: House) -> None:
    """Their cables are pulled, so that no socket says a word: one rings, one calls, one talks."""
    anna, ben, cleo, dora, emil, fay = await house.clients(
        "anna", "ben", "cleo", "dora", "emil", "fay"
    )
    await ring(anna, ben)
    await ring(cleo, dora)
    await connect(emil, fay)
    began = time.monotonic()
    for guest in (ben, cleo, fay):
        guest.wire.freeze()
    ends: dict[Guest, float] = {}

    async def end_of(guest: Guest) -> None:
        while guest.state is not State.IDLE:  # noqa: ASYNC110 - longer than `wait` waits
            await asyncio.sleep(0.02)
        ends[guest] = time.monotonic() - began
        assert (await guest.ended())["reason"] == "lost"

    everybody = (anna, ben, cleo, dora, emil, fay)
    await asyncio.gather(*(end_of(guest) for guest in everybody))
    assert max(ends.values()) < WITHIN + SLACK, ends
    for guest in (ben, cleo, fay):
        guest.wire.cut()
        guest.wire.thaw()


@pytest.mark.usefixtures("hasty")
async def test_a_process_that_is_killed(house: House) -> None:
    """kill -9 of a client that rings, and of one that calls."""
    anna, dora = await house.clients("anna", "dora")
    async with started(house, "ben") as ben, started(house, "cleo", "--call", "dora") as cleo:
        await ben.says("ready")
        await anna.call("ben")
        await anna.wait(Event.RINGING)
        await cleo.says("ringing")
        ben.kill()
        cleo.kill()
        for guest, dead in ((anna, "ben"), (dora, "cleo")):
            ended = await guest.ended()
            assert (ended["user_id"], ended["reason"]) == (dead, "lost")
    assert not dora.all(Event.CALLING_TIMEOUT)


@pytest.mark.usefixtures("hasty")
async def test_one_of_several_that_ring(house: House) -> None:
    """The others ring on."""
    anna, ben, cleo = await house.clients("anna", "ben", "cleo")
    await anna.group_call(["ben", "cleo"])
    await anna.wait(Event.RINGING, user_id="ben")
    await anna.wait(Event.RINGING, user_id="cleo")
    ben.die()
    told = await anna.wait(Event.NO_RESP)
    assert (told["user_id_list"], told["reason"]) == (["ben"], "offline")
    assert (anna.state, cleo.state) == (State.CALLING, State.RINGING)
    await cleo.accept()
    await anna.wait(Event.USER_ACCEPT, user_id="cleo")


@pytest.mark.usefixtures("hasty")
async def test_when_the_hub_dies_the_ringing_ends_too(house: House) -> None:
    anna, ben = await house.clients("anna", "ben")
    await ring(anna, ben)
    await house.crash()
    for guest in (anna, ben):
        assert (await guest.ended())["reason"] == "lost"
    assert (anna.state, ben.state) == (State.IDLE, State.IDLE)
