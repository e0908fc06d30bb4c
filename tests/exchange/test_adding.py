"""Adding users to a call at the hub."""

from __future__ import annotations

import pytest

from intercom import protocol as p
from intercom.config import UserConfig
from intercom.errors import Code, ProtocolError
from intercom.hub.client import SEND_QUEUE
from intercom.hub.keys import Keys
from intercom.protocol import OTHERS_MAX, CallType, Reason

from .rig import C1, C2, Hub, config, house, invite, parties

VIDEO = CallType.VIDEO


def test_a_third_is_added_to_a_call_between_two(connected: Hub) -> None:
    connected.do("indoor", p.Add(3, C1, ["ann"], timeout=20, data="come"))
    still = p.Invitees(C1, ["ann"])
    assert connected.news("indoor") == [p.Ok(3), still]
    assert connected.news("door") == [still]
    assert connected.news("ann") == [
        p.Invited(
            C1, "indoor", ["ann"], VIDEO, 20, 3, sponsor_entry=2, group=True, data="come",
            name="Kitchen",
        )
    ]  # fmt: skip
    connected.do("ann", p.Ringing(C1))
    assert connected.news("indoor") == [p.Rang(C1, "ann", 3)]
    connected.do("ann", p.Accept(2, C1))
    assert connected.one("ann", p.Roster) == p.Roster(
        C1, "door", VIDEO, 3, [p.Present("door", 1), p.Present("indoor", 2)], True, group=True
    )
    for user in ("door", "indoor"):
        assert connected.news(user) == [p.Accepted(C1, "ann", 3), p.Invitees(C1, [])]
    connected.do("indoor", p.Hangup(C1))
    assert connected.news("door") == connected.news("ann") == [p.Left(C1, "indoor", Reason.HANGUP)]
    connected.do("ann", p.Hangup(C1))
    assert list(parties(connected.records[0])) == ["indoor", "ann"]


def test_of_the_added_those_that_cannot_be_rung_are_told_to_who_adds(connected: Hub) -> None:
    connected.lose("ann")
    connected.do("desk", invite("cem", call_id=C2))
    connected.hush()
    connected.do("indoor", p.Add(3, C1, ["ann", "cem", "door"]))
    busy = p.Busy(C1, "indoor", "cem")
    told = [p.Ok(3), p.NoResponse(C1, ["ann"], "offline"), busy]
    assert connected.news("indoor") == told
    assert connected.news("cem") == [p.Busy(C1, "indoor", "cem", to_callee=True)]
    assert connected.silent()
    connected.do("door", p.Hangup(C1))  # it is still a call between two
    assert connected.one("indoor", p.Ended).reason is Reason.HANGUP
    assert parties(connected.records[0])["ann"] == (Reason.OFFLINE, False, 0)


def test_who_adds_takes_along_whom_it_rang(connected: Hub) -> None:
    connected.do("indoor", p.Add(3, C1, ["ann"]))
    connected.do("door", p.Add(3, C1, ["desk"]))
    connected.hush()
    connected.do("indoor", p.Hangup(C1))
    assert connected.news("ann") == [p.Ended(C1, "indoor", Reason.CANCELED, 0)]
    left = p.Left(C1, "indoor", Reason.HANGUP)
    assert connected.news("door") == [left, p.Invitees(C1, ["desk"])]
    assert connected.news("desk") == []
    connected.do("desk", p.Accept(4, C1))
    assert connected.one("door", p.Accepted).user_id == "desk"


def test_a_sponsor_adds_while_it_rings_and_the_bell_is_a_conference(hub: Hub) -> None:
    hub.do("door", invite("ann", group=True, group_id="family"))
    hub.do("door", p.Add(2, C1, ["desk"]))
    assert [m.user_ids for m in hub.news("door") if isinstance(m, p.Invitees)] == [
        ["ann"],
        ["ann", "desk"],
    ]
    hub.do("ann", p.Accept(2, C1))
    hub.do("desk", p.Accept(2, C1))
    assert len(hub.exchange.calls[C1].joined()) == 3


@pytest.mark.parametrize(
    ("who", "message", "code"),
    [
        ("indoor", p.Add(1, C1, ["nobody"]), Code.UNKNOWN_USER),
        ("indoor", p.Add(1, C1, ["ann", "indoor"]), Code.BAD_PARAMETER),
        ("indoor", p.Add(1, C2, ["ann"]), Code.INVITATION_GONE),
        ("door", p.Add(1, C1, ["cem"]), Code.NOT_PERMITTED),
        ("desk", p.Add(1, C1, ["ann"]), Code.INVITATION_GONE),
        ("indoor", p.Add(1, C1, [f"u{n}" for n in range(64)]), Code.UNKNOWN_USER),
    ],
)
def test_an_addition_is_refused(connected: Hub, who: str, message: p.Add, code: Code) -> None:
    assert connected.refused(who, message) is code


# -- a group ---------------------------------------------------------------------------------


