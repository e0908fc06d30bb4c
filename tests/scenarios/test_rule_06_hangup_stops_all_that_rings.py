"""Rule 6: a caller who hangs up stops all that still rings; hangup is legal in every state."""

from __future__ import annotations

import asyncio

import pytest

from intercom import Event, State

from .house import House, connect, ring


async def test_hangup_while_it_rings(house: House) -> None:
    anna, ben = await house.clients("anna", "ben")
    call_id = await ring(anna, ben)
    await anna.hangup()
    told = {"invite_id": call_id, "user_id": "anna"}
    assert await ben.wait(Event.CALLING_CANCEL) == told
    ended = told | {"call_end": 0, "reason": "canceled"}
    assert await anna.ended() == await ben.ended() == ended


@pytest.mark.parametrize("group", ["", "family", "office"], ids=["ad hoc", "first", "conference"])
async def test_hangup_stops_a_group_from_ringing(house: House, group: str) -> None:
    """The original let the other members of a group ring on."""
    fay, *others = await house.clients("fay", "anna", "ben", "cleo")
    users = [guest.user for guest in others]
    call_id = await fay.group_call(users, group_id=group)
    for guest in others:
        await guest.wait(Event.INVITED)
    await fay.hangup()
    for guest in others:
        assert await guest.wait(Event.CALLING_CANCEL) == {"invite_id": call_id, "user_id": "fay"}
        assert (await guest.ended())["reason"] == "canceled"


async def test_hangup_of_who_called_stops_the_rest_and_leaves_the_others_talking(
    house: House,
) -> None:
    anna, ben, cleo, dora = await house.clients("anna", "ben", "cleo", "dora")
    await anna.group_call(["ben", "cleo", "dora"])
    for guest in (ben, cleo):
        await guest.wait(Event.INVITED)
        await guest.accept()
        await anna.wait(Event.USER_ACCEPT, user_id=guest.user)
    await dora.wait(Event.INVITED)
    await anna.hangup()
    await dora.wait(Event.CALLING_CANCEL, user_id="anna")
    assert (await dora.ended())["reason"] == "canceled"
    for guest in (ben, cleo):
        assert (await guest.wait(Event.USER_LEAVE))["user_id"] == "anna"
    await house.settle()
    assert (ben.state, cleo.state) == (State.CONNECTED, State.CONNECTED)
    assert (ben.members, cleo.members) == (["cleo"], ["ben"])


async def test_hangup_before_the_hub_has_answered(house: House) -> None:
    """The invitation and the hang-up are on their way together."""
    anna, ben = await house.clients("anna", "ben")
    anna.wire.freeze()
    calling = asyncio.create_task(anna.call("ben"))
    await asyncio.sleep(0)
    assert anna.state is State.CALLING
    await anna.hangup()
    assert not anna.call_id
    anna.wire.thaw()
    await asyncio.gather(calling, return_exceptions=True)
    await house.quiet()
    assert ben.state is State.IDLE
    await connect(anna, ben)


async def test_hangup_is_legal_and_idempotent_in_every_state(house: House) -> None:
    anna, ben = await house.clients("anna", "ben")
    unborn = await house.client("cleo", login=False)

    async def thrice() -> None:
        for _ in range(3):
            await anna.hangup()
        assert anna.state is State.IDLE

    await unborn.hangup()
    await thrice()
    assert not anna.all(Event.CALL_END)
    await ring(anna, ben)
    await thrice()
    await ben.ended()
    await ring(ben, anna)
    await thrice()
    assert (await ben.ended())["reason"] == "reject"
    await connect(anna, ben)
    await thrice()
    assert (await ben.ended())["reason"] == "hangup"
    await ring(ben, anna)
    anna.tasks.spawn(anna.accept())
    await asyncio.sleep(0)
    await thrice()
    await house.quiet()
    ends = [end["invite_id"] for end in anna.all(Event.CALL_END)]
    assert len(ends) == len(set(ends)) == 4


async def test_hangup_without_a_hub(house: House) -> None:
    """It works at once; the other side hears of it when it hears of the loss."""
    anna, ben = await house.clients("anna", "ben")
    await connect(anna, ben)
    anna.wire.unplug()
    await anna.wait(Event.CONNECTION_STATE, user_id="hub", state="reconnecting")
    await anna.hangup()
    assert (await anna.ended())["reason"] == "hangup"
    anna.wire.plug(house.hub.port)
    assert (await ben.ended())["reason"] == "lost"
