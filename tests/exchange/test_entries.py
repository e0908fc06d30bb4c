"""What is said late, of a part in a call that is over, does nothing to the next one."""

from __future__ import annotations

import pytest

from intercom import protocol as p
from intercom.errors import Code
from intercom.hub import calls as hc
from intercom.protocol import LOST_GRACE, Reason

from .rig import C1, C2, C3, Hub, connect, invite


@pytest.fixture
def again(hub: Hub) -> Hub:
    """Desk and ann talk; bob did not answer (3), and was called again (4)."""
    hub.do("desk", invite("ann", "bob", group=True, timeout=1))
    hub.do("ann", p.Accept(2, C1))
    hub.wait(1)
    hub.do("desk", p.Add(3, C1, ["bob"]))
    assert hub.exchange.calls[C1].members["bob"].entry == 4
    hub.hush()
    return hub


def test_a_late_refusal_does_nothing(again: Hub) -> None:
    for message in (
        p.Reject(C1, entry=3),
        p.Reject(C1, entry=5),
        p.Hangup(C1, entry=3),
        p.Hangup(C1, Reason.LOST, entry=3),
    ):
        again.do("bob", message)
    assert again.silent()
    assert again.refused("bob", p.Accept(5, C1, entry=3)) is Code.INVITATION_GONE
    again.do("bob", p.Accept(6, C1, entry=4))
    assert again.one("desk", p.Accepted).user_id == "bob"
    again.do("bob", p.Hangup(C1, entry=3))
    assert "bob" in again.exchange.claims
    again.do("bob", p.Hangup(C1, entry=4))
    assert "bob" not in again.exchange.claims


def test_one_that_says_no_number_means_the_present_part(again: Hub) -> None:
    again.do("bob", p.Reject(C1))
    assert again.one("desk", p.Rejected).user_id == "bob"


def test_a_device_means_its_part_by_the_number_that_it_knows(hub: Hub) -> None:
    """The tablet took the call, and hangs up before it hears that its number is 3 now."""
    hub.do("indoor", invite("mum"))
    for device in ("mum/1", "mum/2"):
        hub.do(device, p.Ringing(C1))
    hub.do("mum/2", p.Accept(2, C1, entry=2))
    hub.wait(5)
    hub.do("mum/2", p.Reject(C1, entry=2))
    assert hub.one("indoor", p.Ended).reason is Reason.HANGUP
    # It may have taken the new number for another call that rings, and then for its answer.
    assert hub.one("mum/2", p.Ended) == p.Ended(C1, "mum", Reason.HANGUP, 5)


@pytest.mark.parametrize("message", [p.Reject(C1, 2), p.Hangup(C1, Reason.ERROR, 2)])
@pytest.mark.parametrize("others", [True, False])
def test_one_that_refuses_what_begins_to_ring_anew_hears_that_it_is_over(
    hub: Hub, message: p.Reject | p.Hangup, others: bool
) -> None:
    """The invitation with the new number was on its way to it when it refused the old one."""
    hub.do("indoor", invite("mum"))
    for device in ("mum/1", "mum/2"):
        hub.do(device, p.Ringing(C1))
    if others:
        hub.login("mum/3")
    hub.do("mum/1", p.Hangup(C1, Reason.ERROR, 2))
    assert hub.exchange.calls[C1].members["mum"].entry == 3
    hub.hush()
    hub.do("mum/2", message)
    assert [m.reason for m in hub.news("mum/2") if isinstance(m, p.Ended)] == [Reason.REJECT]


# -- two calls that became one, one of whose callers was away ---------------------------------


def crossed(hub: Hub, first: str, second: str, noticed: bool) -> None:
    """Ann calls bob, is away for a moment, and bob calls her."""
    hub.do("ann", invite("bob", call_id=first))
    if noticed:
        hub.lose("ann")
    hub.do("bob", invite("ann", call_id=second))
    hub.hush()


