"""Rules 2 and 3a: who is in a call, as all of its clients see it. PURE."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from intercom.phases import State
from intercom.simulate.entries import Snapshot, Violation

ALONE = 45.0
"""Seconds that a client may be in a call without anybody: more than the hub's longest grace."""
TWICE = 45.0
"""Seconds that two devices of one user may take themselves to be in two calls."""


class Company:
    """Who has been alone in a call, or in two calls, since when; fed with samples."""

    def __init__(self) -> None:
        self._alone: dict[tuple[str, str], float] = {}
        self._twice: dict[tuple[str, ...], float] = {}

    def sample(self, now: float, seen: Iterable[Snapshot]) -> Iterator[Violation]:
        """Return who has been so for too long by now."""
        seen = list(seen)
        by_call = _by_call(seen)
        alone = {
            (one.device, call_id)
            for call_id, here in by_call.items()
            for one in here
            if one.state is State.CONNECTED and {other.user for other in here} == {one.user}
        }
        self._alone = {key: self._alone.get(key, now) for key in alone}
        for (device, call_id), since in self._alone.items():
            if now - since > ALONE:
                self._alone[device, call_id] = now
                text = f"CONNECTED, but nobody else is in this call since {since:.1f} s"
                yield Violation("2a", now, device, call_id, text)
        twice = {(user, *sorted(calls)) for user, calls in _in_two(seen)}
        self._twice = {key: self._twice.get(key, now) for key in twice}
        for key, since in self._twice.items():
            if now - since > TWICE:
                self._twice[key] = now
                text = f"{key[0]} is in the calls {', '.join(key[1:])} at once since {since:.1f} s"
                yield Violation("3a", now, key[0], key[1], text)


def disagreements(now: float, seen: Iterable[Snapshot]) -> Iterator[Violation]:
    """Return where clients differ, once everything is quiet."""
    seen = [one for one in seen if one.linked]
    for user, calls in _in_two(seen):
        text = f"{user} is in {len(calls)} calls: {', '.join(sorted(calls))}"
        yield Violation("3a", now, user, "", text)
    for call_id, here in _by_call(seen).items():
        joined = [one for one in here if one.state is not State.RINGING]
        users = frozenset(one.user for one in joined)
        rung = frozenset(one.user for one in here if one.state is State.RINGING)
        for one in joined:
            yield from _differs(now, one, call_id, users - {one.user}, rung)
        if len({one.user for one in joined}) != len(joined):
            devices = ", ".join(one.device for one in joined)
            yield Violation("2c", now, devices, call_id, "two devices of one user are in this call")
        if len({one.type for one in joined}) > 1:
            types = {one.device: one.type for one in joined}
            yield Violation("2d", now, joined[0].device, call_id, f"types differ: {types}")


def _differs(
    now: float, one: Snapshot, call_id: str, others: frozenset[str], rung: frozenset[str]
) -> Iterator[Violation]:
    if one.state is State.CONNECTED and one.members != others:
        text = f"thinks {sorted(one.members)} are in this call, but {sorted(others)} are"
        yield Violation("2b", now, one.device, call_id, text)
    if not one.invitees >= rung:
        text = f"thinks {sorted(one.invitees)} are being rung, but it rings at {sorted(rung)}"
        yield Violation("2e", now, one.device, call_id, text)


def _by_call(seen: Iterable[Snapshot]) -> dict[str, list[Snapshot]]:
    found: defaultdict[str, list[Snapshot]] = defaultdict(list)
    for one in seen:
        if one.call_id:
            found[one.call_id].append(one)
    return found


def _in_two(seen: Iterable[Snapshot]) -> Iterator[tuple[str, set[str]]]:
    calls: defaultdict[str, set[str]] = defaultdict(set)
    for one in seen:
        if one.call_id and one.linked:
            calls[one.user].add(one.call_id)
    return ((user, found) for user, found in calls.items() if len(found) > 1)
