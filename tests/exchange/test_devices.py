"""A user with several devices: all ring, one has the call."""

from __future__ import annotations

import msgspec
import pytest

from intercom import protocol as p
from intercom.errors import Code
from intercom.hub import logins
from intercom.protocol import LOST_GRACE, CallType, Reason

from .rig import C1, C2, PHONE, TABLET, Hub, invite, ring_mum

VIDEO = CallType.VIDEO
BODY = msgspec.Raw(b'{"kind":"offer"}')


@pytest.fixture
def ringing(hub: Hub) -> Hub:
    """The kitchen rings mum's phone and tablet; the phone was the first to say so."""
    return ring_mum(hub)


@pytest.fixture
def connected(ringing: Hub) -> Hub:
    """The kitchen talks with mum, at her phone."""
    ringing.do(PHONE, p.Accept(2, C1))
    ringing.hush()
    return ringing


def test_all_ring_and_the_inviter_hears_it_once(hub: Hub) -> None:
    hub.do("indoor", invite("mum"))
    invited = p.Invited(C1, "indoor", ["mum"], VIDEO, 30, 2, 1, name="Kitchen")
    assert hub.news(PHONE) == hub.news(TABLET) == [invited]
    hub.do(TABLET, p.Ringing(C1))
    hub.do(PHONE, p.Ringing(C1))
    assert hub.news("indoor") == [p.Ok(1), p.Rang(C1, "mum", 2)]


@pytest.mark.parametrize(
    ("takes", "other", "entry"), [(PHONE, TABLET, 2), (TABLET, PHONE, 3)], ids=["phone", "tablet"]
)
def test_the_first_to_accept_has_it(ringing: Hub, takes: str, other: str, entry: int) -> None:
    """At the device that has no transports yet they are made anew: a higher entry says so."""
    ringing.do(takes, p.Accept(2, C1))
    assert ringing.news("indoor") == [p.Accepted(C1, "mum", entry)]
    assert ringing.news(other) == [p.Ended(C1, "mum", Reason.ANSWERED_ELSEWHERE, 0)]
    ok, roster = ringing.news(takes)
    assert ok == p.Ok(2)
    assert isinstance(roster, p.Roster)
    assert roster.entry == entry
    assert ringing.refused(other, p.Accept(3, C1)) is Code.INVITATION_GONE
    for message in (
        p.Hangup(C1),
        p.Reject(C1),
        p.Ringing(C1),
        p.Available(C1, video=False, audio=False),
        p.Signal(C1, "indoor", 3, BODY),
    ):
        ringing.do(other, message)
    assert ringing.silent()
    ringing.do("indoor", p.Hangup(C1))
    assert ringing.news(other) == []
    assert ringing.one(takes, p.Ended).reason is Reason.HANGUP


def test_a_reject_at_one_is_the_users(ringing: Hub) -> None:
    ringing.do(TABLET, p.Reject(C1))
    assert ringing.news(PHONE) == [p.Ended(C1, "mum", Reason.REJECT, 0)]
    assert ringing.news("indoor") == [
        p.Rejected(C1, "mum"),
        p.Ended(C1, "mum", Reason.REJECT, 0),
    ]
    assert ringing.news(TABLET) == []


@pytest.mark.parametrize("how", ["socket", "process", "bye", "failure"])
def test_one_that_is_lost_changes_nothing_while_another_rings(ringing: Hub, how: str) -> None:
    match how:
        case "socket":
            ringing.lose(TABLET)
        case "process":
            ringing.back(TABLET)  # it knows of no call any more: it has refused it
        case "bye":
            ringing.do(TABLET, p.Bye())
        case "failure":
            ringing.do(TABLET, p.Hangup(C1, Reason.ERROR))
    ringing.wait(LOST_GRACE + 1)
    assert [type(message) for message in ringing.news(TABLET)] in ([], [p.Welcome])
    assert ringing.silent()
    ringing.do(PHONE, p.Accept(2, C1))
    assert ringing.one("indoor", p.Accepted).user_id == "mum"