@pytest.mark.parametrize("noticed", [True, False], ids=["noticed", "not noticed"])
@pytest.mark.parametrize(("first", "second"), [(C1, C2), (C2, C1)])
@pytest.mark.parametrize("who", ["ann", "bob"])
def test_whose_caller_was_away_is_in_it_whichever_id_it_has(
    hub: Hub, first: str, second: str, noticed: bool, who: str
) -> None:
    crossed(hub, first, second, noticed)
    own = first if who == "ann" else second
    hub.back(who, own)
    welcome, *rest = hub.news(who)
    assert isinstance(welcome, p.Welcome)
    assert welcome.call_id == own
    *merged, roster = rest
    assert isinstance(roster, p.Roster)
    assert roster.call_id == C1
    assert roster.answered
    entries = {"ann": 1, "bob": 2}
    other = "bob" if who == "ann" else "ann"
    sponsor = "ann" if first == C1 else "bob"
    again = p.Merged(
        C1, own, other, sponsor, p.CallType.VIDEO, entry=entries[who], user_entry=entries[other]
    )
    assert merged == ([again] if own == C2 else [])
    hub.wait(LOST_GRACE if who == "ann" or not noticed else LOST_GRACE / 2)
    assert set(hub.exchange.calls) == {C1}


@pytest.mark.parametrize(("first", "second"), [(C1, C2), (C2, C1)])
def test_or_it_hears_how_it_ended(hub: Hub, first: str, second: str) -> None:
    crossed(hub, first, second, noticed=True)
    hub.wait(3)
    hub.do("bob", p.Hangup(C1))
    hub.back("ann", first)
    welcome, end = hub.news("ann")
    assert isinstance(welcome, p.Welcome)
    assert welcome.call_id == first
    assert end == p.Ended(first, "bob", Reason.HANGUP, 3)


def test_nobody_comes_back_to_a_call_by_no_id(hub: Hub) -> None:
    connect(hub)
    hub.back("indoor")
    assert hub.one("indoor", p.Welcome).call_id == ""
    assert hub.one("door", p.Ended).reason is Reason.LOST


def test_one_whose_call_was_merged_hangs_up_under_its_own_number(hub: Hub) -> None:
    """Of the part that it has in the other's call it has not heard yet."""
    crossed(hub, C2, C1, noticed=False)
    hub.do("bob", p.Hangup(C1, entry=p.SPONSOR_ENTRY))
    assert hub.one("ann", p.Ended).reason is Reason.HANGUP


# -- a process that starts anew while it rings ------------------------------------------------


@pytest.mark.parametrize("noticed", [True, False], ids=["noticed", "not noticed"])
@pytest.mark.parametrize("rang", [True, False], ids=["it rang", "it had not rung"])
def test_a_new_process_rings_as_the_old_one_did(hub: Hub, noticed: bool, rang: bool) -> None:
    """An invitation still alive is delivered again."""
    hub.do("desk", invite("indoor"))
    if rang:
        hub.do("indoor", p.Ringing(C1))
    if noticed:
        hub.lose("indoor")
    hub.wait(2)
    hub.hush()
    old = hub.sockets["indoor"]
    hub.login("indoor")
    assert hub.said[old] == ([] if noticed else [p.Kicked("logged in elsewhere")])
    assert hub.closed == [old]
    welcome, invited = hub.news("indoor")
    assert isinstance(welcome, p.Welcome)
    assert isinstance(invited, p.Invited)
    entry = 3 if rang else 2
    assert (welcome.call_id, invited.timeout, invited.entry) == ("", 28, entry)
    assert hub.news("desk") == []
    hub.do("indoor", p.Ringing(C1))
    assert hub.news("desk") == [p.Rang(C1, "indoor", entry)]
    hub.wait(LOST_GRACE)
    hub.do("indoor", p.Accept(2, C1, entry))
    assert hub.news("desk") == [p.Accepted(C1, "indoor", entry)]


def test_but_a_call_it_was_in_is_over(hub: Hub) -> None:
    connect(hub).login("indoor")
    assert [type(m) for m in hub.news("indoor")] == [p.Welcome]
    assert hub.one("door", p.Ended).reason is Reason.KICKED


def test_nor_does_it_ring_where_it_was_refused(hub: Hub) -> None:
    hub.do("desk", invite("indoor", call_id=C3))
    hub.do("indoor", p.Reject(C3, 2))
    hub.login("indoor")
    assert [type(m) for m in hub.news("indoor")] == [p.Welcome]
    assert not {("ring", "indoor")} & hub.timers.keys()
    assert [type(fact) for fact in hub.facts] == [hc.Opened, hc.Finished]
