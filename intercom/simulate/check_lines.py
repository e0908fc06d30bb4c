"""Rules 3 and 4: what clients are told of others is true, and one alone answers first. PURE.

A client that a fault has cut off, or slowed down, leaves a call and a line later than it says; so
the looking back goes further where there was one lately.
"""

from __future__ import annotations

from collections.abc import Iterator

from intercom.events import Event
from intercom.phases import State
from intercom.simulate.entries import Asked, Did, Entry, Faulted, Heard, Moved, Violation
from intercom.simulate.facts import CallFacts, Facts

BACK, BACK_FAULTY = 5.0, 30.0
"""Seconds between a fact and its being told, and the same when a fault is in between."""
LATELY = 20.0
"""Seconds after its end for which a fault counts."""


class Lines:
    """Who could be reached, when. `of`: everybody's devices; `many`: who may use several."""

    def __init__(self, facts: Facts, of: dict[str, list[str]], many: frozenset[str]) -> None:
        self._facts = facts
        self._of = of
        self._kicking = {user for user in of if len(of[user]) > 1} - many
        self._faulty_until = dict.fromkeys((d for devices in of.values() for d in devices), -LATELY)
        self._linked_since: dict[str, float] = {}
        self._busy_said: dict[tuple[str, str], float] = {}
        self._told: set[tuple[str, str]] = set()

    def take(self, entry: Entry) -> Iterator[Violation]:
        """Return what the entry breaks; `facts` must have taken it before."""
        match entry:
            case Faulted(device=""):  # whoever loses the hub by it has to log in again
                pass
            case Faulted():
                self._faulty_until[entry.device] = entry.at + entry.lasts
                self._linked_since.pop(entry.device, None)
            case Asked(what="reject_busy"):
                self._busy_said[entry.user, entry.call_id] = entry.at
            case Heard(event=Event.CONNECTION_STATE, payload={"user_id": "hub", "state": state}):
                self._link(entry, state == "connected")
            case Did(what="logout"):
                self._link(entry, linked=False)
            case Heard(event=Event.LINE_BUSY, payload={"user_id": user}) if user != entry.user:
                yield from self._busy(entry, user)
            case Heard(event=Event.NO_RESP, payload={"reason": "offline"}):
                for user in entry.payload["user_id_list"]:
                    yield from self._offline(entry, user)
            case Moved(call_id=call_id) if call_id in self._facts.calls:
                yield from self._takers(entry, self._facts.calls[call_id])
                yield from self._too_early(entry, self._facts.calls[call_id])

    def faulty(self, user: str, now: float) -> bool:
        """Tell whether a fault of a device of the user may still be felt."""
        return now - max(self._faulty_until[device] for device in self._of[user]) < LATELY

    def _link(self, entry: Entry, linked: bool) -> None:
        if linked:
            self._linked_since[entry.device] = entry.at
        else:
            self._linked_since.pop(entry.device, None)

    def _busy(self, entry: Heard, user: str) -> Iterator[Violation]:
        call_id = entry.payload["invite_id"]
        faulty = self.faulty(user, entry.at) or self.faulty(entry.user, entry.at)
        since = entry.at - (BACK_FAULTY if faulty else BACK)
        said = self._busy_said.get((user, call_id), since - 1)
        if said < since and not self._facts.was_busy(user, call_id, since, entry.at):
            text = f"told that {user} is busy, but it was in no other call since {since:.1f} s"
            yield Violation("3b", entry.at, entry.device, call_id, text)

    def _offline(self, entry: Heard, user: str) -> Iterator[Violation]:
        if self.faulty(entry.user, entry.at) or self.faulty(user, entry.at):
            return
        if user in self._kicking:  # whose newer login ends what rings at the older one
            return
        since = [self._linked_since[d] for d in self._of[user] if d in self._linked_since]
        if since and min(since) < entry.at - BACK:
            text = f"told that {user} is offline, but it is logged in since {min(since):.1f} s"
            yield Violation("3c", entry.at, entry.device, entry.payload["invite_id"], text)

    def _too_early(self, entry: Moved, call: CallFacts) -> Iterator[Violation]:
        early = entry.state is State.CONNECTED and call.early(entry.user)
        if early and ("", entry.call_id) not in self._told:
            self._told.add(("", entry.call_id))
            text = "CONNECTED, but nobody has accepted"
            yield Violation("3d", entry.at, entry.device, entry.call_id, text)

    def _takers(self, entry: Moved, call: CallFacts) -> Iterator[Violation]:
        if call.first_answer and len(call.answerers) > 1 and not call.added:
            key = (min(call.ids), ",".join(call.answerers))
            if key not in self._told:
                self._told.add(key)
                text = f"first_answer, but {' and '.join(call.answerers)} have it"
                yield Violation("4", entry.at, entry.device, entry.call_id, text)
