"""Joining a call late, and coming back into it after a loss."""

from __future__ import annotations

import pytest

from intercom import protocol as p
from intercom.errors import Code
from intercom.hub import calls as hc
from intercom.hub.keys import Keys
from intercom.protocol import LOST_GRACE, RETURN_GRACE, CallType, Reason

from .rig import C1, C2, Hub, house, invite, parties

VIDEO = CallType.VIDEO


@pytest.fixture
def three(hub: Hub) -> Hub:
    """The desk talks with ann and bob, of the ward; cem and mum did not want to."""
    hub.do("desk", invite(group=True, group_id="ward"))
    for user in ("ann", "bob"):
        hub.do(user, p.Accept(2, C1))
    hub.do("cem", p.Reject(C1))
    hub.do("mum/1", p.Reject(C1))
    hub.hush()
    return hub


# -- joining late ----------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["cem", "mum/2"])
def test_one_that_was_called_joins_late(three: Hub, who: str) -> None:
    three.wait(9)
    three.do(who, p.Join(7, C1, video=False))
    roster, ok = three.news(who)
    assert ok == p.Ok(7)
    assert isinstance(roster, p.Roster)
    assert (roster.entry, roster.seconds, roster.answered, roster.req) == (6, 9, True, 7)
    assert {other.user_id for other in roster.others} == {"desk", "ann", "bob"}
    user = who.partition("/")[0]
    for other in ("desk", "ann", "bob"):
        assert three.news(other) == [p.Accepted(C1, user, 6, video=False)]
    assert three.silent()


def test_one_that_left_joins_again(three: Hub) -> None:
    three.do("ann", p.Hangup(C1))
    three.wait(5)
    three.do("ann", p.Join(7, C1))
    assert three.one("desk", p.Accepted).entry == 6
    three.wait(5)
    for user in ("ann", "bob"):
        three.do(user, p.Hangup(C1))
    assert parties(three.records[0]) == {
        "ann": (hc.ANSWERED, False, 5),
        "bob": (hc.ANSWERED, False, 10),
        "cem": (Reason.REJECT, False, 0),
        "mum": (Reason.REJECT, False, 0),
    }


def test_one_of_the_group_joins_that_was_not_rung(hub: Hub) -> None:
    hub.do("desk", invite("ann", group=True, group_id="ward"))
    hub.do("bob", p.Join(7, C1))  # the first to be there: that is an answer
    assert hub.one("desk", p.Accepted).user_id == "bob"
    assert hc.AnsweredBy(C1, "bob") in hub.facts
    assert hub.one("bob", p.Roster).others == [
        p.Present("desk", 1),
        p.Present("ann", 2, joined=False),
    ]


def test_joining_what_rings_here_is_an_accept(three: Hub) -> None:
    three.do("desk", p.Add(8, C1, ["cem"]))
    three.hush()
    three.do("cem", p.Join(7, C1))
    assert [type(message) for message in three.news("cem")] == [p.Roster, p.Invitees, p.Ok]
    assert three.news("ann") == [p.Accepted(C1, "cem", 6), p.Invitees(C1, [])]


@pytest.mark.parametrize(
    ("who", "call_id", "code"),
    [
        ("indoor", C1, Code.NOT_PERMITTED),
        ("cem", C2, Code.INVITATION_GONE),
        ("cem", "", Code.INVITATION_GONE),
        ("ann", C1, Code.ALREADY_IN_CALL),
        ("ann", "", Code.ALREADY_IN_CALL),
    ],
)
def test_a_join_is_refused(three: Hub, who: str, call_id: str, code: Code) -> None:
    assert three.refused(who, p.Join(7, call_id)) is code


def test_nobody_joins_a_call_between_two_or_from_another_call(three: Hub) -> None:
    three.do("cem", invite("indoor", call_id=C2))
    assert three.refused("cem", p.Join(7, C1)) is Code.ALREADY_IN_CALL
    three.do("indoor", p.Accept(2, C2))
    three.do("mum/1", p.Ping())
    assert three.refused("mum/1", p.Join(7, C2)) is Code.INVITATION_GONE


def test_a_full_call_takes_nobody_else(keys: Keys) -> None:
    hub = house(keys, group_max=3)
    hub.do("desk", invite("ann", "bob", "cem", group=True))
    hub.do("cem", p.Reject(C1))
    for user in ("ann", "bob"):
        hub.do(user, p.Accept(2, C1))
    assert hub.refused("cem", p.Join(7, C1)) is Code.CALL_FULL
    hub.do("ann", p.Hangup(C1))
    hub.do("cem", p.Join(7, C1))