def test_when_all_are_lost_the_user_is(ringing: Hub) -> None:
    ringing.lose(TABLET)
    ringing.lose(PHONE)
    ringing.wait(LOST_GRACE)
    assert ringing.one("indoor", p.Ended).reason is Reason.LOST


def test_the_last_one_that_logs_out_rejects(ringing: Hub) -> None:
    ringing.lose(TABLET)
    ringing.do(PHONE, p.Bye())
    assert ringing.one("indoor", p.Ended).reason is Reason.REJECT
    ringing.back(TABLET, C1)
    assert ringing.one(TABLET, p.Ended).reason is Reason.REJECT


def test_the_one_left_without_a_socket_is_waited_for(ringing: Hub) -> None:
    ringing.lose(TABLET)
    ringing.do(PHONE, p.Hangup(C1, Reason.ERROR))
    ringing.wait(LOST_GRACE - 1)
    assert ringing.silent()
    ringing.back(TABLET, C1)
    assert ringing.one(TABLET, p.Invited).timeout == 30 - (LOST_GRACE - 1)
    ringing.wait(LOST_GRACE)
    assert ringing.silent()


def test_a_device_that_comes_while_it_rings_rings_too(ringing: Hub) -> None:
    ringing.wait(10)
    ringing.login("mum/3")
    assert ringing.one("mum/3", p.Invited).timeout == 20
    ringing.do("mum/3", p.Accept(2, C1))
    assert ringing.one(PHONE, p.Ended).reason is Reason.ANSWERED_ELSEWHERE


def test_one_that_comes_back_late_hears_that_it_was_answered(ringing: Hub) -> None:
    ringing.lose(TABLET)
    ringing.do(PHONE, p.Accept(2, C1))
    ringing.back(TABLET, C1)
    welcome, end = ringing.news(TABLET)
    assert isinstance(welcome, p.Welcome)
    assert welcome.call_id == C1
    assert end == p.Ended(C1, "mum", Reason.ANSWERED_ELSEWHERE, 0)


def test_a_login_kicks_nobody_and_loses_no_call(connected: Hub) -> None:
    connected.login("mum/3")
    assert [type(message) for message in connected.news("mum/3")] == [p.Welcome]
    assert connected.silent()
    assert connected.closed == []
    assert connected.refused("mum/3", invite("ann", call_id=C2)) is Code.ALREADY_IN_CALL
    connected.lose("mum/3")
    connected.do(TABLET, p.Bye())
    connected.wait(60)
    assert connected.silent()


def test_but_not_without_a_limit(connected: Hub) -> None:
    for number in range(3, logins.DEVICES_MAX + 1):
        connected.login(f"mum/{number}")
    assert connected.closed == []
    connected.login("mum/one more")
    [kicked] = connected.news(TABLET)  # the oldest but for the phone, which is in the call
    assert isinstance(kicked, p.Kicked)
    assert "at most 8" in kicked.reason
    assert connected.closed == [connected.sockets[TABLET]]
    assert "mum" in connected.exchange.claims


def test_a_busy_user_is_told_where_it_is_in_a_call(connected: Hub) -> None:
    connected.do("ann", invite("mum", call_id=C2))
    assert connected.news(PHONE) == [p.Busy(C2, "ann", "mum", to_callee=True)]
    assert connected.news(TABLET) == []


@pytest.mark.parametrize("call_id", [C1, ""])
def test_another_device_takes_the_call_over(connected: Hub, call_id: str) -> None:
    """The answer says which question it answers: a roster may come for other reasons."""
    connected.wait(8)
    connected.do(TABLET, p.Join(7, call_id, video=False))
    assert connected.news(PHONE) == [p.Ended(C1, "mum", Reason.ANSWERED_ELSEWHERE, 8)]
    assert connected.news("indoor") == [p.Accepted(C1, "mum", 3, video=False)]
    roster, ok = connected.news(TABLET)
    assert isinstance(roster, p.Roster)
    assert (roster.entry, roster.seconds, roster.req, ok) == (3, 8, 7, p.Ok(7))
    connected.do(PHONE, p.Hangup(C1))
    connected.lose(PHONE)
    connected.wait(60)
    assert connected.silent()


