"""Rule 2: one active call per user; a second invitation never disturbs the first."""

from __future__ import annotations

import asyncio

import pytest

from intercom import CallingError, Code, Event, State

from .guest import Guest
from .house import House, connect, ring


async def untouched(house: House, *guests: Guest) -> None:
    """See that their call is as it was, and that only LINE_BUSY was heard of the other."""
    await house.settle()
    for guest in guests:
        assert not guest.all(Event.CALL_END)
        assert not guest.all(Event.CALLING_CANCEL)
        assert not guest.all(Event.USER_LEAVE)


@pytest.mark.parametrize("connected", [False, True], ids=["ringing", "connected"])
@pytest.mark.parametrize("whom", ["anna", "ben"], ids=["caller", "callee"])
async def test_a_second_invitation_gets_line_busy(house: House, connected: bool, whom: str) -> None:
    anna, ben, cleo = await house.clients("anna", "ben", "cleo")
    await (connect if connected else ring)(anna, ben)
    busy = {"anna": anna, "ben": ben}[whom]
    second = await cleo.call(whom)
    told = {"invite_id": second, "sponsor": "cleo", "user_id": whom}
    assert await cleo.wait(Event.LINE_BUSY) == told
    assert await busy.wait(Event.LINE_BUSY) == told
    ended = {"invite_id": second, "user_id": whom, "call_end": 0, "reason": "line_busy"}
    assert await cleo.ended() == ended
    await untouched(house, anna, ben)
    assert len(anna.all(Event.LINE_BUSY) + ben.all(Event.LINE_BUSY)) == 1
    if not connected:
        await ben.accept()
        await anna.wait(Event.USER_ACCEPT)


@pytest.mark.parametrize("waits", [False, True], ids=["at once", "after the answer"])
async def test_a_busy_callers_cancel_disturbs_nobody(house: House, waits: bool) -> None:
    """In the original it tore the other call down."""
    anna, ben, cleo = await house.clients("anna", "ben", "cleo")
    call_id = await connect(anna, ben)
    calling = asyncio.create_task(cleo.call("ben"))
    await asyncio.sleep(0)
    if waits:
        await calling
        await cleo.ended()
    await cleo.hangup()
    await cleo.hangup()
    await calling
    await untouched(house, anna, ben)
    assert anna.call_id == ben.call_id == call_id
    await ben.send_text("still here")
    await anna.wait(Event.TEXT)


async def test_of_all_who_call_at_once_one_gets_through(house: House) -> None:
    """Decided in one place, in one step: there is no time at which two can have it."""
    ben, *callers = await house.clients("ben", "anna", "cleo", "dora", "emil")
    await asyncio.gather(*(caller.call("ben") for caller in callers))
    invited = await ben.wait(Event.INVITED)
    winner = next(caller for caller in callers if caller.user == invited["sponsor"])
    await winner.wait(Event.RINGING)
    for caller in callers:
        if caller is not winner:
            assert (await caller.ended())["reason"] == "line_busy"
    await untouched(house, ben, winner)
    assert len(ben.all(Event.INVITED)) == 1
    await ben.accept()
    await winner.wait(Event.USER_ACCEPT)


async def test_who_is_in_a_call_cannot_call(house: House) -> None:
    anna, ben, cleo = await house.clients("anna", "ben", "cleo")
    await ring(anna, ben)
    for guest in (anna, ben):
        with pytest.raises(CallingError) as refused:
            await guest.call("cleo")
        assert refused.value.code is Code.ALREADY_IN_CALL
    await untouched(house, anna, ben)
    assert not cleo.all(Event.INVITED)
    assert (anna.state, ben.state) == (State.CALLING, State.RINGING)


async def test_nobody_stays_busy(house: House) -> None:
    """Busy lasts as long as the call: whichever way it ended, the next one rings."""
    anna, ben = await house.clients("anna", "ben")
    await ring(anna, ben)
    await anna.hangup()
    await ben.ended()
    await ring(anna, ben)
    await ben.reject()
    await anna.wait(Event.REJECT)
    await anna.ended()
    await anna.call("ben", timeout=1)
    await anna.wait(Event.NO_RESP)
    await connect(ben, anna)
    await anna.hangup()
    await connect(anna, ben)
