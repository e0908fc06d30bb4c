"""Rule 8: group_call in a call adds people; the list of invitees is true at any time."""

from __future__ import annotations

from itertools import groupby

import pytest

from intercom import CallingError, CallType, Code, Event, State

from ..media_rig import until
from .guest import Guest, sees
from .house import House, connect, ring


def lists(guest: Guest) -> list[list[str]]:
    """Return the lists of invitees that it was told, in order; each as often as it changed."""
    told = guest.all(Event.GROUP_CALL_INVITEE_LIST_UPDATE)
    return [users for users, _ in groupby(payload["user_id_list"] for payload in told)]


async def test_a_third_is_added_to_a_call_between_two(house: House) -> None:
    anna, ben, cleo = await house.clients("anna", "ben", "cleo")
    call_id = await connect(anna, ben, CallType.AUDIO)
    assert await ben.group_call(["cleo"]) == call_id
    invited = await cleo.wait(Event.INVITED)
    assert (invited["invite_id"], invited["sponsor"]) == (call_id, "ben")
    assert (invited["is_from_group"], invited["call_type"]) == (True, CallType.AUDIO)
    await ben.wait(Event.RINGING, user_id="cleo")
    await cleo.accept()
    for guest in (anna, ben):
        await guest.wait(Event.USER_ACCEPT, user_id="cleo")
        assert guest.state is State.CONNECTED
    assert sorted(cleo.members) == ["anna", "ben"]
    assert not anna.all(Event.RINGING)[1:]
    await cleo.send_text("hello both")
    await anna.wait(Event.TEXT)
    await ben.wait(Event.TEXT)
    await anna.hangup()
    await ben.wait(Event.USER_LEAVE, user_id="anna")
    assert (ben.members, cleo.members) == (["cleo"], ["ben"])


async def test_the_list_of_invitees_only_shrinks_by_answers_and_grows_by_invitations(
    house: House,
) -> None:
    """The original's grew with every call and was never emptied."""
    anna, ben, cleo, dora, emil = await house.clients("anna", "ben", "cleo", "dora", "emil")
    await anna.group_call(["ben", "cleo"])
    await anna.wait(Event.RINGING, user_id="ben")
    await anna.wait(Event.RINGING, user_id="cleo")
    await anna.group_call(["dora", "emil"])
    await until(lambda: len(lists(anna)) == 2)
    await ben.accept()
    await anna.wait(Event.USER_ACCEPT)
    await cleo.reject()
    await anna.wait(Event.REJECT)
    await emil.accept()
    await anna.wait(Event.USER_ACCEPT, user_id="emil")
    await dora.reject(busy=True)
    await anna.wait(Event.LINE_BUSY)
    await house.settle()
    first = [["ben", "cleo"], ["ben", "cleo", "dora", "emil"]]
    rest = [["cleo", "dora", "emil"], ["dora", "emil"], ["dora"], []]
    assert lists(anna) == first + rest
    assert lists(ben) == rest
    assert anna.invitees == ben.invitees == emil.invitees == []
    await anna.hangup()
    await ben.hangup()
    await emil.ended()
    await anna.group_call(["ben"])
    await house.settle()
    assert lists(anna)[-1] == ["ben"]


async def test_who_is_in_it_already_is_not_rung_again(house: House) -> None:
    anna, ben, cleo = await house.clients("anna", "ben", "cleo")
    await connect(anna, ben)
    await anna.group_call(["ben", "cleo"])
    await cleo.wait(Event.INVITED)
    await anna.group_call(["ben", "cleo"])
    await house.settle()
    assert len(ben.all(Event.INVITED)) == len(cleo.all(Event.INVITED)) == 1
    assert anna.invitees == ["cleo"]


async def test_added_in_vain(house: House) -> None:
    """The call goes on, whether those who were added are offline, busy or say no."""
    anna, ben, cleo, dora = await house.clients("anna", "ben", "cleo", "dora")
    await connect(anna, ben)
    await ring(cleo, dora)
    await ben.group_call(["dora", "emil"])
    assert (await ben.wait(Event.NO_RESP))["user_id_list"] == ["emil"]
    assert (await ben.wait(Event.LINE_BUSY))["user_id"] == "dora"
    await house.settle()
    assert (anna.state, ben.state, dora.state) == (
        State.CONNECTED,
        State.CONNECTED,
        State.RINGING,
    )
    with pytest.raises(CallingError) as refused:
        await ben.group_call(["nobody"])
    assert refused.value.code is Code.UNKNOWN_USER
    await house.settle()
    assert not anna.all(Event.CALL_END)


async def test_all_three_see_and_hear_each_other(house: House) -> None:
    anna, ben, cleo = guests = await house.clients("anna", "ben", "cleo", media=True)
    views = [await a.watch(b.user) for a in guests for b in guests if a is not b]
    await connect(anna, ben)
    await anna.group_call(["cleo"])
    await cleo.wait(Event.INVITED)
    await cleo.accept()
    for view in views:
        await sees(view)
    for guest in guests:
        await guest.hears()