def test_a_call_of_a_dead_device_can_be_taken_over(connected: Hub) -> None:
    connected.lose(PHONE)
    connected.do(TABLET, p.Join(7))
    connected.wait(60)
    assert [type(message) for message in connected.news("indoor")] == [p.Accepted]
    connected.back(PHONE, C1)
    assert [type(message) for message in connected.news(PHONE)] == [p.Welcome]


def test_who_is_rung_learns_where_its_inviter_has_gone(hub: Hub) -> None:
    hub.do(PHONE, invite("ann", early_media=True))
    hub.do("ann", p.Ringing(C1))
    hub.hush()
    hub.do(TABLET, p.Join(7))
    assert hub.one("ann", p.Invited).sponsor_entry == 3
    roster = hub.one(TABLET, p.Roster)
    assert not roster.answered
    # It need not say again that it rings: the new device sets its transport up at once.
    assert roster.others == [p.Present("ann", 2, joined=False, rang=True, early=True)]
    hub.do("ann", p.Accept(2, C1))
    assert hub.one(TABLET, p.Accepted).user_id == "ann"
    assert [type(message) for message in hub.news(PHONE)] == [p.Ended]


def test_a_call_that_rings_must_be_named_to_be_joined(hub: Hub) -> None:
    """Without a name it is one's own at another device, never a stranger's that calls just now."""
    hub.do("indoor", invite("mum"))
    assert hub.refused(TABLET, p.Join(7)) is Code.INVITATION_GONE
    hub.do(TABLET, p.Join(8, C1))
    assert hub.one("indoor", p.Accepted).user_id == "mum"


@pytest.mark.parametrize("by", [PHONE, "indoor"])
def test_a_take_over_fails_the_switch_that_its_user_asked_for(connected: Hub, by: str) -> None:
    connected.do("indoor", p.SwitchType(5, C1, CallType.AUDIO))
    connected.do(by, p.SwitchType(6, C1, VIDEO))
    connected.hush()
    connected.do(TABLET, p.Join(7))
    failed = [type(m) for m in connected.news(PHONE)]
    connected.do("indoor", p.SwitchAnswer(C1, allow=True))
    if by == PHONE:
        assert failed == [p.Error, p.Ended]
        assert not {("switch", C1)} & connected.timers.keys()
        assert p.TypeChanged(C1, CallType.AUDIO, VIDEO) not in connected.news(TABLET)
    else:  # the one that is asked is asked again, where it is now
        assert failed == [p.Ended]
        assert connected.one(TABLET, p.TypeAsked).user_id == "indoor"
        connected.do(TABLET, p.SwitchAnswer(C1, allow=True))
        assert connected.one("indoor", p.Ok).req == 6


def test_glare_with_a_user_of_several_devices(ringing: Hub) -> None:
    ringing.do(TABLET, invite("indoor", call_id=C2))
    assert ringing.news(PHONE) == [p.Ended(C1, "mum", Reason.ANSWERED_ELSEWHERE, 0)]
    merged = ringing.one(TABLET, p.Merged)
    assert (merged.entry, merged.user_entry) == (3, 1)
    assert ringing.one("indoor", p.Merged).user_entry == 3


def test_a_device_is_in_a_call_or_not(connected: Hub) -> None:
    """By that the hub knows how often it must hear from it."""
    assert connected.exchange.in_call(connected.sockets[PHONE])
    assert not connected.exchange.in_call(connected.sockets[TABLET])
    assert not connected.exchange.in_call(0)
