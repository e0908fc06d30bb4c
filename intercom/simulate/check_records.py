"""Rule 7: each call leaves one record at the hub, and it is true. PURE."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from intercom.simulate.entries import Violation
from intercom.simulate.facts import CallFacts, Facts

UNSAFE = 1.5
"""Seconds before a SIGKILL in which what the hub has noted may not be on its disk yet."""
DELAY = 20.0
"""Seconds that a client hears of something after the hub has noted it, at most."""


@dataclass(frozen=True)
class Down:
    """The hub went at this second, by SIGKILL or by SIGTERM."""

    at: float
    killed: bool


@dataclass(frozen=True)
class RecordRow:
    """A call's record. `parties`: what became of each that was called, or joined."""

    call_id: str
    sponsor: str
    group_id: str
    answered: bool
    reason: str | None
    parties: Mapping[str, str]


def check_records(
    facts: Facts, rows: Iterable[RecordRow], downs: Iterable[Down], now: float
) -> Iterator[Violation]:
    """Return where the records and what the clients saw differ; `downs`: when the hub went."""
    found: defaultdict[str, list[RecordRow]] = defaultdict(list)
    for row in rows:
        found[row.call_id].append(row)
        if row.reason is None:
            yield _violation(now, row, "7c", "its record was never completed")
        if row.call_id not in facts.calls:
            yield _violation(now, row, "7b", "a record of a call that nobody made")
    downs = list(downs)
    for call in facts.all():
        records = [row for call_id in sorted(call.ids) for row in found.get(call_id, [])]
        yield from _check(call, records, downs, now)


def _check(
    call: CallFacts, rows: list[RecordRow], downs: list[Down], now: float
) -> Iterator[Violation]:
    call_id, sponsor = min(call.ids), min(call.sponsors)
    seen = call.answered if call.answered is not None else call.rang
    if len(rows) > 1:
        yield Violation("7a", now, sponsor, call_id, f"{len(rows)} records of one call")
    if seen is None or _unsafe(seen, downs):
        return
    if not rows:
        yield Violation("7a", now, sponsor, call_id, f"seen at {seen:.1f} s, but has no record")
        return
    yield from _check_row(call, rows[0], downs, now)


def _unsafe(seen: float, downs: list[Down]) -> bool:
    return any(down.killed and seen - DELAY < down.at < seen + UNSAFE for down in downs)


def _check_row(
    call: CallFacts, row: RecordRow, downs: list[Down], now: float
) -> Iterator[Violation]:
    answered = {user for user, outcome in row.parties.items() if outcome == "answered"}
    connected = set(call.connected)
    if row.sponsor not in call.sponsors:
        yield _violation(now, row, "7d", f"its record says that {row.sponsor} made it")
    if call.answered is not None and not row.answered:
        yield _violation(now, row, "7d", "answered, but its record says not")
    safe = {user for user, at in call.connected.items() if not _unsafe(at, downs)}
    if missing := safe - answered - {row.sponsor}:
        yield _violation(now, row, "7d", f"its record leaves out {sorted(missing)}: {row.parties}")
    came = connected | call.asked | call.sponsors
    if wrong := answered - came:
        yield _violation(now, row, "7d", f"{sorted(wrong)} never answered it: {row.parties}")
    called = came | call.callees | call.added
    if wrong := set(row.parties) - called:
        yield _violation(now, row, "7d", f"{sorted(wrong)} were never called: {row.parties}")


def _violation(now: float, row: RecordRow, rule: str, text: str) -> Violation:
    return Violation(rule, now, row.sponsor, row.call_id, text)
