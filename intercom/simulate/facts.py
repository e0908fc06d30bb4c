"""What is known of each call, from all of its clients together. PURE."""

from __future__ import annotations

from dataclasses import dataclass, field

from intercom.events import Event
from intercom.phases import State
from intercom.simulate.entries import Added, Asked, Dialed, Entry, Heard, Moved


@dataclass
class CallFacts:
    """One call. `rung_until`: when, at the latest, each that was called stops to ring.

    `ids`: more than one after glare; the record has the one that was opened first. `connected`:
    since when each user was first in it; `answerers`: who accepted what rang; `here`: the devices
    that are in it now, `left`: when the last of a user's was out.
    """

    ids: set[str]
    sponsors: set[str]
    began: float
    group: bool = False
    first_answer: bool = False
    callees: set[str] = field(default_factory=set)
    added: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    inviter: dict[str, str] = field(default_factory=dict)
    rung_until: dict[str, float] = field(default_factory=dict)
    connected: dict[str, float] = field(default_factory=dict)
    answerers: list[str] = field(default_factory=list)
    here: dict[str, set[str]] = field(default_factory=dict)
    left: dict[str, float] = field(default_factory=dict)
    rang: float | None = None
    answered: float | None = None

    def last_of(self, user: str, now: float) -> float:
        """Return when the user was last in it, or rung into it: `now` if it may still be."""
        if self.here.get(user):
            return now
        last = self.left.get(user, 0.0)
        if user in self.rung_until:
            inviter = self.inviter[user]
            gone = now if self.here.get(inviter) else self.left.get(inviter, now)
            last = max(last, min(self.rung_until[user], gone, now))
        return last

    def early(self, user: str) -> bool:
        """Tell whether the user, who calls, cannot be connected: nobody else has accepted."""
        return user in self.sponsors and not self.asked - {user}

    def ring(self, entry: Dialed | Added) -> None:
        """Somebody calls these users into it."""
        for user in entry.callees:
            self.inviter[user] = entry.user
            self.rung_until[user] = entry.at + entry.seconds + 1

    def take_over(self, other: CallFacts) -> None:
        """The other call has become this one, by glare."""
        self.ids |= other.ids
        self.sponsors |= other.sponsors
        self.began = min(self.began, other.began)
        self.callees |= other.callees
        self.added |= other.added
        self.asked |= other.asked
        for user, at in other.connected.items():
            self.connected[user] = min(at, self.connected.get(user, at))
        self.inviter = other.inviter | self.inviter
        self.rung_until = other.rung_until | self.rung_until
        for user, devices in other.here.items():
            self.here.setdefault(user, set()).update(devices)
        for user, at in other.left.items():
            self.left[user] = max(at, self.left.get(user, at))


class Facts:
    """The calls of a run, by ID; both IDs of a merged call name the same facts."""

    def __init__(self) -> None:
        self.calls: dict[str, CallFacts] = {}

    def all(self) -> list[CallFacts]:
        """Return each call once."""
        return list({id(call): call for call in self.calls.values()}.values())

    def take(self, entry: Entry) -> None:
        """Learn from an entry."""
        match entry:
            case Dialed():
                call = CallFacts({entry.call_id}, {entry.user}, entry.at)
                call.callees = set(entry.callees)
                call.group, call.first_answer = entry.group, entry.first_answer
                call.ring(entry)
                self._crossing(call, entry)
                self.calls[entry.call_id] = call
            case Added(call_id=call_id) if call_id in self.calls:
                self.calls[call_id].added |= set(entry.callees)
                self.calls[call_id].ring(entry)
            case Asked(call_id=call_id) if call_id in self.calls:
                self.calls[call_id].asked.add(entry.user)
            case Moved():
                self._moved(entry)
            case Heard():
                self._heard(entry)

    def was_busy(self, user: str, but: str, since: float, now: float) -> bool:
        """Tell whether the user was in, or rung into, another call at or after `since`."""
        other = self.calls.get(but)
        return any(
            call is not other and call.last_of(user, now) >= since
            for call in self.calls.values()
            if user in call.sponsors or user in call.rung_until or user in call.left
            or user in call.here
        )  # fmt: skip

    def _crossing(self, call: CallFacts, entry: Dialed) -> None:
        """One that calls its caller answers it, whichever of both calls the hub has first."""
        for other in self.calls.values():
            crosses = not call.group and not other.group and entry.user in other.callees
            if crosses and any(other.here.get(user) for user in call.callees):
                other.asked.add(entry.user)
                call.asked |= call.callees

    def _moved(self, entry: Moved) -> None:
        old, new = self.calls.get(entry.before), self.calls.get(entry.call_id)
        if entry.merged and new is None and old is not None:
            self.calls[entry.call_id] = new = old
            old.ids.add(entry.call_id)
        elif entry.merged and old is not None and new is not None and old is not new:
            new.take_over(old)
            self.calls = {i: new if call is old else call for i, call in self.calls.items()}
        elif old is not None and old is not new:
            devices = old.here.get(entry.user, set())
            devices.discard(entry.device)
            if not devices:
                old.left[entry.user] = entry.at
        if new is not None:
            self._enter(new, entry)

    def _enter(self, call: CallFacts, entry: Moved) -> None:
        call.here.setdefault(entry.user, set()).add(entry.device)
        if entry.state is not State.CONNECTED or call.early(entry.user):
            return
        if entry.user not in call.connected:
            call.connected[entry.user] = entry.at
            rung = entry.user in call.callees - call.added
            if rung and entry.before == entry.call_id and entry.user not in call.sponsors:
                call.answerers.append(entry.user)
        if call.answered is None:
            call.answered = entry.at

    def _heard(self, entry: Heard) -> None:
        call = self.calls.get(entry.payload.get("invite_id", ""))
        if call is None:
            return
        match entry.event:
            case Event.RINGING if call.rang is None and not call.added:
                call.rang = entry.at
            case Event.REJECT | Event.LINE_BUSY:
                self._settled(call, entry, [entry.payload["user_id"]])
            case Event.NO_RESP:
                self._settled(call, entry, entry.payload["user_id_list"])

    def _settled(self, call: CallFacts, entry: Heard, users: list[str]) -> None:
        """The inviter heard what became of these."""
        for user in users:
            if call.inviter.get(user) == entry.user:
                call.rung_until[user] = min(entry.at, call.rung_until[user])
