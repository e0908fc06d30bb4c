"""Rule 5: NO_RESP, CALLING_TIMEOUT, one CALL_END for each; nothing late of a dead call."""

from __future__ import annotations

import asyncio
import time

import pytest

from intercom import CallingError, Code, Event, State

from .house import House, connect, ring


async def test_rung_out(house: House) -> None:
    anna, ben = await house.clients("anna", "ben")
    call_id = await anna.call("ben", timeout=1)
    told = {"invite_id": call_id, "user_id_list": ["ben"]}
    assert await ben.wait(Event.CALLING_TIMEOUT) == told
    assert await anna.wait(Event.NO_RESP) == told | {"reason": "timeout"}
    ended = {"invite_id": call_id, "user_id": "ben", "call_end": 0, "reason": "no_response"}
    assert await anna.ended() == await ben.ended() == ended
    await house.settle()
    assert not anna.all(Event.CALLING_TIMEOUT)
    assert not ben.all(Event.NO_RESP)


async def test_no_timeout_after_an_answer(house: House) -> None:
    """The original's clocks ran on, and ended the call that was answered."""
    anna, ben = await house.clients("anna", "ben")
    await anna.call("ben", timeout=1)
    await ben.wait(Event.INVITED)
    await ben.accept()
    await anna.wait(Event.USER_ACCEPT)
    await asyncio.sleep(1.3)
    await house.settle()
    for guest in (anna, ben):
        for event in (Event.NO_RESP, Event.CALLING_TIMEOUT, Event.CALL_END):
            assert not guest.all(event)
    assert (anna.state, ben.state) == (State.CONNECTED, State.CONNECTED)


async def test_an_accept_that_comes_too_late(house: House) -> None:
    """It rings out while the accept is on its way: over for both, once, and nobody is stuck."""
    anna, ben = await house.clients("anna", "ben")
    await anna.call("ben", timeout=1)
    await ben.wait(Event.INVITED)
    ben.wire.freeze()
    accepting = asyncio.create_task(ben.accept())
    await anna.ended()
    ben.wire.thaw()
    with pytest.raises(CallingError) as refused:
        await accepting
    assert refused.value.code is Code.INVITATION_GONE
    assert (await ben.ended())["reason"] == "no_response"
    await house.settle()
    assert (anna.state, ben.state) == (State.IDLE, State.IDLE)
    await connect(anna, ben)


async def test_a_cancel_that_crosses_the_accept(house: House) -> None:
    """Whichever comes first at the hub; both agree about it."""
    anna, ben = await house.clients("anna", "ben")
    call_id = await ring(anna, ben)
    anna.wire.delay = ben.wire.delay = 0.1
    accepting = asyncio.create_task(ben.accept())
    await asyncio.sleep(0)
    await anna.hangup()
    await asyncio.gather(accepting, return_exceptions=True)
    await house.quiet()
    [mine], [theirs] = anna.all(Event.CALL_END), ben.all(Event.CALL_END)
    assert mine["invite_id"] == theirs["invite_id"] == call_id
    assert theirs["user_id"] == "anna"


async def test_the_duration_is_that_of_the_call(house: House) -> None:
    """The original told a call that was never answered the duration of the one before."""
    anna, ben = await house.clients("anna", "ben")
    began = time.monotonic()
    await connect(anna, ben)
    await asyncio.sleep(1.1)
    await ben.hangup()
    long = time.monotonic() - began
    for guest in (anna, ben):
        ended = await guest.ended()
        assert 1 <= ended["call_end"] <= long
        assert ended["user_id"] == "ben"
    await ring(anna, ben)
    await ben.reject()
    for guest in (anna, ben):
        assert (await guest.ended())["call_end"] == 0
    await connect(anna, ben)
    await anna.hangup()
    for guest in (anna, ben):
        assert (await guest.ended())["call_end"] == 0


@pytest.mark.parametrize("who", ["anna", "ben"])
async def test_both_hang_up_at_once(house: House, who: str) -> None:
    anna, ben = await house.clients("anna", "ben")
    await connect(anna, ben)
    first = {"anna": anna, "ben": ben}[who]
    first.wire.delay = 0.1
    await asyncio.gather(anna.hangup(), ben.hangup())
    await house.quiet()
    assert len(anna.all(Event.CALL_END)) == len(ben.all(Event.CALL_END)) == 1


async def test_user_accept_names_who_accepted(house: House) -> None:
    """In the original it named whoever heard it, or the caller."""
    anna, ben, cleo, dora = await house.clients("anna", "ben", "cleo", "dora")
    call_id = await anna.group_call(["ben", "cleo", "dora"])
    for guest in (cleo, ben, dora):
        await guest.wait(Event.INVITED)
        await guest.accept()
        assert await anna.wait(Event.USER_ACCEPT) == {"invite_id": call_id, "user_id": guest.user}
    await house.settle()
    heard = {g.user: [a["user_id"] for a in g.all(Event.USER_ACCEPT)] for g in house.guests}
    assert heard["anna"] == ["cleo", "ben", "dora"]
    assert heard["dora"] == []
    assert "cleo" not in heard["cleo"]
    assert "ben" not in heard["ben"]
