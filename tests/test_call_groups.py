"""Several in a call: what each word of the hub changes, and what users hear of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from intercom import phases as ph
from intercom import protocol as p
from intercom.call import feed
from intercom.errors import CallingError, Code
from intercom.events import Event
from intercom.protocol import RETURN_GRACE, CallType, Reason

from .call_states import (
    ANSWERED,
    CALL,
    CALLED,
    CALLING,
    CONNECTED,
    DIALING,
    GROUP,
    INVITEE,
    JOINING,
    ME,
    OTHER,
    PEER,
    RINGING,
    RINGS,
    THIRD,
    THIRD_IN,
    THIRD_RINGS,
    THREE,
    invited,
    roster,
)

NOW = 107.9
LIST = Event.GROUP_CALL_INVITEE_LIST_UPDATE


def step(phase: ph.Phase, event: ph.Input) -> tuple[Any, list[tuple[Event, dict[str, Any]]]]:
    """The next phase, and what users hear."""
    after, effects = feed(phase, event, NOW)
    return after, [(e.event, e.payload) for e in effects if isinstance(e, ph.Emit)]


def named(event: Event, user: str) -> tuple[Event, dict[str, Any]]:
    """An event that names the call and a user."""
    return (event, {"invite_id": CALL, "user_id": user})


def enters(user: str, video: bool = True, audio: bool = True) -> list[Any]:
    """What is heard of one who comes in."""
    return [
        (Event.USER_ENTER, {"user_id": user}),
        (Event.USER_VIDEO_AVAILABLE, {"user_id": user, "is_video_available": video}),
        (Event.USER_AUDIO_AVAILABLE, {"user_id": user, "is_audio_available": audio}),
    ]


def rung(*users: str) -> tuple[Event, dict[str, Any]]:
    """The list of those that are rung."""
    return (LIST, {"user_id_list": list(users)})


def test_the_hub_names_whom_a_group_rings() -> None:
    invite = p.Invite(1, CALL, CallType.VIDEO, group=True, group_id="ward")
    calling, _ = feed(ph.Idle(), ph.Dialed(invite, ME), NOW)
    assert isinstance(calling, ph.Calling)
    assert (calling.group, calling.entry, calling.invitees) == (True, p.SPONSOR_ENTRY, ())
    calling, heard = step(calling, p.Invitees(CALL, [PEER, THIRD]))
    assert calling.invitees == (PEER, THIRD)
    assert heard == [rung(PEER, THIRD)]
    calling, heard = step(calling, p.Rang(CALL, THIRD, 3))
    assert calling.other(THIRD) == THIRD_RINGS
    assert heard == [named(Event.RINGING, THIRD)]


def test_one_takes_it_and_the_other_still_rings() -> None:
    after, heard = step(replace(DIALING, others=(RINGS, THIRD_RINGS)), p.Accepted(CALL, PEER, 2))
    assert after == replace(GROUP, since=NOW)
    assert heard == [named(Event.USER_ACCEPT, PEER), *enters(PEER)]
    after, heard = step(after, p.Accepted(CALL, THIRD, 3))
    assert after.joined == (ANSWERED, THIRD_IN)
    assert heard == [named(Event.USER_ACCEPT, THIRD), *enters(THIRD)]


@pytest.mark.parametrize(
    ("event", "heard"),
    [
        (p.Rejected(CALL, THIRD), named(Event.REJECT, THIRD)),
        (
            p.Busy(CALL, ME, THIRD),
            (Event.LINE_BUSY, {"invite_id": CALL, "sponsor": ME, "user_id": THIRD}),
        ),
        (
            p.NoResponse(CALL, [THIRD], "timeout"),
            (Event.NO_RESP, {"invite_id": CALL, "user_id_list": [THIRD], "reason": "timeout"}),
        ),
    ],
)
@pytest.mark.parametrize("phase", [GROUP, DIALING])
def test_one_that_does_not_come_is_forgotten(
    phase: ph.Calling | ph.Connected, event: Any, heard: Any
) -> None:
    after, told = step(phase, event)
    assert told == [heard]
    assert after.other(THIRD) is None
    assert after.other(PEER) == phase.other(PEER)


def test_in_a_call_between_two_the_other_side_stays_named() -> None:
    """The screen that tells of the end says who it was with."""
    after, _ = step(CALLING, p.Rejected(CALL, PEER))
    assert after.peer == PEER


def test_a_late_word_about_one_who_is_in_does_not_throw_it_out() -> None:
    after, _ = step(THREE, p.NoResponse(CALL, [THIRD], "timeout"))
    assert after.joined == (ANSWERED, THIRD_IN)


def test_one_leaves_and_the_others_go_on() -> None:
    after, heard = step(THREE, p.Left(CALL, PEER, Reason.HANGUP))
    assert heard == [(Event.USER_LEAVE, {"user_id": PEER, "reason": "hangup"})]
    assert (after.joined, after.peer) == ((THIRD_IN,), THIRD)
    assert step(after, p.Left(CALL, PEER, Reason.HANGUP)) == (after, [])


def test_the_last_one_waits_while_somebody_is_rung() -> None:
    after, _ = step(GROUP, p.Left(CALL, PEER, Reason.HANGUP))
    assert isinstance(after, ph.Connected)
    assert (after.joined, after.invitees) == ((), (THIRD,))


def test_people_are_added_to_a_call_between_two() -> None:
    after, heard = step(CONNECTED, p.Invitees(CALL, [THIRD]))
    assert (after.group, after.invitees) == (True, (THIRD,))
    assert heard == [rung(THIRD)]
    after, heard = step(after, p.Invitees(CALL, []))
    assert (after.group, after.invitees) == (True, ())
    assert heard == [rung()]


def test_the_first_to_answer_a_door_bell_has_a_call_between_two() -> None:
    after, _ = step(DIALING, p.Accepted(CALL, PEER, 2))
    after, heard = step(after, p.Invitees(CALL, [], group=False))
    assert (after.group, after.others) == (False, (ANSWERED,))
    assert heard == [rung()]


def test_who_comes_late_enters_without_having_been_asked() -> None:
    after, heard = step(CALLED, p.Accepted(CALL, THIRD, 5, video=False))
    assert heard == enters(THIRD, video=False)
    assert after.other(THIRD) == replace(THIRD_IN, entry=5, video=False)


def test_a_member_that_moves_to_another_device_gets_a_new_transport_and_does_not_enter() -> None:
    after, heard = step(THREE, p.Accepted(CALL, PEER, 7, audio=False))
    assert after.other(PEER) == replace(ANSWERED, entry=7, audio=False)
    assert heard == enters(PEER, audio=False)[1:]


# -- the whole truth -------------------------------------------------------------------------


def test_an_accept_lets_us_in_with_all_who_are_there() -> None:
    others = p.Present(PEER, 1), p.Present(THIRD, 3, audio=False)
    after, heard = step(
        replace(RINGING, answering=True, group=True),
        roster(CALL, *others, group=True, seconds=5.0),
    )
    assert isinstance(after, ph.Connected)
    assert (after.since, after.group) == (NOW - 5.0, True)
    assert heard == [*enters(PEER), *enters(THIRD, audio=False)]


def test_who_comes_back_hears_what_it_missed() -> None:
    others = p.Present(THIRD, 3, video=False), p.Present("new", 4), p.Present("rung", 5, False)
    after, heard = step(THREE, roster(CALL, *others, group=True))
    assert after.entry == 2
    assert after.since == THREE.since
    assert heard == [
        *enters(THIRD, video=False)[1:],
        *enters("new"),
        (Event.USER_LEAVE, {"user_id": PEER, "reason": "lost"}),
        rung("rung"),
    ]


def test_who_comes_back_unchanged_hears_nothing() -> None:
    others = p.Present(PEER, 2), p.Present(THIRD, 3)
    again = p.Roster(CALL, ME, CallType.VIDEO, 1, list(others), answered=True, group=True)
    assert step(THREE, again) == (THREE, [])


def test_who_rang_out_and_comes_back_hears_that_it_rings_or_was_answered() -> None:
    rings = roster(CALL, p.Present(PEER, 2, joined=False, rang=True), answered=False)
    after, heard = step(replace(CALLING, adrift=True), rings)
    assert isinstance(after, ph.Calling)
    assert after.others == (RINGS,)
    assert heard == [named(Event.RINGING, PEER)]
    assert step(after, rings) == (after, [])
    after, heard = step(after, roster(CALL, p.Present(PEER, 2)))
    assert isinstance(after, ph.Connected)
    assert heard == [named(Event.USER_ACCEPT, PEER), *enters(PEER)]


def test_the_type_that_changed_meanwhile_is_heard_and_kept_to() -> None:
    audio = p.Roster(CALL, PEER, CallType.AUDIO, 2, [p.Present(PEER, 1)], answered=True)
    after, heard = step(CONNECTED, audio)
    assert (after.type, after.video) == (CallType.AUDIO, False)
    assert heard == [(Event.CALL_TYPE_CHANGED, {"old_call_type": 2, "new_call_type": 1})]


# -- joining ---------------------------------------------------------------------------------


def test_joining_a_running_call() -> None:
    joining, effects = feed(ph.Idle(), ph.JoinAsked(4, CALL), NOW)
    assert joining == JOINING
    assert effects == [ph.Send(p.Join(4, CALL))]
    told = roster(CALL, p.Present(PEER, 1), group=True, seconds=60.0, req=4)
    after, heard = step(joining, told)
    assert isinstance(after, ph.Connected)
    assert (after.call_id, after.since, after.video) == (CALL, NOW - 60.0, True)
    assert heard == enters(PEER)


def test_a_refused_join_leaves_us_idle() -> None:
    after, effects = feed(JOINING, ph.JoinFailed(), NOW)
    assert (after, effects) == (ph.Idle(), [])


def test_hanging_up_before_we_are_let_in_leaves_again() -> None:
    idle, _ = feed(JOINING, ph.HungUp(), NOW)
    assert idle == ph.Idle()
    after, effects = feed(idle, roster(req=4), NOW)
    assert (after, effects) == (idle, [ph.Send(p.Hangup(CALL, Reason.LOST, 2))])


@pytest.mark.parametrize("asked", [CALL, OTHER])
def test_the_late_answer_to_an_accept_does_not_let_us_in(asked: str) -> None:
    idle, _ = feed(replace(RINGING, answering=True), ph.HungUp(), NOW)
    joining, _ = feed(idle, ph.JoinAsked(4, asked), NOW)
    late = msgspec.structs.replace(roster(), entry=9)  # the accept gave the part a new number
    after, effects = feed(joining, late, NOW)
    assert (after, effects) == (joining, [ph.Send(p.Hangup(CALL, Reason.LOST, 9))])
    after, _ = feed(joining, roster(asked, req=4), NOW)
    assert isinstance(after, ph.Connected)


def test_joining_ones_own_call_that_still_rings_out() -> None:
    rings = p.Present(PEER, 2, joined=False, rang=True)
    after, heard = step(JOINING, roster(CALL, rings, answered=False, req=4))
    assert isinstance(after, ph.Calling)
    assert (after.others, after.entry, heard) == ((RINGS,), 2, [])


def test_it_rings_while_we_ask_to_be_let_in() -> None:
    after, _ = feed(JOINING, invited(OTHER), NOW)
    assert isinstance(after, ph.Ringing)


@pytest.mark.parametrize("phase", [JOINING, CALLING, RINGING, CONNECTED])
def test_one_thing_at_a_time(phase: ph.Phase) -> None:
    invite = p.Invite(1, OTHER, CallType.VIDEO, [PEER])
    for event in (ph.JoinAsked(4, OTHER), ph.Dialed(invite, ME)):
        with pytest.raises(CallingError) as error:
            feed(phase, event, NOW)
        assert error.value.code is Code.ALREADY_IN_CALL


def test_only_a_groups_call_waits_long_for_the_hub() -> None:
    _, effects = feed(THREE, ph.HubLost(), NOW)
    assert effects == [ph.StartGrace(CALL, RETURN_GRACE)]


def test_what_an_invitee_is_called() -> None:
    assert DIALING.invitees == (PEER, THIRD)
    assert DIALING.peer == INVITEE.user_id
    assert THREE.peer == PEER
    assert replace(THREE, others=()).peer == ME


def test_who_left_can_be_asked_in_again_but_a_late_word_of_the_old_part_is_late() -> None:
    idle, _ = feed(THREE, ph.HungUp(), NOW)
    old = replace_entry(invited(), THREE.entry)
    assert feed(idle, old, NOW) == (idle, [ph.Send(p.Hangup(CALL, Reason.LOST, 1))])
    after, _ = feed(idle, replace_entry(invited(), 7), NOW)
    assert isinstance(after, ph.Ringing)
    assert after.entry == 7


def test_a_sponsor_that_moved_to_another_device_gets_a_new_transport_while_it_rings() -> None:
    moved = msgspec.structs.replace(invited(), sponsor_entry=5)
    after, effects = feed(RINGING, moved, NOW)
    assert isinstance(after, ph.Ringing)
    assert after.others == (replace(RINGING.others[0], entry=5),)
    assert effects == []


def replace_entry(event: p.Invited, entry: int) -> p.Invited:
    """The same invitation to another part in the call."""
    return msgspec.structs.replace(event, entry=entry)
