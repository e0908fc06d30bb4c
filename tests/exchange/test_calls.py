"""Calls between two at the hub, by the rules of the calling contract."""

from __future__ import annotations

import pytest

from intercom import protocol as p
from intercom.errors import Code
from intercom.hub import calls as hc
from intercom.hub.keys import Keys
from intercom.protocol import CallType, Reason

from .rig import C1, C2, C3, Hub, config, invite


def test_an_answered_call(hub: Hub) -> None:
    hub.do("door", invite("indoor", early_media=True, data="hello"))
    assert hub.news("door") == [p.Ok(1)]
    [invited] = hub.news("indoor")
    assert invited == p.Invited(
        C1,
        "door",
        ["indoor"],
        CallType.VIDEO,
        30,
        entry=2,
        sponsor_entry=1,
        early_media=True,
        data="hello",
        name="Front door",
    )
    hub.do("indoor", p.Ringing(C1))
    hub.do("indoor", p.Ringing(C1))
    assert hub.news("door") == [p.Rang(C1, "indoor", entry=2, early=True)]
    hub.wait(4)
    hub.do("indoor", p.Accept(2, C1, video=False))
    assert hub.news("door") == [p.Accepted(C1, "indoor", entry=2, video=False)]
    door = p.Present("door", entry=1)
    roster = p.Roster(C1, "door", CallType.VIDEO, entry=2, others=[door], answered=True)
    assert hub.news("indoor") == [p.Ok(2), roster]
    hub.wait(61.5)
    hub.do("door", p.Hangup(C1))
    assert hub.news("door") == []
    assert hub.news("indoor") == [
        p.Left(C1, "door", Reason.HANGUP),
        p.Ended(C1, "door", Reason.HANGUP, 61),
    ]
    assert hub.facts == [
        hc.Opened(C1, "door", "", CallType.VIDEO, ("indoor",)),
        hc.AnsweredBy(C1, "indoor"),
        hc.Finished(
            C1,
            "door",
            "",
            CallType.VIDEO,
            Reason.HANGUP,
            "door",
            rung=4,
            duration=61,
            answered=True,
            parties=(hc.Party("indoor", hc.ANSWERED, True, 61),),
        ),
    ]


def test_everybodys_name_is_told_at_login(keys: Keys) -> None:
    hub = Hub(keys, config())
    hub.login("door")
    names = hub.one("door", p.Welcome).names
    assert {"door": "Front door", "indoor": "Kitchen", "desk": "desk"}.items() <= names.items()


# -- rule 2: busy ----------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["ringing", "connected"])
def test_busy_never_disturbs_the_first_call(state: str, request: pytest.FixtureRequest) -> None:
    hub: Hub = request.getfixturevalue(state)
    hub.hush()
    hub.do("desk", invite("indoor", call_id=C2))
    busy = p.Busy(C2, "desk", "indoor")
    assert hub.news("desk") == [p.Ok(1), busy, p.Ended(C2, "indoor", Reason.LINE_BUSY, 0)]
    assert hub.news("indoor") == [p.Busy(C2, "desk", "indoor", to_callee=True)]
    assert hub.news("door") == []
    assert list(hub.exchange.calls) == [C1]


def test_the_inviter_is_busy_too(ringing: Hub) -> None:
    ringing.do("desk", invite("door", call_id=C2))
    assert ringing.one("desk", p.Ended).reason is Reason.LINE_BUSY
    assert ringing.refused("door", invite("desk", call_id=C3)) is Code.ALREADY_IN_CALL
    assert ringing.refused("indoor", invite("desk", call_id=C3)) is Code.ALREADY_IN_CALL


def test_a_callee_may_say_that_it_is_busy(ringing: Hub) -> None:
    ringing.news("door")
    ringing.do("indoor", p.Reject(C1, busy=True))
    busy = p.Busy(C1, "door", "indoor")
    assert ringing.news("door") == [busy, p.Ended(C1, "indoor", Reason.LINE_BUSY, 0)]


