"""Rule 1: every message names its call; one that names another call changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from intercom import CallingError, CallType, Code, Event, Reason, State
from intercom import protocol as p

from .guest import Guest
from .house import House, connect, ring

SILENT: dict[str, Callable[[str], p.Message]] = {
    "ringing": p.Ringing,
    "reject": p.Reject,
    "reject as busy": lambda call: p.Reject(call, busy=True),
    "hang up": p.Hangup,
    "leave as lost": lambda call: p.Hangup(call, Reason.LOST),
    "signal": lambda call: p.Signal(call, "anna", 1000, msgspec.Raw(b'{"kind":"restart"}')),
    "available": lambda call: p.Available(call, video=False, audio=False),
    "consent": lambda call: p.SwitchAnswer(call, allow=False),
}
REQUESTS: dict[str, Callable[[int, str], p.Request]] = {
    "accept": p.Accept,
    "text": lambda req, call: p.SendText(req, call, "let me in"),
    "door": p.OpenDoor,
    "switch": lambda req, call: p.SwitchType(req, call, CallType.AUDIO),
    "add": lambda req, call: p.Add(req, call, ["dora"]),
}


async def undisturbed(house: House, *guests: Guest) -> None:
    """See that they hear nothing (more) and stay where they are."""
    states = [(guest.state, guest.call_id, guest.mark()) for guest in guests]
    await house.settle()
    for guest, (state, call_id, mark) in zip(guests, states, strict=True):
        assert (guest.state, guest.call_id, guest.told(mark)) == (state, call_id, [])


@pytest.mark.parametrize("connected", [False, True], ids=["ringing", "connected"])
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "in a call"])
async def test_a_third_party_changes_nothing(house: House, connected: bool, busy: bool) -> None:
    """The original let anybody's reject end anybody's call."""
    anna, ben, cleo, dora = await house.clients("anna", "ben", "cleo", "dora")
    call_id = await (connect if connected else ring)(anna, ben)
    if busy:
        await connect(cleo, dora)
    await house.settle()
    for make in SILENT.values():
        cleo.link.send(make(call_id))
    await undisturbed(house, anna, ben, cleo, dora)
    for ask in REQUESTS.values():
        req = cleo.link.next_request()
        cleo.link.send(ask(req, call_id))
        with pytest.raises(CallingError) as refused:
            await cleo.link.answer(req)
        assert refused.value.code is Code.INVITATION_GONE
    await undisturbed(house, anna, ben, cleo, dora)


async def test_a_member_that_names_another_call_changes_nothing(house: House) -> None:
    anna, ben = await house.clients("anna", "ben")
    await connect(anna, ben)
    await house.settle()
    for make in SILENT.values():
        ben.link.send(make("another-call"))
    await undisturbed(house, anna, ben)


async def test_a_late_reject_of_a_former_call_leaves_the_next_one_alone(house: House) -> None:
    """What a slow wire brings late names the call that is over."""
    anna, ben = await house.clients("anna", "ben")
    former = await ring(anna, ben)
    ben.wire.delay = 0.1
    await ben.reject()
    await anna.hangup()
    present = await anna.call("ben")
    await ben.wait(Event.INVITED, invite_id=present)
    await anna.wait(Event.RINGING, invite_id=present)
    await undisturbed(house, anna, ben)
    assert (anna.state, anna.call_id) == (State.CALLING, present)
    assert former != present


async def test_what_is_heard_late_of_a_former_call_leaves_the_next_one_alone(house: House) -> None:
    """Ben has accepted, but anna gave up before she heard of it, and calls cleo now."""
    anna, ben, cleo = await house.clients("anna", "ben", "cleo")
    former = await ring(anna, ben)
    anna.wire.freeze(up=False)
    await ben.accept()
    await ben.send_text("who is there?")
    await anna.hangup()
    await ben.ended(invite_id=former)
    calling = asyncio.create_task(anna.call("cleo"))
    await cleo.wait(Event.INVITED)
    mark = anna.mark()
    anna.wire.thaw()
    present = await calling
    await anna.wait(Event.RINGING, invite_id=present)
    await house.settle()
    assert (anna.state, anna.call_id) == (State.CALLING, present)
    assert anna.told(mark) == [Event.RINGING]


async def test_accepting_another_call_than_the_one_that_rings_is_refused(house: House) -> None:
    anna, ben = await house.clients("anna", "ben")
    call_id = await ring(anna, ben)
    for act in (ben.accept, ben.reject):
        with pytest.raises(CallingError) as refused:
            await act("another-call")
        assert refused.value.code is Code.INVITATION_GONE
    await undisturbed(house, anna, ben)
    await ben.accept(call_id)
    await anna.wait(Event.USER_ACCEPT, invite_id=call_id)


async def test_every_event_of_a_call_tells_the_same_call(house: House) -> None:
    anna, ben = await house.clients("anna", "ben")
    first = await connect(anna, ben)
    await ben.hangup()
    await anna.ended()
    await asyncio.sleep(0)
    second = await connect(ben, anna)
    for guest in (anna, ben):
        named = [h.payload["invite_id"] for h in guest.heard if "invite_id" in h.payload]
        assert named == sorted(named, key=[first, second].index)
        assert set(named) == {first, second}