def test_a_group_is_added_but_for_who_is_in_the_call(connected: Hub) -> None:
    connected.do("indoor", p.Add(3, C1, ["ann"]))
    connected.hush()
    connected.do("indoor", p.Add(4, C1, group_id="ward", timeout=9))
    assert connected.news("indoor") == [p.Ok(4), p.Invitees(C1, ["ann", "bob", "cem", "mum"])]
    for device in ("bob", "cem", "mum/1", "mum/2"):
        assert connected.one(device, p.Invited).timeout == 9
    assert connected.news("ann") == []
    connected.do("indoor", p.Add(5, C1, group_id="ward"))  # all of it rings already
    assert connected.news("indoor") == [p.Ok(5)]


def test_or_some_of_its_members_and_never_who_adds(connected: Hub) -> None:
    connected.do("indoor", p.Add(3, C1, ["cem"], group_id="ward"))
    assert connected.one("door", p.Invitees).user_ids == ["cem"]
    connected.do("cem", p.Accept(2, C1))
    connected.do("cem", p.Add(4, C1, group_id="ward"))
    assert connected.one("bob", p.Invited).user_ids == ["ann", "bob", "mum"]


def test_a_group_of_which_the_first_answers_does_not_make_the_call_so(connected: Hub) -> None:
    connected.do("door", p.Add(3, C1, group_id="family"))
    for user in ("ann", "bob"):
        connected.do(user, p.Accept(2, C1))
    assert len(connected.exchange.calls[C1].joined()) == 4


@pytest.mark.parametrize(
    ("who", "message", "code"),
    [
        ("indoor", p.Add(1, C1), Code.BAD_PARAMETER),
        ("indoor", p.Add(1, C1, group_id="choir"), Code.UNKNOWN_GROUP),
        ("indoor", p.Add(1, C1, ["desk"], group_id="ward"), Code.BAD_PARAMETER),
        ("door", p.Add(1, C1, group_id="ward"), Code.NOT_PERMITTED),
    ],
)
def test_an_addition_of_a_group_is_refused(
    connected: Hub, who: str, message: p.Add, code: Code
) -> None:
    assert connected.refused(who, message) is code


def test_nobody_is_added_who_is_alone_in_the_group(hub: Hub) -> None:
    hub.do("ann", invite("bob"))
    assert hub.refused("ann", p.Add(2, C1, group_id="alone")) is Code.BAD_PARAMETER


def test_one_that_rings_adds_nobody(hub: Hub) -> None:
    hub.do("door", invite("indoor"))
    assert hub.refused("indoor", p.Add(3, C1, ["ann"])) is Code.INVITATION_GONE


def test_of_a_groups_call_the_group_may_be_added(keys: Keys) -> None:
    users = config().users | {"door": UserConfig(may_call=("family",))}
    hub = house(keys, users=users)
    hub.do("door", invite("ann", group=True, group_id="family"))
    hub.do("door", p.Add(2, C1, ["bob"]))
    assert hub.refused("door", p.Add(3, C1, ["cem"])) is Code.NOT_PERMITTED


def test_a_call_has_a_most_of_members(keys: Keys) -> None:
    many = [f"user{number}" for number in range(OTHERS_MAX)]
    hub = house(keys, users={}, groups={})
    hub.do("desk", invite("ann", group=True))
    assert hub.refused("desk", p.Add(2, C1, many)) is Code.BAD_PARAMETER
    hub.do("desk", p.Add(2, C1, many[1:]))


def test_those_who_were_in_it_once_count(keys: Keys) -> None:
    """Nobody of the second crowd is there, and none of it is rung: each is in the record."""
    hub = house(keys, users={}, groups={})
    hub.do("desk", invite("ann", group=True))
    hub.do("ann", p.Accept(1, C1))
    first = [f"user{number}" for number in range(OTHERS_MAX - 1)]
    hub.do("desk", p.Add(2, C1, first))
    hub.do("ann", p.Add(3, C1, [*first, "desk"]))  # they are no more for being called again
    with pytest.raises(ProtocolError, match=f"{OTHERS_MAX + 1} are too many .* left counted"):
        hub.do("ann", p.Add(4, C1, ["another"]))
    hub.do("ann", p.Hangup(C1))
    assert len(hub.records[0].parties) == OTHERS_MAX


@pytest.mark.parametrize("adding", [False, True])
def test_what_one_request_makes_the_hub_say_fits_a_send_queue(keys: Keys, adding: bool) -> None:
    """Else a caller of many that are busy would be closed as one that does not read."""
    hub = house(keys, users={}, groups={})
    users = [f"user{number}" for number in range(OTHERS_MAX)]
    for user in users:
        hub.login(user)
    others = users[1:] if adding else users
    for number, user in enumerate(others):
        hub.login(f"caller{number}")
        hub.do(f"caller{number}", invite(user, call_id=f"call-1{number:03d}"))
    if adding:
        hub.do("desk", invite(users[0], group=True))
    hub.hush()
    request = p.Add(2, C1, users) if adding else invite(*users, group=True)
    hub.do("desk", request)
    said = len(hub.news("desk"))
    assert said >= OTHERS_MAX
    assert said + 8 <= SEND_QUEUE  # it may not have read what came before