# -- rule 3: glare ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "second"), [(C1, C2), (C2, C1)])
def test_glare_becomes_the_call_with_the_lower_id(hub: Hub, first: str, second: str) -> None:
    hub.do("indoor", invite("desk", call_id=first, type=1))
    hub.do("desk", invite("indoor", call_id=second, video=False))
    [call] = hub.exchange.calls.values()
    assert call.call_id == C1
    assert call.type is CallType.VIDEO
    assert set(hub.exchange.claims.values()) == {C1}
    assert hub.one("indoor", p.Merged) == p.Merged(
        C1, first, "desk", call.sponsor, CallType.VIDEO, entry=1, user_entry=2, video=False
    )
    assert hub.one("desk", p.Merged) == p.Merged(
        C1, second, "indoor", call.sponsor, CallType.VIDEO, entry=2, user_entry=1
    )
    assert call.sponsor == ("indoor" if first == C1 else "desk")
    hub.wait(400)
    assert not hub.records
    hub.do("desk", p.Hangup(C1))
    assert hub.one("indoor", p.Ended).call_id == C1
    assert not hub.exchange.claims


# -- rule 5: no answer -----------------------------------------------------------------------------


def test_it_rings_out(ringing: Hub) -> None:
    ringing.news("door"), ringing.news("indoor")
    ringing.wait(29.9)
    assert not ringing.records
    ringing.wait(0.1)
    ended = p.Ended(C1, "indoor", Reason.NO_RESPONSE, 0)
    assert ringing.news("door") == [p.NoResponse(C1, ["indoor"], "timeout"), ended]
    assert ringing.news("indoor") == [ended]
    assert ringing.refused("indoor", p.Accept(3, C1)) is Code.INVITATION_GONE
    ringing.do("indoor", p.Reject(C1))
    ringing.do("door", p.Hangup(C1))
    assert ringing.news("door") == ringing.news("indoor") == []
    assert len(ringing.records) == 1


def test_offline_is_told_at_once(hub: Hub) -> None:
    hub.lose("indoor")
    hub.do("door", invite("indoor"))
    assert hub.news("door") == [
        p.Ok(1),
        p.NoResponse(C1, ["indoor"], "offline"),
        p.Ended(C1, "indoor", Reason.OFFLINE, 0),
    ]


def test_the_hub_limits_how_long_it_rings(keys: Keys) -> None:
    hub = Hub(keys, config(ring_max=10))
    hub.login("door"), hub.login("indoor")
    hub.do("door", invite("indoor", timeout=60))
    assert hub.one("indoor", p.Invited).timeout == 10
    hub.wait(10)
    assert hub.one("door", p.Ended).reason is Reason.NO_RESPONSE


# -- rule 6: leaving -------------------------------------------------------------------------------


def test_a_caller_who_hangs_up_stops_the_ringing(ringing: Hub) -> None:
    ringing.news("indoor")
    ringing.do("door", p.Hangup(C1))
    ringing.do("door", p.Hangup(C1))
    assert ringing.news("indoor") == [p.Ended(C1, "door", Reason.CANCELED, 0)]
    assert not ringing.timers.keys() & {("ring", "indoor")}


def test_a_reject_is_told_to_the_inviter(ringing: Hub) -> None:
    ringing.news("door")
    ringing.do("indoor", p.Reject(C1))
    assert ringing.news("door") == [
        p.Rejected(C1, "indoor"),
        p.Ended(C1, "indoor", Reason.REJECT, 0),
    ]


@pytest.mark.parametrize("reason", sorted(p.LEAVING))
def test_a_client_may_say_why_it_leaves(connected: Hub, reason: Reason) -> None:
    connected.do("indoor", p.Hangup(C1, reason))
    assert connected.news("door") == [
        p.Left(C1, "indoor", reason),
        p.Ended(C1, "indoor", reason, 0),
    ]


@pytest.mark.parametrize("reason", sorted(set(Reason) - p.LEAVING))
def test_but_not_what_only_the_hub_can_know(connected: Hub, reason: Reason) -> None:
    assert connected.refused("indoor", p.Hangup(C1, reason)) is Code.PROTOCOL


def test_logging_out_leaves_the_call(connected: Hub) -> None:
    connected.do("indoor", p.Bye())
    assert connected.one("door", p.Ended).reason is Reason.HANGUP
    assert connected.closed == [connected.sockets["indoor"]]
    connected.do("door", invite("indoor", call_id=C2))
    assert connected.one("door", p.NoResponse).reason == "offline"
