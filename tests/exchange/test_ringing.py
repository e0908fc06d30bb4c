"""Ringing a group at the hub: who is rung, who cannot be, and who may."""

from __future__ import annotations

import pytest

from intercom import protocol as p
from intercom.config import GroupConfig, UserConfig
from intercom.errors import Code
from intercom.hub import calls as hc
from intercom.hub.keys import Keys
from intercom.protocol import OTHERS_MAX, CallType, Reason

from .rig import C1, C2, C3, Hub, config, house, invite, parties

VIDEO = CallType.VIDEO


def ended(user: str, reason: Reason, seconds: int = 0) -> p.Ended:
    return p.Ended(C1, user, reason, seconds)


def test_each_is_rung_and_the_sponsor_knows_who(hub: Hub) -> None:
    hub.do("desk", invite("ann", "bob", "ann", group=True, timeout=20, data="tea?"))
    assert hub.news("desk") == [p.Ok(1), p.Invitees(C1, ["ann", "bob"])]
    for entry, user in ((2, "ann"), (3, "bob")):
        assert hub.news(user) == [
            p.Invited(
                C1, "desk", ["ann", "bob"], VIDEO, 20, entry, 1, group=True, data="tea?",
                name="desk",
            )
        ]  # fmt: skip
    hub.do("bob", p.Ringing(C1))
    assert hub.news("desk") == [p.Rang(C1, "bob", 3)]
    assert hub.silent()


def test_a_groups_id_rings_its_members_but_the_caller(hub: Hub) -> None:
    hub.do("ann", invite(group=True, group_id="ward"))
    assert hub.one("bob", p.Invited).user_ids == ["bob", "cem", "mum"]
    assert hub.one("cem", p.Invited).group_id == "ward"


def test_or_those_of_them_that_are_named(hub: Hub) -> None:
    hub.do("door", invite("bob", group=True, group_id="family"))
    assert hub.one("bob", p.Invited).user_ids == ["bob"]
    assert hub.news("ann") == []


def test_who_cannot_be_rung_is_told_at_once(hub: Hub) -> None:
    hub.lose("cem")
    hub.do("indoor", invite("bob", call_id=C2))
    hub.hush()
    hub.do("desk", invite("cem", "bob", "ann", group=True))
    busy = p.Busy(C1, "desk", "bob")
    assert hub.news("desk") == [
        p.Ok(1),
        p.NoResponse(C1, ["cem"], "offline"),
        busy,
        p.Invitees(C1, ["ann"]),
    ]
    assert hub.news("bob") == [p.Busy(C1, "desk", "bob", to_callee=True)]
    assert hub.one("ann", p.Invited).user_ids == ["ann"]
    hub.do("ann", p.Reject(C1))
    [record] = hub.records
    assert (record.reason, record.ended_by) == (Reason.REJECT, "ann")
    assert parties(record) == {
        "cem": (Reason.OFFLINE, False, 0),
        "bob": (Reason.LINE_BUSY, False, 0),
        "ann": (Reason.REJECT, False, 0),
    }


def test_when_nobody_can_be_rung_it_is_over(hub: Hub) -> None:
    hub.lose("ann")
    hub.lose("cem")
    hub.do("desk", invite("ann", "cem", group=True))
    assert hub.news("desk") == [
        p.Ok(1),
        p.NoResponse(C1, ["ann", "cem"], "offline"),
        ended("cem", Reason.OFFLINE),
    ]
    assert [type(fact) for fact in hub.facts] == [hc.Opened, hc.Finished]


REFUSED = {
    "an unknown group": (invite(group=True, group_id="choir"), Code.UNKNOWN_GROUP),
    "not a member": (invite("indoor", group=True, group_id="ward"), Code.BAD_PARAMETER),
    "himself": (invite("ann", "desk", group=True), Code.BAD_PARAMETER),
    "an unknown user among known": (invite("ann", "nobody", group=True), Code.UNKNOWN_USER),
    "nobody": (invite(group=True), Code.BAD_PARAMETER),
    "two in a call between two": (invite("ann", "bob"), Code.BAD_PARAMETER),
    "nobody in a call between two": (invite(), Code.BAD_PARAMETER),
    "a group in a call between two": (invite("ann", group_id="ward"), Code.BAD_PARAMETER),
}


@pytest.mark.parametrize(("message", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_an_invitation_is_refused_as_a_whole(hub: Hub, message: p.Invite, code: Code) -> None:
    assert hub.refused("desk", message) is code


def test_a_group_of_the_caller_alone_has_nobody_to_ring(hub: Hub) -> None:
    assert hub.refused("ann", invite(group=True, group_id="alone")) is Code.BAD_PARAMETER


def test_a_group_too_big_for_a_message_is_refused(keys: Keys) -> None:
    many = tuple(f"user{number}" for number in range(OTHERS_MAX + 1))
    groups = {"all": GroupConfig(members=many)}
    hub = house(keys, users={}, groups=groups)
    assert hub.refused("desk", invite(group=True, group_id="all")) is Code.BAD_PARAMETER
    hub.do("desk", invite(*many[1:], group=True, group_id="all"))
    assert len(hub.one("desk", p.NoResponse).user_ids) == OTHERS_MAX


@pytest.mark.parametrize(
    ("may_call", "whom", "group_id", "allowed"),
    [
        (("*",), ("ann", "bob"), "", True),
        (("ann", "bob"), ("ann", "bob"), "", True),
        (("ann",), ("ann", "bob"), "", False),
        (("family",), ("ann", "bob"), "", False),
        (("family",), (), "family", True),
        (("family",), ("ann",), "family", True),
        (("family",), (), "ward", False),
        (("ann", "bob", "mum"), (), "family", True),
        (("ann", "bob"), (), "family", False),
        (("ann", "bob"), ("ann", "bob"), "family", True),
    ],
)
def test_who_may_ring_a_group(
    keys: Keys, may_call: tuple[str, ...], whom: tuple[str, ...], group_id: str, allowed: bool
) -> None:
    users = config().users | {"door": UserConfig(may_call=may_call)}
    hub = house(keys, users=users)
    message = invite(*whom, group=True, group_id=group_id)
    if allowed:
        hub.do("door", message)
        assert C1 in hub.exchange.calls
    else:
        assert hub.refused("door", message) is Code.NOT_PERMITTED


def test_between_group_calls_there_is_no_glare(hub: Hub) -> None:
    hub.do("ann", invite("bob", group=True))
    assert hub.refused("bob", invite("ann", call_id=C2)) is Code.ALREADY_IN_CALL
    hub.do("cem", invite("desk", call_id=C3))
    group = invite("cem", call_id=C2, group=True)
    assert hub.refused("desk", group) is Code.ALREADY_IN_CALL
