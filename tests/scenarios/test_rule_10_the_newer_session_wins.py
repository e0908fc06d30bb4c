"""Rule 10: the newer session wins, and the older one's media stops; or all devices ring."""

from __future__ import annotations

import asyncio

import pytest

from intercom import CallingError, Code, Event, State

from ..media_rig import until
from .guest import Guest, sees
from .house import House, connect, ring


@pytest.mark.parametrize("state", ["idle", "calling", "ringing", "connected"])
async def test_the_older_session_is_kicked_out(house: House, state: str) -> None:
    anna, ben = await house.clients("anna", "ben")
    if state != "idle":
        callers = (ben, anna) if state == "calling" else (anna, ben)
        await (connect if state == "connected" else ring)(*callers)
    newer = await house.client("ben")
    assert "elsewhere" in (await ben.wait(Event.KICKED_OUT))["reason"]
    await ben.wait(Event.CONNECTION_STATE, user_id="hub", state="lost")
    if state != "idle":
        assert (await ben.ended())["reason"] == "kicked"
    if state == "ringing":  # who calls ben calls the newer one: rule 13
        await newer.wait(Event.INVITED, sponsor="anna")
        await newer.reject()
    if state != "idle":
        await anna.ended()
    assert (anna.state, ben.state, newer.state) == (State.IDLE, State.IDLE, State.IDLE)
    async with asyncio.timeout(5):  # at once, and not when the hub's answer is overdue
        with pytest.raises(CallingError) as refused:
            await ben.call("anna")
    assert refused.value.code is Code.HUB_UNREACHABLE
    await connect(anna, newer)
    await house.settle()
    assert not [end for end in ben.all(Event.CALL_END) if end["invite_id"] == newer.call_id]


async def test_its_media_stops(house: House) -> None:
    """In the original the older one was heard and seen on."""
    anna, ben = await house.clients("anna", "ben", media=True)
    view, there = await anna.watch("ben"), await ben.watch("anna")
    await connect(anna, ben)
    await asyncio.gather(sees(view), sees(there), anna.hears())
    await house.client("ben", media=True)
    await ben.wait(Event.KICKED_OUT)
    assert (await anna.ended())["reason"] == "kicked"
    await until(lambda: not ben.sending and not anna.sending)
    seen, shown = view.count, there.count
    await asyncio.sleep(0.3)
    assert (view.count, there.count) == (seen, shown)
    assert not ben.mesh.stats()


async def three_phones(house: House) -> tuple[Guest, list[Guest], str]:
    """Anna calls fay, who has three devices, and all ring."""
    anna = await house.client("anna")
    phones = await house.clients("fay", "fay", "fay")
    call_id = await anna.call("fay")
    for phone in phones:
        assert (await phone.wait(Event.INVITED))["invite_id"] == call_id
    await anna.wait(Event.RINGING)
    return anna, phones, call_id


async def test_all_devices_ring_and_the_first_to_accept_has_it(house: House) -> None:
    anna, [hall, desk, cell], call_id = await three_phones(house)
    await desk.accept()
    told = {"invite_id": call_id, "user_id": "fay"}
    assert await anna.wait(Event.USER_ACCEPT) == told
    for phone in (hall, cell):
        assert await phone.wait(Event.ANSWERED_ELSEWHERE) == told
        assert (await phone.ended())["reason"] == "answered_elsewhere"
        with pytest.raises(CallingError) as refused:
            await phone.accept()
        assert refused.value.code is Code.INVITATION_GONE
    await house.settle()
    assert (anna.state, desk.state) == (State.CONNECTED, State.CONNECTED)
    assert len(anna.all(Event.RINGING)) == 1
    assert not hall.all(Event.KICKED_OUT)
    with pytest.raises(CallingError) as refused:
        await hall.call("ben")
    assert refused.value.code is Code.ALREADY_IN_CALL
    await desk.hangup()
    assert (await anna.ended())["reason"] == "hangup"


async def test_when_all_devices_accept_at_once_one_has_it(house: House) -> None:
    anna, phones, _ = await three_phones(house)
    told = await asyncio.gather(*(phone.accept() for phone in phones), return_exceptions=True)
    assert [error is None for error in told].count(True) == 1, told
    await anna.wait(Event.USER_ACCEPT)
    await until(lambda: sum(p.state is State.CONNECTED for p in phones) == 1)
    assert len(anna.all(Event.USER_ACCEPT)) == 1


async def test_one_device_refuses_for_all(house: House) -> None:
    anna, [hall, desk, cell], _ = await three_phones(house)
    await cell.reject()
    await anna.wait(Event.REJECT, user_id="fay")
    for phone in (hall, desk, cell):
        assert (await phone.ended())["reason"] == "reject"


async def test_a_device_that_dies_leaves_the_others_ringing(house: House) -> None:
    anna, [hall, desk, cell], _ = await three_phones(house)
    hall.die()
    cell.die()
    await house.settle()
    assert (anna.state, desk.state) == (State.CALLING, State.RINGING)
    await desk.accept()
    await anna.wait(Event.USER_ACCEPT)


async def test_a_device_that_logs_out_leaves_the_others_ringing(house: House) -> None:
    """It refuses for itself; the last one that logs out refuses for the user."""
    anna, [hall, desk, cell], _ = await three_phones(house)
    await cell.logout()
    await cell.ended()
    await house.settle()
    assert (anna.state, hall.state, desk.state) == (State.CALLING, State.RINGING, State.RINGING)
    await hall.logout()
    await desk.logout()
    assert (await anna.ended())["reason"] == "reject"


async def test_another_device_takes_the_call_over(house: House) -> None:
    """It moves with picture and sound; for the other side nobody has left."""
    anna, hall, desk = await house.clients("anna", "fay", "fay", media=True)
    view = await anna.watch("fay")
    there = await desk.watch("anna")
    call_id = await anna.call("fay")
    await hall.wait(Event.INVITED)
    await hall.accept()
    await anna.wait(Event.USER_ACCEPT)
    await sees(view)
    assert await desk.join() == call_id
    ended = {"invite_id": call_id, "user_id": "fay", "reason": "answered_elsewhere"}
    assert ended.items() <= (await hall.ended()).items()
    await until(lambda: not hall.sending)
    await asyncio.gather(sees(view), sees(there), anna.hears(), desk.hears())
    assert (anna.state, desk.state) == (State.CONNECTED, State.CONNECTED)
    assert not anna.all(Event.USER_LEAVE)
    assert len(anna.all(Event.USER_ENTER)) == 1
    with pytest.raises(CallingError) as refused:
        await desk.join()
    assert refused.value.code is Code.ALREADY_IN_CALL
