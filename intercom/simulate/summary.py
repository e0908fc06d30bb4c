"""The numbers of a run."""

from __future__ import annotations

from collections import Counter

from intercom.events import Event
from intercom.simulate.entries import Dialed, Did, Entry, Faulted, Heard
from intercom.simulate.facts import Facts


class Tally:
    """Counts what passes by."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self.done: Counter[str] = Counter()
        self.refused: Counter[int] = Counter()
        self.ends: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.events: Counter[str] = Counter()
        self.logins: list[float] = []
        self.group_calls = 0
        self.reconnects = 0
        self.lag = 0.0

    def take(self, entry: Entry) -> None:
        """Count an entry; `facts` must have taken it before."""
        match entry:
            case Dialed(group=True):
                self.group_calls += 1
            case Did(error=0, what=what):
                self.done[what] += 1
                if what == "login":
                    self.logins.append(entry.took)
            case Did(error=error):
                self.refused[error] += 1
            case Faulted(what=what):
                self.faults[what] += 1
            case Heard(event=Event.CONNECTION_STATE, payload={"state": "reconnecting"}):
                self.reconnects += 1
            case Heard(event=Event.CALL_END, payload={"invite_id": call_id, "reason": reason}):
                call = self._facts.calls.get(call_id)
                if call is not None and entry.user in call.sponsors:
                    self.ends[reason] += 1
        if isinstance(entry, Heard):
            self.events[entry.event] += 1

    def rows(self) -> list[tuple[str, str]]:
        """Return name and value of each number."""
        calls = self._facts.all()
        rings = [call.rang - call.began for call in calls if call.rang is not None]
        return [
            ("calls begun", str(len(calls))),
            ("of several users", str(self.group_calls)),
            ("rang", str(len(rings))),
            ("answered", str(sum(call.answered is not None for call in calls))),
            ("how they ended for the caller", _counts(self.ends)),
            ("glare (two calls became one)", str(sum(len(call.ids) > 1 for call in calls))),
            ("users added to a call", str(self.done["add"])),
            ("joined late", str(self.done["join"])),
            ("taken over by another device", str(self.done["take_over"])),
            ("kicked out by another login", str(self.events[Event.KICKED_OUT])),
            ("texts sent", str(self.done["text"])),
            ("requests refused, by code", _counts(self.refused)),
            ("faults", _counts(self.faults)),
            ("connections lost and made again", str(self.reconnects)),
            ("logins", str(len(self.logins))),
            ("login takes", _spread(self.logins)),
            ("until it rings takes", _spread(rings)),
            ("the clients' longest pause", f"{self.lag * 1000:.0f} ms"),
        ]


def _counts(counter: Counter[str] | Counter[int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counter.most_common()) or "none"


def _spread(values: list[float]) -> str:
    """Return median, 99th percentile and maximum of some seconds."""
    if not values:
        return "-"
    ordered = sorted(values)
    middle, late = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    return f"{middle * 1000:.0f} ms, 99 % {late * 1000:.0f} ms, slowest {ordered[-1]:.2f} s"
