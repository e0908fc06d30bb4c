"""Rule 1: each client hears CALL_END once for each call that it was in, and nothing after. PURE."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from intercom.events import Event
from intercom.phases import State
from intercom.protocol import Reason
from intercom.simulate.entries import Entry, Heard, Moved, Violation

OWED = 2.0
"""Seconds after which a CALL_END that is owed is missing; handlers run at once."""
NAMELESS = frozenset(
    {
        Event.USER_ENTER, Event.USER_LEAVE, Event.USER_VIDEO_AVAILABLE,
        Event.USER_AUDIO_AVAILABLE, Event.GROUP_CALL_INVITEE_LIST_UPDATE, Event.CALL_TYPE_ASKED,
        Event.CALL_TYPE_CHANGED, Event.TEXT, Event.DOOR_OPENED,
    }
)  # fmt: skip
"""Events of the present call that do not say which one that is."""
REASONS = frozenset(str(reason) for reason in Reason)


@dataclass
class _Stay:
    """One client: the call that it is in, and those whose end it has not heard yet."""

    now: str = ""
    connected: bool = False
    owed: deque[tuple[str, float, bool]] = field(default_factory=deque)
    inside: set[str] = field(default_factory=set)
    invited: bool = False


class Ends:
    """Follows every client; entries must come in the order in which its handlers were called."""

    def __init__(self) -> None:
        self._stays: dict[str, _Stay] = {}

    def take(self, entry: Entry) -> Iterator[Violation]:
        """Return what the entry breaks."""
        stay = self._stays.setdefault(entry.device, _Stay())
        match entry:
            case Moved():
                _move(stay, entry)
            case Heard(event=Event.CALL_END):
                yield from _ended(stay, entry)
            case Heard():
                yield from _heard(stay, entry)

    def tick(self, now: float) -> Iterator[Violation]:
        """Return the ends that have not come by now."""
        for device, stay in self._stays.items():
            while stay.owed and now - stay.owed[0][1] > OWED:
                call_id, _, _ = stay.owed.popleft()
                yield Violation("1a", now, device, call_id, "its end was never told: no CALL_END")

    def open(self, now: float) -> Iterator[Violation]:
        """Return who is still in a call, when nobody may be."""
        for device, stay in self._stays.items():
            if stay.now:
                yield Violation("5a", now, device, stay.now, "still in this call at the end")


def _move(stay: _Stay, entry: Moved) -> None:
    if entry.before != entry.call_id and not entry.merged:
        if stay.now:
            stay.owed.append((stay.now, entry.at, stay.connected))
        stay.connected, stay.inside, stay.invited = False, set(), False
    stay.now = entry.call_id
    stay.connected = stay.connected or entry.state is State.CONNECTED


def _ended(stay: _Stay, entry: Heard) -> Iterator[Violation]:
    call_id, seconds = entry.payload["invite_id"], entry.payload["call_end"]

    def broken(rule: str, text: str) -> Violation:
        return Violation(rule, entry.at, entry.device, call_id, text)

    if not stay.owed or stay.owed[0][0] != call_id:
        owed = [item[0] for item in stay.owed]
        yield broken("1b", f"CALL_END that is not owed (in {stay.now!r}, owed: {owed})")
        return
    _, _, connected = stay.owed.popleft()
    if entry.payload["reason"] not in REASONS:
        yield broken("1d", f"CALL_END has no such reason: {entry.payload['reason']!r}")
    if seconds < 0 or (seconds and not connected):
        yield broken("1d", f"CALL_END says {seconds} s, but it was not connected")


def _heard(stay: _Stay, entry: Heard) -> Iterator[Violation]:
    if entry.event in NAMELESS:
        if not stay.now and not stay.owed:
            yield _late(entry, "")
        yield from _in_and_out(stay, entry)
        return
    call_id = entry.payload.get("invite_id")
    if call_id is None or _of_another(stay, entry):
        return
    if call_id != stay.now and call_id not in [item[0] for item in stay.owed]:
        yield _late(entry, call_id)
    if entry.event is Event.INVITED:
        if stay.invited:
            yield Violation("1c", entry.at, entry.device, call_id, "INVITED a second time")
        stay.invited = True


def _of_another(stay: _Stay, entry: Heard) -> bool:
    """Tell whether this is what the busy callee hears of the call that it does not get."""
    busy = entry.event is Event.LINE_BUSY and entry.payload["user_id"] == entry.user
    return busy and bool(stay.now or stay.owed)


def _in_and_out(stay: _Stay, entry: Heard) -> Iterator[Violation]:
    user = entry.payload.get("user_id", "")
    if entry.event is Event.USER_ENTER:
        if user in stay.inside or user == entry.user:
            yield Violation("1e", entry.at, entry.device, stay.now, f"{user} came in twice")
        stay.inside.add(user)
    elif entry.event is Event.USER_LEAVE:
        if user not in stay.inside:
            yield Violation("1e", entry.at, entry.device, stay.now, f"{user} left, but was not in")
        stay.inside.discard(user)


def _late(entry: Heard, call_id: str) -> Violation:
    text = f"{entry.event.name} of a call that it is not in: {entry.payload}"
    return Violation("1c", entry.at, entry.device, call_id, text)
