"""Rule 9: groups are known by ID; in a conference all join, in first_answer the first has it."""

from __future__ import annotations

import asyncio

import pytest

from intercom import CallingError, Code, Event, State

from .guest import Guest
from .house import House


async def ring_group(house: House, group_id: str, *users: str) -> tuple[Guest, list[Guest], str]:
    """Let the door (or dora) ring a group, of which `users` are at home."""
    members = await house.clients(*users)
    caller = await house.client("door" if group_id == "family" else "fay")
    call_id = await caller.group_call(group_id=group_id)
    for member in members:
        invited = await member.wait(Event.INVITED)
        assert invited["group_id"] == group_id
        assert invited["is_from_group"] is True
        assert sorted(invited["user_id_list"]) == sorted(users)
        await caller.wait(Event.RINGING, user_id=member.user)
    return caller, members, call_id


async def test_the_first_to_accept_has_the_call(house: House) -> None:
    """The others stop ringing at once, and are told who took it."""
    door, [anna, ben, cleo], call_id = await ring_group(house, "family", "anna", "ben", "cleo")
    await ben.accept()
    told = {"invite_id": call_id, "user_id": "ben"}
    assert await door.wait(Event.USER_ACCEPT) == told
    for guest in (anna, cleo):
        assert await guest.wait(Event.ANSWERED_ELSEWHERE) == told
        ended = told | {"call_end": 0, "reason": "answered_elsewhere"}
        assert await guest.ended() == ended
        with pytest.raises(CallingError) as refused:
            await guest.accept()
        assert refused.value.code is Code.INVITATION_GONE
    assert (door.members, ben.members) == (["ben"], ["door"])
    assert door.invitees == []
    await door.hangup()
    assert (await ben.ended())["reason"] == "hangup"


async def test_when_all_accept_at_once_one_has_it(house: House) -> None:
    door, members, _ = await ring_group(house, "family", "anna", "ben", "cleo")
    told = await asyncio.gather(*(m.accept() for m in members), return_exceptions=True)
    winners = [m for m, error in zip(members, told, strict=True) if error is None]
    assert len(winners) == 1, told
    codes = {error.code for error in told if isinstance(error, CallingError)}
    assert codes == {Code.INVITATION_GONE}
    await door.wait(Event.USER_ACCEPT, user_id=winners[0].user)
    for member in members:
        if member is not winners[0]:
            assert (await member.ended())["reason"] == "answered_elsewhere"
    assert len(door.all(Event.USER_ACCEPT)) == 1


async def test_in_first_answer_a_refusal_is_for_oneself(house: House) -> None:
    door, [anna, ben], _ = await ring_group(house, "family", "anna", "ben")
    assert (await door.wait(Event.NO_RESP))["user_id_list"] == ["cleo"]
    await anna.reject()
    await door.wait(Event.REJECT, user_id="anna")
    await house.settle()
    assert ben.state is State.RINGING
    await ben.accept()
    await door.wait(Event.USER_ACCEPT, user_id="ben")


async def test_in_a_conference_all_join(house: House) -> None:
    fay, [anna, ben, cleo], call_id = await ring_group(house, "office", "anna", "ben", "cleo")
    assert (await fay.wait(Event.NO_RESP))["user_id_list"] == ["dora", "emil"]
    for guest in (anna, ben, cleo):
        await guest.accept()
        await fay.wait(Event.USER_ACCEPT, user_id=guest.user)
    assert sorted(fay.members) == ["anna", "ben", "cleo"]
    assert sorted(cleo.members) == ["anna", "ben", "fay"]
    assert {g.call_id for g in (fay, anna, ben, cleo)} == {call_id}


async def test_the_last_place_ends_the_ringing(house: House) -> None:
    """Four can be in it; who comes after that is told why, and may come when there is room."""
    users = ("anna", "ben", "cleo", "dora", "emil")
    fay, [anna, ben, cleo, dora, emil], call_id = await ring_group(house, "office", *users)
    for guest in (anna, ben, cleo):
        await guest.accept()
        await fay.wait(Event.USER_ACCEPT, user_id=guest.user)
    for guest in (dora, emil):
        assert (await guest.ended())["reason"] == "answered_elsewhere"
    with pytest.raises(CallingError) as refused:
        await dora.join(call_id)
    assert refused.value.code is Code.CALL_FULL
    await anna.hangup()
    await fay.wait(Event.USER_LEAVE, user_id="anna")
    assert await dora.join(call_id) == call_id
    await fay.wait(Event.USER_ENTER, user_id="dora")
    assert dora.state is State.CONNECTED
    assert sorted(dora.members) == ["ben", "cleo", "fay"]


async def test_who_refused_may_join_late(house: House) -> None:
    fay, [anna, ben], call_id = await ring_group(house, "office", "anna", "ben")
    await anna.accept()
    await fay.wait(Event.USER_ACCEPT)
    await ben.reject()
    await ben.ended()
    stranger = await house.client("door")
    with pytest.raises(CallingError) as refused:
        await stranger.join(call_id)
    assert refused.value.code is Code.NOT_PERMITTED
    with pytest.raises(CallingError) as refused:
        await stranger.join("no-such-call")
    assert refused.value.code is Code.INVITATION_GONE
    emil = await house.client("emil")  # of the group, and was not at home when it rang
    for guest in (ben, emil):
        await guest.join(call_id)
        for other in (fay, anna):
            await other.wait(Event.USER_ENTER, user_id=guest.user)
    assert sorted(emil.members) == ["anna", "ben", "fay"]


async def test_some_members_of_a_group(house: House) -> None:
    fay, anna, ben = await house.clients("fay", "anna", "ben")
    await fay.group_call(["anna"], group_id="family")
    assert (await anna.wait(Event.INVITED))["group_id"] == "family"
    await house.settle()
    assert not ben.all(Event.INVITED)


@pytest.mark.parametrize(
    ("group_id", "users", "code"),
    [
        ("nobodys", [], Code.UNKNOWN_GROUP),
        ("family", ["dora"], Code.BAD_PARAMETER),
        ("no group", [], Code.BAD_PARAMETER),
        ("", [], Code.BAD_PARAMETER),
        ("", ["anna", "fay"], Code.BAD_PARAMETER),
        ("", ["anna", "nobody"], Code.UNKNOWN_USER),
    ],
)
async def test_what_is_no_group(house: House, group_id: str, users: list[str], code: Code) -> None:
    """Refused as a whole: nobody rings."""
    fay, anna = await house.clients("fay", "anna")
    with pytest.raises(CallingError) as refused:
        await fay.group_call(users, group_id=group_id)
    assert refused.value.code is code
    await house.settle()
    assert fay.state is State.IDLE
    assert not anna.all(Event.INVITED)


async def test_who_may_ring_the_group_need_not_be_allowed_each_member(house: House) -> None:
    door, cleo = await house.clients("door", "cleo")
    with pytest.raises(CallingError) as refused:
        await door.call("cleo")
    assert refused.value.code is Code.NOT_PERMITTED
    with pytest.raises(CallingError, match="may_call") as refused:
        await door.group_call(group_id="office")
    assert refused.value.code is Code.NOT_PERMITTED
    await door.group_call(group_id="family")
    await cleo.wait(Event.INVITED)
