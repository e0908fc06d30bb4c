"""Group calls at the hub: who comes in, who hears of it, and when it ends."""

from __future__ import annotations

import pytest

from intercom import protocol as p
from intercom.errors import Code
from intercom.hub import calls as hc
from intercom.hub.keys import Keys
from intercom.protocol import CallType, Reason

from .rig import C1, C2, Hub, house, invite, parties

VIDEO = CallType.VIDEO


@pytest.fixture
def ringing(hub: Hub) -> Hub:
    """The desk rings ann, bob and cem into a conference."""
    hub.do("desk", invite("ann", "bob", "cem", group=True))
    hub.hush()
    return hub


@pytest.fixture
def conference(ringing: Hub) -> Hub:
    """The desk talks with ann and bob; cem still rings."""
    ringing.do("ann", p.Accept(2, C1))
    ringing.do("bob", p.Accept(2, C1))
    ringing.hush()
    return ringing


@pytest.fixture
def bell(hub: Hub) -> Hub:
    """The door rings the family, of which the first to accept has the call."""
    hub.do("door", invite(group=True, group_id="family", early_media=True))
    hub.hush()
    return hub


def ended(user: str, reason: Reason, seconds: int = 0) -> p.Ended:
    return p.Ended(C1, user, reason, seconds)


# -- the first to answer ---------------------------------------------------------------------


def test_the_first_to_answer_has_the_call(bell: Hub) -> None:
    bell.do("bob", p.Accept(2, C1))
    other = ended("bob", Reason.ANSWERED_ELSEWHERE)
    for device in ("ann", "mum/1", "mum/2"):
        assert bell.news(device) == [other]
    none = p.Invitees(C1, [], group=False)
    assert bell.news("door") == [p.Accepted(C1, "bob", 3), none]
    assert bell.news("bob") == [
        p.Ok(2),
        p.Roster(C1, "door", VIDEO, 3, [p.Present("door", 1)], True, group_id="family"),
        none,
    ]
    assert bell.refused("ann", p.Accept(3, C1)) is Code.INVITATION_GONE
    assert bell.refused("ann", p.Join(3, C1)) is Code.INVITATION_GONE
    assert not bell.timers.keys() & {("ring", user) for user in ("ann", "bob", "mum")}


def test_and_it_is_a_call_between_two_from_then_on(bell: Hub) -> None:
    bell.do("bob", p.Accept(2, C1))
    bell.hush()
    bell.wait(5)
    bell.do("bob", p.Hangup(C1))
    assert bell.news("door") == [
        p.Left(C1, "bob", Reason.HANGUP),
        ended("bob", Reason.HANGUP, 5),
    ]
    [record] = bell.records
    assert record.group_id == "family"
    assert parties(record) == {
        "ann": (Reason.ANSWERED_ELSEWHERE, False, 0),
        "bob": (hc.ANSWERED, False, 5),
        "mum": (Reason.ANSWERED_ELSEWHERE, False, 0),
    }


def test_a_reject_leaves_it_to_the_others(bell: Hub) -> None:
    bell.do("ann", p.Reject(C1))
    assert bell.news("door") == [p.Rejected(C1, "ann"), p.Invitees(C1, ["bob", "mum"])]
    bell.do("bob", p.Reject(C1, busy=True))
    assert bell.news("door") == [p.Busy(C1, "door", "bob"), p.Invitees(C1, ["mum"])]
    bell.wait(30)
    assert bell.news("door") == [
        p.NoResponse(C1, ["mum"], "timeout"),
        ended("mum", Reason.NO_RESPONSE),
    ]
    assert bell.news("mum/1") == bell.news("mum/2") == [ended("mum", Reason.NO_RESPONSE)]
    assert bell.silent()
    [record] = bell.records
    assert {user: what for user, (what, _, _) in parties(record).items()} == {
        "ann": Reason.REJECT,
        "bob": Reason.LINE_BUSY,
        "mum": Reason.NO_RESPONSE,
    }


# -- a conference ----------------------------------------------------------------------------


def test_all_who_accept_come_in(ringing: Hub) -> None:
    ringing.wait(2)
    ringing.do("bob", p.Accept(2, C1, video=False))
    still = p.Invitees(C1, ["ann", "cem"])
    assert ringing.news("desk") == [p.Accepted(C1, "bob", 3, video=False), still]
    rung = [p.Present("ann", 2, joined=False), p.Present("cem", 4, joined=False)]
    others = [p.Present("desk", 1), *rung]
    assert ringing.news("bob") == [
        p.Ok(2),
        p.Roster(C1, "desk", VIDEO, 3, others, answered=True, group=True),
        still,
    ]
    ringing.wait(3)
    ringing.do("ann", p.Accept(2, C1))
    for user in ("desk", "bob"):
        assert ringing.news(user) == [p.Accepted(C1, "ann", 2), p.Invitees(C1, ["cem"])]
    others = [
        p.Present("desk", 1),
        p.Present("bob", 3, video=False),
        p.Present("cem", 4, joined=False),
    ]
    heard = ringing.one("ann", p.Roster)
    assert sorted(heard.others, key=lambda one: one.user_id) == sorted(
        others, key=lambda one: one.user_id
    )
    assert heard.seconds == 3
    assert ringing.silent()


