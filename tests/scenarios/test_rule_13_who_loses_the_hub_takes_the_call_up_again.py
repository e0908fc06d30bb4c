"""Rule 13: without the hub the media goes on; the call is taken up, or ends for the true reason."""

from __future__ import annotations

import asyncio

import pytest

from intercom import Event, Reason, State

from .guest import Guest, online, sees
from .house import House, connect, ring

IN_CALL = State.CONNECTED


async def hub_is(guest: Guest, state: str) -> None:
    """Wait until it says so of the hub."""
    await guest.wait(Event.CONNECTION_STATE, user_id="hub", state=state)


async def unplug(guest: Guest) -> None:
    """Take its wire away, and let it notice."""
    await hub_is(guest, "connected")  # of its login
    guest.wire.unplug()
    await hub_is(guest, "reconnecting")


async def plug(house: House, guest: Guest) -> None:
    """Give it a wire again, and let it come back."""
    guest.wire.plug(house.hub.port)
    await hub_is(guest, "connected")


async def test_the_media_goes_on_and_the_call_is_taken_up(house: House) -> None:
    anna, ben = await house.clients("anna", "ben", media=True)
    view, there = await anna.watch("ben"), await ben.watch("anna")
    call_id = await connect(anna, ben)
    await asyncio.gather(sees(view), sees(there))
    await unplug(anna)
    await asyncio.gather(sees(view, 10), sees(there, 10), anna.hears(), ben.hears())
    await anna.set_mic_mute(True)  # cannot be told now
    await plug(house, anna)
    await ben.wait(Event.USER_AUDIO_AVAILABLE, user_id="anna", is_audio_available=False)
    assert (anna.state, ben.state, anna.call_id) == (IN_CALL, IN_CALL, call_id)
    for guest in (anna, ben):
        assert not guest.all(Event.CALL_END)
        assert not guest.all(Event.USER_LEAVE)
    await ben.send_text("did you hear me all the time?")
    await anna.wait(Event.TEXT)
    await asyncio.gather(sees(view), sees(there))


async def test_a_wire_that_is_only_slow_ends_nothing(house: House) -> None:
    anna, ben = await house.clients("anna", "ben")
    await connect(anna, ben)
    anna.wire.delay = 0.15
    await anna.send_text("slowly")
    await ben.wait(Event.TEXT)
    anna.wire.freeze()
    await asyncio.sleep(0.5)
    anna.wire.thaw()
    await house.settle()
    assert (anna.state, ben.state) == (IN_CALL, IN_CALL)
    assert not anna.all(Event.CONNECTION_STATE)[1:]


@pytest.mark.parametrize("heard", [True, False], ids=["it rang", "it never arrived"])
async def test_an_invitation_that_is_alive_is_delivered_again(house: House, heard: bool) -> None:
    anna, ben = await house.clients("anna", "ben")
    await hub_is(ben, "connected")
    if heard:
        call_id = await ring(anna, ben)
    else:
        ben.wire.freeze(up=False)
        call_id = await anna.call("ben")
    ben.wire.cut()
    ben.wire.thaw()
    await hub_is(ben, "connected")
    if not heard:
        await ben.wait(Event.INVITED, invite_id=call_id)
    await house.settle()
    assert (ben.state, ben.call_id) == (State.RINGING, call_id)
    assert len(ben.all(Event.INVITED)) == len(anna.all(Event.RINGING)) == 1
    await ben.accept()
    await anna.wait(Event.USER_ACCEPT)


async def test_who_rings_out_may_lose_the_hub_too(house: House) -> None:
    """What happened meanwhile is told afterwards."""
    anna, ben = await house.clients("anna", "ben")
    await anna.call("ben")
    await unplug(anna)
    await ben.wait(Event.INVITED)
    await ben.accept()
    await plug(house, anna)
    await anna.wait(Event.USER_ACCEPT, user_id="ben")
    assert (anna.state, ben.state) == (IN_CALL, IN_CALL)