# -- lost, and back --------------------------------------------------------------------------


def test_back_within_the_grace_nobody_notices(three: Hub) -> None:
    three.lose("ann")
    three.wait(LOST_GRACE - 1)
    three.back("ann", C1)
    welcome, roster = three.news("ann")
    assert isinstance(welcome, p.Welcome)
    assert isinstance(roster, p.Roster)
    assert (welcome.call_id, roster.entry) == (C1, 2)
    assert three.silent()


@pytest.mark.parametrize("after", [LOST_GRACE + 1, RETURN_GRACE - 1])
def test_one_that_was_lost_comes_back(three: Hub, after: float) -> None:
    three.do("ann", p.Available(C1, video=False, audio=True))
    three.hush()
    three.lose("ann")
    three.wait(after)
    left = p.Left(C1, "ann", Reason.LOST)
    assert three.news("desk") == three.news("bob") == [left]
    three.back("ann", C1)
    welcome, roster = three.news("ann")
    assert isinstance(welcome, p.Welcome)
    assert isinstance(roster, p.Roster)
    assert (welcome.call_id, roster.entry, roster.req) == (C1, 6, 0)
    again = [p.Accepted(C1, "ann", 6, video=False)]
    assert three.news("desk") == three.news("bob") == again
    three.wait(RETURN_GRACE)
    assert three.silent()


def test_an_earlier_end_is_not_told_to_one_that_is_in_again(three: Hub) -> None:
    three.do("desk", p.Add(8, C1, ["cem"], timeout=1))
    three.wait(1)
    assert three.one("cem", p.Ended).reason is Reason.NO_RESPONSE
    three.do("cem", p.Join(9, C1))
    three.hush()
    three.back("cem", C1)
    assert [type(message) for message in three.news("cem")] == [p.Welcome, p.Roster]


def test_but_not_for_ever(three: Hub) -> None:
    three.lose("ann")
    three.wait(RETURN_GRACE)
    three.back("ann", C1)
    assert three.one("ann", p.Welcome).call_id == ""
    three.do("ann", p.Join(1, C1))  # as anybody who was in it


@pytest.mark.parametrize("how", ["guessed", "another client", "another call"])
def test_only_the_same_client_comes_back(three: Hub, how: str) -> None:
    three.lose("ann")
    three.wait(LOST_GRACE)
    secret = three.secrets["ann"]
    if how == "another client":
        three.login("ann")
    three.login("ann", "guessed" if how == "guessed" else secret, C2 if "call" in how else C1)
    assert three.one("ann", p.Welcome).call_id == ""
    assert "ann" not in three.exchange.claims
    assert not {("away", "ann")} & three.timers.keys()


def test_one_that_was_lost_hears_how_it_ended(three: Hub) -> None:
    three.lose("ann")
    three.wait(10)
    three.do("bob", p.Hangup(C1))
    three.back("ann", C1)
    welcome, end = three.news("ann")
    assert isinstance(welcome, p.Welcome)
    assert welcome.call_id == C1
    assert end == p.Ended(C1, "bob", Reason.HANGUP, 10)


def test_the_place_of_one_that_was_lost_may_be_taken(keys: Keys) -> None:
    hub = house(keys, group_max=3)
    hub.do("desk", invite("ann", "bob", group=True))
    for user in ("ann", "bob"):
        hub.do(user, p.Accept(2, C1))
    hub.lose("ann")
    hub.wait(LOST_GRACE)
    hub.do("desk", p.Add(3, C1, ["cem"]))
    hub.do("cem", p.Accept(2, C1))
    hub.back("ann", C1)
    assert hub.one("ann", p.Welcome).call_id == ""


def test_one_that_was_lost_and_is_in_another_call_does_not_come_back(three: Hub) -> None:
    three.lose("ann")
    three.wait(LOST_GRACE)
    three.login("ann")
    three.do("indoor", invite("ann", call_id=C2))
    assert three.exchange.claims["ann"] == C2
    assert not {("away", "ann")} & three.timers.keys()


def test_a_lost_one_that_two_were_left_without_ends_the_call(connected: Hub) -> None:
    connected.lose("indoor")
    connected.wait(LOST_GRACE)
    connected.back("indoor", C1)
    assert connected.one("indoor", p.Welcome).call_id == ""
