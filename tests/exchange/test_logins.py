"""Logging in, coming back and dying, in calls between two."""

from __future__ import annotations

import pytest

from intercom import protocol as p
from intercom.hub import calls as hc
from intercom.protocol import DEAD_CALL, LOST_GRACE, CallType, Reason

from .rig import C1, C2, Hub, invite

# -- rule 10: the same user twice ------------------------------------------------------------------


def test_the_newer_login_wins(connected: Hub) -> None:
    old = connected.sockets["indoor"]
    connected.login("indoor")
    assert connected.said[old] == [p.Kicked("logged in elsewhere")]
    assert connected.closed == [old]
    assert connected.news("door") == [
        p.Left(C1, "indoor", Reason.KICKED),
        p.Ended(C1, "indoor", Reason.KICKED, 0),
    ]
    assert connected.one("indoor", p.Welcome).call_id == ""
    connected.feed(hc.Received(old, invite("desk", call_id=C2)))
    connected.feed(hc.Detached(old))
    assert not connected.exchange.calls
    assert "indoor" not in connected.exchange.claims


def test_a_guessed_secret_takes_nothing_over(connected: Hub) -> None:
    connected.login("indoor", resumes="secret of \u00e4", call_id=C1)
    assert connected.one("indoor", p.Welcome).call_id == ""
    assert connected.one("door", p.Ended).reason is Reason.KICKED


def test_a_new_process_after_a_crash_is_no_kick(connected: Hub) -> None:
    connected.lose("indoor")
    connected.login("indoor")
    assert connected.one("door", p.Ended).reason is Reason.LOST


# -- rule 13: losing the hub -----------------------------------------------------------------------


def test_a_member_comes_back_to_its_call(connected: Hub) -> None:
    connected.lose("indoor")
    connected.do("door", p.Available(C1, video=False, audio=True))
    connected.wait(LOST_GRACE - 0.1)
    connected.back("indoor", C1)
    welcome, *rest = connected.news("indoor")
    assert isinstance(welcome, p.Welcome)
    assert welcome.call_id == C1
    door = p.Present("door", entry=1, video=False)
    assert rest == [
        p.Roster(C1, "door", CallType.VIDEO, 2, [door], answered=True, seconds=LOST_GRACE - 0.1)
    ]
    connected.wait(60)
    assert connected.news("door") == []
    assert C1 in connected.exchange.calls


def test_an_invitation_still_alive_is_delivered_again(ringing: Hub) -> None:
    ringing.lose("indoor")
    ringing.wait(4)
    ringing.back("indoor", C1)
    assert ringing.one("indoor", p.Invited).timeout == 26


def test_an_invitation_lost_on_the_way_is_delivered_after_all(hub: Hub) -> None:
    """The kitchen's Wi-Fi was down when the bell rang, and the hub had not noticed."""
    hub.do("door", invite("indoor"))
    hub.news("indoor")
    hub.wait(5)
    hub.back("indoor")
    assert hub.one("indoor", p.Invited).timeout == 25
    hub.do("indoor", p.Ringing(C1))
    assert hub.one("door", p.Rang).user_id == "indoor"


@pytest.mark.parametrize("later", [5, 2 * hc.MISSED_KEPT])
def test_so_is_one_that_came_after_the_end_of_a_call(connected: Hub, later: float) -> None:
    """The kitchen was away for both; of an end that is long ago it is told that it is over."""
    connected.do("door", p.Hangup(C1))
    connected.wait(later)
    connected.do("desk", invite("indoor", call_id=C2))
    connected.said[connected.sockets["indoor"]].clear()
    connected.back("indoor", C1)
    welcome, *end, invited = connected.news("indoor")
    assert isinstance(welcome, p.Welcome)
    assert isinstance(invited, p.Invited)
    known = later < hc.MISSED_KEPT
    assert welcome.call_id == (C1 if known else "")
    assert end == ([p.Ended(C1, "door", Reason.HANGUP, 0)] if known else [])


def test_one_that_rang_is_not_delivered_to_who_knows_nothing_of_it(ringing: Hub) -> None:
    """It was rejected, and the reject was lost."""
    ringing.back("indoor")
    assert [type(message) for message in ringing.news("indoor")] == [p.Welcome]
    assert ringing.one("door", p.Ended).reason is Reason.LOST


def test_an_inviter_that_was_away_hears_that_it_rings(hub: Hub) -> None:
    hub.do("door", invite("indoor"))
    hub.lose("door")
    hub.do("indoor", p.Ringing(C1))
    hub.back("door", C1)
    called = p.Present("indoor", entry=2, joined=False, rang=True)
    assert hub.one("door", p.Roster) == p.Roster(
        C1, "door", CallType.VIDEO, entry=1, others=[called], answered=False
    )


def test_an_answer_given_while_the_inviter_was_away(ringing: Hub) -> None:
    ringing.lose("door")
    ringing.do("indoor", p.Accept(2, C1))
    ringing.back("door", C1)
    assert ringing.one("door", p.Roster).others == [p.Present("indoor", entry=2)]


@pytest.mark.parametrize("noticed", [True, False], ids=["noticed", "not noticed"])
def test_a_call_that_ended_meanwhile_ends_for_its_reason(connected: Hub, noticed: bool) -> None:
    connected.wait(20)
    if noticed:
        connected.lose("indoor")
    connected.do("door", p.Hangup(C1))
    connected.wait(3)
    connected.back("indoor", C1)
    welcome, *rest = connected.news("indoor")
    assert isinstance(welcome, p.Welcome)
    assert welcome.call_id == C1
    assert rest == [p.Ended(C1, "door", Reason.HANGUP, 20)]
    connected.do("desk", invite("indoor", call_id=C2))
    assert connected.one("indoor", p.Invited).call_id == C2


def test_nobody_else_is_told_that_end_and_not_for_ever(connected: Hub) -> None:
    connected.lose("indoor")
    connected.do("door", p.Hangup(C1))
    secret = connected.secrets["indoor"]
    connected.login("indoor", "guessed", C1)
    assert connected.one("indoor", p.Welcome).call_id == ""
    connected.login("indoor", secret, C1)
    assert connected.one("indoor", p.Welcome).call_id == ""

    connected.do("door", invite("indoor", call_id=C2))
    connected.do("door", p.Hangup(C2))
    connected.wait(hc.MISSED_KEPT)
    connected.back("indoor", C2)
    assert connected.one("indoor", p.Welcome).call_id == ""
    assert not connected.timers


def test_a_client_that_left_by_itself_is_taken_at_its_word(connected: Hub) -> None:
    """Its hang-up was lost on the way; it comes back and is in no call."""
    connected.lose("indoor")
    connected.back("indoor")
    assert connected.one("indoor", p.Welcome).call_id == ""
    assert connected.one("door", p.Ended).reason is Reason.LOST


# -- rule 14: dying while it rings -----------------------------------------------------------------


@pytest.mark.parametrize("state", ["ringing", "connected"])
@pytest.mark.parametrize(("dead", "other"), [("door", "indoor"), ("indoor", "door")])
def test_a_party_that_dies_ends_the_call_soon(
    state: str, dead: str, other: str, request: pytest.FixtureRequest
) -> None:
    hub: Hub = request.getfixturevalue(state)
    hub.lose(dead)
    hub.wait(10 - DEAD_CALL)
    ended = hub.one(other, p.Ended)
    assert (ended.user_id, ended.reason) == (dead, Reason.LOST)
    assert not hub.exchange.claims
