"""Rule 7: one accepts, one rejects, one is busy: it goes on; the last one left ends it."""

from __future__ import annotations

from intercom import Event, State

from .guest import Guest
from .house import House, connect


async def conference(house: House) -> list[Guest]:
    """Anna calls ben, who accepts, cleo, who rejects, and dora, who is busy with emil."""
    anna, ben, cleo, dora, emil = await house.clients("anna", "ben", "cleo", "dora", "emil")
    await connect(dora, emil)
    call_id = await anna.group_call(["ben", "cleo", "dora"])
    busy = {"invite_id": call_id, "sponsor": "anna", "user_id": "dora"}
    assert await anna.wait(Event.LINE_BUSY) == busy
    assert await dora.wait(Event.LINE_BUSY) == busy
    await ben.wait(Event.INVITED)
    await ben.accept()
    await anna.wait(Event.USER_ACCEPT, user_id="ben")
    await cleo.wait(Event.INVITED)
    await cleo.reject()
    return [anna, ben, cleo, dora]


async def test_one_accepts_one_rejects_one_is_busy(house: House) -> None:
    anna, ben, cleo, dora = await conference(house)
    rejected = {"invite_id": anna.call_id, "user_id": "cleo"}
    assert await anna.wait(Event.REJECT) == rejected
    assert await ben.wait(Event.REJECT) == rejected
    assert (await cleo.ended())["reason"] == "reject"
    await house.settle()
    assert (anna.state, ben.state) == (State.CONNECTED, State.CONNECTED)
    assert (anna.members, ben.members) == (["ben"], ["anna"])
    assert anna.invitees == ben.invitees == []
    assert not ben.all(Event.LINE_BUSY)
    assert not dora.all(Event.CALL_END)


async def test_the_last_one_left_ends_it(house: House) -> None:
    anna, ben, *_ = await conference(house)
    await anna.wait(Event.REJECT)
    await anna.hangup()
    assert await ben.wait(Event.USER_LEAVE) == {"user_id": "anna", "reason": "hangup"}
    ended = await ben.ended()
    assert (ended["user_id"], ended["reason"]) == ("anna", "hangup")


async def test_it_goes_on_while_somebody_is_still_rung(house: House) -> None:
    """Ben is alone with who he had added, and who still rings."""
    anna, ben, cleo, dora = await house.clients("anna", "ben", "cleo", "dora")
    await connect(anna, ben)
    await ben.group_call(["cleo", "dora"])
    await cleo.wait(Event.INVITED, sponsor="ben")
    await dora.wait(Event.INVITED, sponsor="ben")
    await anna.hangup()
    await ben.wait(Event.USER_LEAVE, user_id="anna")
    await house.settle()
    assert ben.state is State.CONNECTED
    await cleo.accept()
    await ben.wait(Event.USER_ACCEPT, user_id="cleo")
    await dora.reject()
    await ben.wait(Event.REJECT, user_id="dora")
    assert (ben.members, ben.invitees) == (["cleo"], [])


async def test_it_ends_when_nobody_is_left_to_answer(house: House) -> None:
    """The last of those who ring decides the reason."""
    anna, ben, cleo = await house.clients("anna", "ben", "cleo")
    call_id = await anna.group_call(["ben", "cleo", "dora"])
    told = {"invite_id": call_id, "user_id_list": ["dora"], "reason": "offline"}
    assert await anna.wait(Event.NO_RESP) == told
    await ben.wait(Event.INVITED)
    await ben.reject()
    await anna.wait(Event.REJECT, user_id="ben")
    assert anna.state is State.CALLING
    await cleo.wait(Event.INVITED)
    await cleo.reject(busy=True)
    await anna.wait(Event.LINE_BUSY, user_id="cleo")
    ended = {"invite_id": call_id, "user_id": "cleo", "call_end": 0, "reason": "line_busy"}
    assert await anna.ended() == ended


async def test_each_one_leaves_and_the_others_stay(house: House) -> None:
    guests = await house.clients("anna", "ben", "cleo", "dora")
    anna = guests[0]
    await anna.group_call([guest.user for guest in guests[1:]])
    for guest in guests[1:]:
        await guest.wait(Event.INVITED)
        await guest.accept()
        await anna.wait(Event.USER_ACCEPT, user_id=guest.user)
    while len(guests) > 2:
        leaver = guests.pop(0)
        await leaver.hangup()
        for guest in guests:
            await guest.wait(Event.USER_LEAVE, user_id=leaver.user)
            assert guest.state is State.CONNECTED
            assert sorted(guest.members) == sorted(g.user for g in guests if g is not guest)
    await guests[0].hangup()
    assert (await guests[1].ended())["reason"] == "hangup"
