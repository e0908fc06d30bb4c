"""Devices that know of calls only what the hub tells them, and check each word of it.

They are no clients: they say anything at any time, but they keep account of what they are in. What
a device knows must always be what the hub holds, or somebody was not told something.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from intercom import protocol as p
from intercom.hub import calls as hc
from intercom.hub.calls import Group

SINGLE = ("ann", "bob", "cem", "dan")
USERS = (*SINGLE, "mum")
DEVICES = (*SINGLE, "mum/1", "mum/2", "mum/3")
GROUPS = {
    "bell": Group(("ann", "bob", "mum"), first_answer=True),
    "ward": Group(("ann", "bob", "cem", "mum")),
}
GROUP_MAX = 3


class Everybody:
    """A directory in which everybody may do everything."""

    def exists(self, user_id: str) -> bool:
        return user_id in USERS

    def name(self, user_id: str) -> str:
        return user_id.title()

    def names(self) -> dict[str, str]:
        return {user: self.name(user) for user in USERS}

    def multi_device(self, user_id: str) -> bool:
        return user_id not in SINGLE

    def group(self, group_id: str) -> Group | None:
        return GROUPS.get(group_id)

    def group_max(self) -> int:
        return GROUP_MAX

    def refuse_call(self, caller: str, callee: str) -> str | None:
        return None

    def refuse_group(self, caller: str, group_id: str) -> str | None:
        return None

    def refuse_door(self, user_id: str) -> str | None:
        return None

    def door_seconds(self) -> float:
        return 3.0


@dataclass
class Knows:
    """What a device knows of the call that it is in."""

    call_id: str
    entry: int
    joined: bool
    group: bool
    others: dict[str, int] = field(default_factory=dict)  # those joined, with their entries
    rung: set[str] | None = None  # None: it was not told


@dataclass
class Device:
    """One device. `linked` False: its socket is dead, whether the hub knows that or not."""

    name: str
    socket: int = 0
    linked: bool = False
    secret: str = ""
    now_in: Knows | None = None
    ends: Counter[str] = field(default_factory=Counter)

    @property
    def user(self) -> str:
        """Whose it is."""
        return self.name.partition("/")[0]

    @property
    def call_id(self) -> str:
        """The call that it is in."""
        return self.now_in.call_id if self.now_in else ""

    def hear(self, message: p.HubMessage) -> None:
        """Take a message; AssertionError when it should not have come."""
        match message:
            case p.Welcome(session=secret, call_id=call_id):
                assert call_id in {"", self.call_id}
                self.secret = secret
                if not call_id:
                    self.now_in = None
            case p.Ok() | p.Error() | p.Pong():
                pass
            case p.Kicked():
                self.now_in = None
            case p.Busy(to_callee=True):
                assert self.user == message.user_id
                assert self.now_in is not None
                assert self.call_id != message.call_id
            case p.Invited():
                assert self.now_in is None or not self.now_in.joined
                assert self.call_id in {"", message.call_id}
                assert self.user in message.user_ids
                self.now_in = Knows(message.call_id, message.entry, False, message.group)
            case p.Roster():
                self._take(message)
            case p.Merged(old_id=old_id):
                assert self.call_id == old_id or not (self.now_in and self.now_in.joined)
                joined = {message.user_id: message.user_entry}
                self.now_in = Knows(message.call_id, message.entry, True, False, joined)
            case _:
                self._in_call(message)

    def _take(self, roster: p.Roster) -> None:
        assert self.call_id in {"", roster.call_id}
        joined = {other.user_id: other.entry for other in roster.others if other.joined}
        rung = {other.user_id for other in roster.others if not other.joined}
        self.now_in = Knows(roster.call_id, roster.entry, True, roster.group, joined, rung)

    def _in_call(self, message: p.HubMessage) -> None:
        knows = self.now_in
        assert knows is not None, f"{self.name} is in no call: {message}"
        assert getattr(message, "call_id", "") == knows.call_id
        match message:
            case p.Accepted(user_id=user, entry=entry):
                assert user != self.user
                assert entry > knows.others.get(user, 0)
                knows.others[user] = entry
                if knows.rung == {user}:  # between two, that says that nobody rings any more
                    knows.rung = set()
            case p.Left(user_id=user):
                del knows.others[user]
            case p.Invitees(user_ids=users):
                assert knows.joined
                knows.rung, knows.group = set(users), message.group
            case p.Ended():
                self.ends[message.call_id] += 1
                self.now_in = None
            case p.Rang() | p.Rejected() | p.NoResponse() | p.Busy():
                assert knows.joined
            case p.TypeAsked() | p.TypeChanged() | p.Texted():
                assert knows.joined


@dataclass
class Book:
    """The records, as far as they have gone."""

    opened: dict[str, hc.Opened] = field(default_factory=dict)
    answered: dict[str, set[str]] = field(default_factory=dict)
    finished: dict[str, hc.Finished] = field(default_factory=dict)
    called: dict[str, set[str]] = field(default_factory=dict)

    def note(self, fact: hc.Fact) -> None:
        """Take a fact; AssertionError when it cannot be."""
        match fact:
            case hc.Opened(call_id=call_id):
                assert call_id not in self.opened
                self.opened[call_id] = fact
                self.called[call_id] = set(fact.callees)
            case hc.AnsweredBy(call_id=call_id, user_id=user):
                assert call_id in self.opened
                assert call_id not in self.finished
                came = self.answered.setdefault(call_id, set())
                assert user not in came
                came.add(user)
            case hc.Finished(call_id=call_id):
                assert call_id not in self.finished
                assert fact.answered == (call_id in self.answered)
                self.finished[call_id] = fact
                self._check(fact)

    def _check(self, fact: hc.Finished) -> None:
        parties = {party.user_id: party for party in fact.parties}
        assert len(parties) == len(fact.parties)
        assert self.opened[fact.call_id].sponsor == fact.sponsor
        assert fact.sponsor not in parties
        assert self.called[fact.call_id] - {fact.sponsor} == set(parties)
        for party in fact.parties:
            assert party.outcome == hc.ANSWERED or party.outcome in set(p.Reason)
            assert party.outcome == hc.ANSWERED or party.seconds == 0
        answered = {user for user, party in parties.items() if party.outcome == hc.ANSWERED}
        assert answered == self.answered.get(fact.call_id, set())
