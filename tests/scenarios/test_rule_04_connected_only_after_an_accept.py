"""Rule 4: CONNECTED only after an accept; offline is told at once, ringing when it rings."""

from __future__ import annotations

from intercom import Event, State

from ..media_rig import until
from .house import House, ring


async def test_nobody_is_connected_before_the_accept(house: House) -> None:
    anna, ben = await house.clients("anna", "ben")
    call_id = await anna.call("ben")
    assert anna.state is State.CALLING
    await ben.wait(Event.INVITED)
    await anna.wait(Event.RINGING)
    await house.settle()
    assert (anna.state, ben.state) == (State.CALLING, State.RINGING)
    for guest in (anna, ben):
        for event in (Event.USER_ACCEPT, Event.USER_ENTER, Event.USER_AUDIO_AVAILABLE):
            assert not guest.all(event)
    assert anna.members == ben.members == []
    await ben.accept()
    assert await anna.wait(Event.USER_ACCEPT) == {"invite_id": call_id, "user_id": "ben"}
    assert await anna.wait(Event.USER_ENTER) == {"user_id": "ben"}
    assert await ben.wait(Event.USER_ENTER) == {"user_id": "anna"}
    assert (anna.state, ben.state) == (State.CONNECTED, State.CONNECTED)
    assert (anna.members, ben.members) == (["ben"], ["anna"])


async def test_offline_is_told_at_once(house: House) -> None:
    """However long it might ring: nothing waits for the timeout."""
    anna = await house.client("anna")
    call_id = await anna.call("ben", timeout=300)
    told = {"invite_id": call_id, "user_id_list": ["ben"], "reason": "offline"}
    assert await anna.wait(Event.NO_RESP) == told
    ended = {"invite_id": call_id, "user_id": "ben", "call_end": 0, "reason": "offline"}
    assert await anna.ended() == ended
    assert anna.state is State.IDLE
    assert not anna.all(Event.RINGING)


async def test_who_logged_out_is_offline(house: House) -> None:
    anna, ben = await house.clients("anna", "ben")
    await ben.logout()
    await anna.call("ben")
    assert (await anna.wait(Event.NO_RESP))["reason"] == "offline"


async def test_ringing_is_told_when_it_rings_there(house: House) -> None:
    """Not when the hub has sent the invitation: the callee's line may be bad."""
    anna, ben = await house.clients("anna", "ben")
    ben.wire.freeze()
    call_id = await anna.call("ben")
    await anna.settled()
    assert not anna.all(Event.RINGING)
    ben.wire.thaw()
    assert await anna.wait(Event.RINGING) == {"invite_id": call_id, "user_id": "ben"}
    assert ben.state is State.RINGING


async def test_an_accept_that_has_not_arrived_connects_nobody(house: House) -> None:
    anna, ben = await house.clients("anna", "ben")
    await ring(anna, ben)
    ben.wire.freeze()
    ben.tasks.spawn(ben.accept())
    await anna.settled()
    assert (anna.state, ben.state) == (State.CALLING, State.RINGING)
    ben.wire.thaw()
    await anna.wait(Event.USER_ACCEPT)
    await until(lambda: ben.state is State.CONNECTED)
