"""Rule 3: both call each other at once, and it becomes one call, the one of the lower ID."""

from __future__ import annotations

import asyncio

import pytest

from intercom import CallingError, Event, State

from .guest import Guest, sees
from .house import House


async def glare(anna: Guest, ben: Guest) -> str:
    """Let both call before either can have heard of the other; return the ID that stays."""
    anna.wire.delay = ben.wire.delay = 0.1
    ids = await asyncio.gather(anna.call("ben"), ben.call("anna"))
    anna.wire.delay = ben.wire.delay = 0.0
    return min(ids)


async def test_one_call_stays_and_both_are_in_it(house: House) -> None:
    anna, ben = await house.clients("anna", "ben")
    call_id = await glare(anna, ben)
    accepted = {"invite_id": call_id}
    assert await anna.wait(Event.USER_ACCEPT) == accepted | {"user_id": "ben"}
    assert await ben.wait(Event.USER_ACCEPT) == accepted | {"user_id": "anna"}
    assert (anna.state, ben.state) == (State.CONNECTED, State.CONNECTED)
    assert anna.call_id == ben.call_id == call_id
    assert await house.calls() == 1
    await house.settle()
    for guest in (anna, ben):
        for event in (Event.INVITED, Event.CALL_END, Event.LINE_BUSY, Event.REJECT):
            assert not guest.all(event)
    await ben.send_text("we both had the same idea")
    await anna.wait(Event.TEXT)
    await ben.hangup()
    assert (await anna.ended())["invite_id"] == call_id


async def test_the_pictures_flow_both_ways(house: House) -> None:
    anna, ben = await house.clients("anna", "ben", media=True)
    there, here = await anna.watch("ben"), await ben.watch("anna")
    await glare(anna, ben)
    await asyncio.gather(sees(there), sees(here), anna.hears(), ben.hears())


@pytest.mark.parametrize("lower", [False, True], ids=["higher ID", "lower ID"])
async def test_who_hangs_up_at_that_moment_is_out(house: House, lower: bool) -> None:
    """The hub has made one call of both, and the one who hangs up has not heard of it yet."""
    anna, ben = await house.clients("anna", "ben")
    anna.wire.freeze(up=False)
    ben.wire.freeze(up=False)
    calls = [asyncio.create_task(g.call(o)) for g, o in ((anna, "ben"), (ben, "anna"))]
    await asyncio.sleep(0)
    first, second = sorted((anna, ben), key=lambda guest: guest.call_id)
    quitter, other = (first, second) if lower else (second, first)
    call_id = first.call_id
    other.wire.thaw()
    await other.wait(Event.USER_ACCEPT, invite_id=call_id)
    await quitter.hangup()
    quitter.wire.thaw()
    await asyncio.gather(*calls)
    ended = await other.ended()
    assert (ended["invite_id"], ended["user_id"]) == (call_id, quitter.user)
    assert ended["reason"] == "hangup"
    assert (await quitter.ended())["reason"] == "canceled"
    await house.quiet()  # it may have rung here for a moment, before the hub's word came
    assert len(other.all(Event.CALL_END)) == 1
    assert quitter.state is State.IDLE


async def test_glare_between_group_calls_is_a_busy_line(house: House) -> None:
    """Between groups there is nothing to merge: one rings, the other one is refused."""
    anna, ben = await house.clients("anna", "ben")
    anna.wire.delay = ben.wire.delay = 0.1
    told = await asyncio.gather(
        anna.group_call(["ben"]), ben.group_call(["anna"]), return_exceptions=True
    )
    refused = [error for error in told if isinstance(error, CallingError)]
    anna.wire.delay = ben.wire.delay = 0.0
    await house.settle()
    assert len(refused) == 1, told
    assert {anna.state, ben.state} == {State.CALLING, State.RINGING}