@pytest.mark.parametrize(("connected", "reason"), [(True, Reason.HANGUP), (False, Reason.CANCELED)])
async def test_a_call_that_ended_meanwhile(house: House, connected: bool, reason: Reason) -> None:
    anna, ben = await house.clients("anna", "ben")
    call_id = await (connect if connected else ring)(anna, ben)
    await unplug(ben)
    await anna.hangup()
    await anna.settled()
    assert ben.call_id == call_id
    await plug(house, ben)
    told = {"invite_id": call_id, "user_id": "anna", "call_end": 0, "reason": reason}
    assert await ben.ended() == told
    if not connected:
        await ben.wait(Event.CALLING_CANCEL, user_id="anna")
    assert ben.state is State.IDLE


@pytest.mark.usefixtures("hasty")
async def test_who_does_not_come_back_is_lost(house: House) -> None:
    anna, ben = await house.clients("anna", "ben")
    await connect(anna, ben)
    await unplug(ben)
    assert await anna.wait(Event.USER_LEAVE) == {"user_id": "ben", "reason": "lost"}
    for guest in (anna, ben):
        assert (await guest.ended())["reason"] == "lost"
    await plug(house, ben)
    await connect(anna, ben)


@pytest.mark.usefixtures("hasty")
async def test_out_of_a_group_and_back(house: House) -> None:
    """It is out for the others to see, and it comes back by itself, with picture and sound."""
    anna, ben, cleo = guests = await house.clients("anna", "ben", "cleo", media=True)
    views = [await a.watch(b.user) for a in guests for b in guests if a is not b]
    call_id = await anna.group_call(["ben", "cleo"])
    for guest in (ben, cleo):
        await guest.wait(Event.INVITED)
        await guest.accept()
        await anna.wait(Event.USER_ACCEPT, user_id=guest.user)
    for view in views:
        await sees(view)
    await unplug(cleo)
    for guest in (anna, ben):
        left = {"user_id": "cleo", "reason": "lost"}
        assert await guest.wait(Event.USER_LEAVE) == left
        assert guest.state is IN_CALL
        await guest.wait(Event.USER_ENTER, user_id="cleo")  # of its accept
    await plug(house, cleo)
    for guest in (anna, ben):
        await guest.wait(Event.USER_ENTER, user_id="cleo")
    await house.settle()
    assert (cleo.state, cleo.call_id) == (IN_CALL, call_id)
    assert sorted(cleo.members) == ["anna", "ben"]
    assert not cleo.all(Event.CALL_END)
    for view in views:
        await sees(view)
    for guest in guests:
        await guest.hears()


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("late", [False, True], ids=["ended meanwhile", "too late"])
async def test_out_of_a_group_and_not_back(house: House, late: bool) -> None:
    anna, ben, cleo = await house.clients("anna", "ben", "cleo")
    await connect(anna, ben)
    await anna.group_call(["cleo"])
    await cleo.wait(Event.INVITED)
    await cleo.accept()
    await ben.wait(Event.USER_ACCEPT)
    await unplug(cleo)
    await ben.wait(Event.USER_LEAVE, user_id="cleo", reason="lost")
    if late:
        assert (await cleo.ended())["reason"] == "lost"
        assert (anna.state, ben.state) == (IN_CALL, IN_CALL)
    await anna.hangup()
    await ben.ended()
    await plug(house, cleo)
    if not late:
        ended = await cleo.ended()
        assert (ended["user_id"], ended["reason"]) == ("anna", "hangup")
    assert cleo.state is State.IDLE


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("connected", [False, True], ids=["ringing", "connected"])
@pytest.mark.parametrize("crash", [False, True], ids=["goodbye", "crash"])
async def test_a_hub_that_begins_anew(house: House, connected: bool, crash: bool) -> None:
    """It knows the call no more: over for both, for the true reason; and the next one works."""
    anna, ben = await house.clients("anna", "ben")
    await (connect if connected else ring)(anna, ben)
    await house.settle()
    if crash:
        await house.crash()
        await house.start()
    else:
        await house.restart()
    for guest in (anna, ben):
        assert (await guest.ended())["reason"] == "lost"
        await online(guest)
    await connect(anna, ben)