def test_where_it_rings_is_for_who_rings_alone(ringing: Hub) -> None:
    """Others would offer a transport to one who knows nothing of them yet."""
    ringing.do("ann", p.Ringing(C1))
    assert ringing.news("desk") == [p.Rang(C1, "ann", 2)]
    ringing.do("bob", p.Accept(2, C1))
    ann = p.Present("ann", 2, joined=False)
    assert ann in ringing.one("bob", p.Roster).others
    ringing.lose("desk")
    ringing.back("desk", C1)
    assert p.Present("ann", 2, joined=False, rang=True) in ringing.one("desk", p.Roster).others


def test_one_accepts_one_rejects_one_does_not_answer(ringing: Hub) -> None:
    """Rule 7 of the calling contract."""
    ringing.do("ann", p.Accept(2, C1))
    ringing.hush()
    ringing.do("bob", p.Reject(C1))
    for user in ("desk", "ann"):
        assert ringing.news(user) == [p.Rejected(C1, "bob"), p.Invitees(C1, ["cem"])]
    ringing.wait(30)
    none = p.Invitees(C1, [])
    assert ringing.news("desk") == [p.NoResponse(C1, ["cem"], "timeout"), none]
    assert ringing.news("ann") == [none]
    assert ringing.news("cem") == [ended("cem", Reason.NO_RESPONSE)]
    assert C1 in ringing.exchange.calls


def test_with_the_last_place_the_ringing_ends(keys: Keys) -> None:
    hub = house(keys, group_max=2)
    hub.do("desk", invite("ann", "bob", "cem", group=True))
    hub.hush()
    hub.do("cem", p.Accept(2, C1))
    full = ended("cem", Reason.ANSWERED_ELSEWHERE)
    assert hub.news("ann") == hub.news("bob") == [full]
    assert hub.one("desk", p.Invitees).user_ids == []
    assert hub.refused("ann", p.Join(3, C1)) is Code.CALL_FULL
    assert hub.refused("desk", p.Add(3, C1, ["bob"])) is Code.CALL_FULL


def test_who_leaves_does_not_end_it(conference: Hub) -> None:
    conference.do("bob", p.Hangup(C1))
    left = p.Left(C1, "bob", Reason.HANGUP)
    assert conference.news("desk") == conference.news("ann") == [left]
    conference.do("ann", p.Hangup(C1))
    assert conference.news("desk") == [p.Left(C1, "ann", Reason.HANGUP)]
    conference.do("cem", p.Reject(C1))  # the last that rang, and nobody else is in it
    assert conference.news("desk") == [p.Rejected(C1, "cem"), ended("cem", Reason.REJECT)]
    assert conference.silent()


def test_the_sponsor_that_leaves_stops_what_still_rings(conference: Hub) -> None:
    conference.wait(7)
    conference.do("desk", p.Hangup(C1))
    assert conference.news("cem") == [ended("desk", Reason.CANCELED)]
    left = [p.Left(C1, "desk", Reason.HANGUP), p.Invitees(C1, [])]
    assert conference.news("ann") == conference.news("bob") == left
    conference.do("ann", p.Hangup(C1))
    assert conference.news("bob") == [
        p.Left(C1, "ann", Reason.HANGUP),
        ended("ann", Reason.HANGUP, 7),
    ]
    [record] = conference.records
    assert (record.sponsor, record.ended_by, record.duration) == ("desk", "ann", 7)
    assert parties(record) == {
        "ann": (hc.ANSWERED, False, 7),
        "bob": (hc.ANSWERED, False, 7),
        "cem": (Reason.CANCELED, False, 0),
    }


def test_a_sponsor_that_gives_up_stops_all(ringing: Hub) -> None:
    ringing.do("desk", p.Hangup(C1))
    for user in ("ann", "bob", "cem"):
        assert ringing.news(user) == [ended("desk", Reason.CANCELED)]
    assert ringing.silent()
    [record] = ringing.records
    assert record.reason is Reason.CANCELED
    assert not ringing.timers.keys() - {("missed", user) for user in ("ann", "bob", "cem")}


def test_one_that_rings_and_dies_is_out_and_the_call_goes_on(ringing: Hub) -> None:
    ringing.lose("bob")
    ringing.wait(6)
    assert ringing.news("desk") == [
        p.NoResponse(C1, ["bob"], "offline"),
        p.Invitees(C1, ["ann", "cem"]),
    ]
    assert ringing.silent()


def test_a_busy_member_of_it_is_untouched(conference: Hub) -> None:
    conference.do("indoor", invite("ann", call_id=C2))
    assert conference.news("ann") == [p.Busy(C2, "indoor", "ann", to_callee=True)]
    assert conference.one("indoor", p.Ended).reason is Reason.LINE_BUSY


def test_what_a_member_sends_is_told_to_the_others_and_to_whom_it_rings(conference: Hub) -> None:
    conference.do("ann", p.Available(C1, video=False, audio=True))
    told = [p.PeerAvailable(C1, "ann", video=False, audio=True)]
    assert conference.news("desk") == conference.news("bob") == told
    assert conference.silent()
    conference.do("desk", p.Available(C1, video=True, audio=False))
    told = [p.PeerAvailable(C1, "desk", video=True, audio=False)]
    for user in ("ann", "bob", "cem"):
        assert conference.news(user) == told
    conference.do("bob", p.SendText(4, C1, "hi"))
    text = [p.Texted(C1, "bob", "hi")]
    assert conference.news("ann") == conference.news("desk") == text
    assert conference.news("cem") == []
