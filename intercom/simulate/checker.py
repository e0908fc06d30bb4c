"""The rules together, and the history that explains what broke one. PURE.

1  each client hears CALL_END once (a, b) for each call that it was in, no event of a call after it
   (c), a true reason and duration (d), and who came in and left in turn (e)
2  nobody is CONNECTED alone for long (a); once it is quiet, clients agree on who is in a call (b),
   with one device each (c), its type (d) and who is rung (e)
3  one call for each user (a); busy (b) and offline (c) are told of who is; CONNECTED only after an
   accept (d)
4  a first-answer call has one taker
5  after everybody has hung up all are IDLE (a) and the hub has no calls (b); a new call works (c);
   after everybody has left it has no clients (d), and SIGTERM ends it well (e); who is logged in
   is connected again (f)
6  the hub does not grow (a: memory, b: open files), nor does the clients' process (c)
7  each call has one record (a), and no other (b), that was completed (c) and is true (d)
8  requests come back in time (a), and none is refused for what a good client does not ask (b)
9  nothing fails in the clients (a), nor is logged as an error there (b) or at the hub (c), which
   does not die (d)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from intercom.errors import Code
from intercom.simulate.cast import Cast
from intercom.simulate.check_ends import Ends
from intercom.simulate.check_lines import Lines
from intercom.simulate.check_quiet import Company, disagreements
from intercom.simulate.entries import Did, Entry, Snapshot, Violation
from intercom.simulate.facts import Facts

REMEMBERED = 40
"""Entries that are kept of each device."""
KEPT = 200
"""Violations that are kept; more are counted only."""
ANSWERED_WITHIN = 19.0
"""Seconds in which the hub answers whatever happens; the client gives up after 20."""
EXPECTED = frozenset(
    {
        Code.INVITATION_GONE, Code.NOT_PERMITTED, Code.SWITCH_TO_AUDIO_FAILED,
        Code.SWITCH_TO_VIDEO_FAILED, Code.NOT_LOGGED_IN, Code.ALREADY_IN_CALL,
        Code.HUB_UNREACHABLE, Code.RATE_LIMITED, Code.CALL_FULL,
    }
)  # fmt: skip
"""What a user may be refused with; the rest means that a client said what it must not."""


class Checker:
    """Takes the history, entry by entry, and keeps what broke a rule."""

    def __init__(self, cast: Cast) -> None:
        of: dict[str, list[str]] = {user: [] for user in cast.users}
        for device in cast.devices:
            of[device.user].append(device.name)
        self.facts = Facts()
        self.violations: list[tuple[Violation, list[str]]] = []
        self.count = 0
        self._ends = Ends()
        self._lines = Lines(self.facts, of, cast.many)
        self._company = Company()
        self._lately = {device.name: deque[Entry](maxlen=REMEMBERED) for device in cast.devices}
        self._hub_lately = deque[Entry](maxlen=REMEMBERED)

    def take(self, entry: Entry) -> None:
        """Take the next entry."""
        self._lately.get(entry.device, self._hub_lately).append(entry)
        self.facts.take(entry)
        self.report(self._lines.take(entry))
        if entry.device:
            self.report(self._ends.take(entry))
        if isinstance(entry, Did):
            self.report(_request(entry))

    def sample(self, now: float, seen: Iterable[Snapshot]) -> None:
        """Look at all clients; about once a second."""
        self.report(self._ends.tick(now))
        self.report(self._company.sample(now, seen))

    def quiet(self, now: float, first: list[Snapshot], second: list[Snapshot]) -> None:
        """Compare all clients after nothing has happened for a while; both times it must differ."""
        before = {(v.rule, v.device, v.call_id) for v in disagreements(now, first)}
        both = (v for v in disagreements(now, second) if (v.rule, v.device, v.call_id) in before)
        self.report(both)

    def over(self, now: float) -> None:
        """Everybody has hung up, and had time to notice."""
        self.report(self._ends.tick(now))
        self.report(self._ends.open(now))

    def report(self, violations: Iterable[Violation]) -> None:
        """Keep violations, each with what its device, and others in its call, did last."""
        for violation in violations:
            self.count += 1
            if len(self.violations) < KEPT:
                self.violations.append((violation, self._explain(violation)))

    def _explain(self, violation: Violation) -> list[str]:
        call_id = violation.call_id
        entries = list(self._lately.get(violation.device, [])) + list(self._hub_lately)[-5:]
        entries += [
            entry
            for device, lately in self._lately.items()
            if device != violation.device and call_id
            for entry in lately
            if call_id in repr(entry)
        ]
        entries.sort(key=lambda entry: entry.at)
        return [line_of(entry) for entry in entries[-3 * REMEMBERED :]]


def line_of(entry: Entry) -> str:
    """Return an entry as a line of a log."""
    known = {"at", "device", "user"}
    fields = {n: getattr(entry, n) for n in entry.__dataclass_fields__ if n not in known}
    more = " ".join(
        f"{name}={value:.3f}" if isinstance(value, float) else f"{name}={value!s}"
        for name, value in fields.items()
    )
    return f"{entry.at:9.3f} {entry.device or 'hub':8} {type(entry).__name__}: {more}"


def _request(entry: Did) -> Iterable[Violation]:
    if entry.took > ANSWERED_WITHIN:
        text = f"{entry.what} came back after {entry.took:.1f} s"
        yield Violation("8a", entry.at, entry.device, "", text)
    if entry.error and entry.error not in EXPECTED:
        text = f"{entry.what} was refused: {entry.msg} (code {entry.error})"
        yield Violation("8b", entry.at, entry.device, "", text)
