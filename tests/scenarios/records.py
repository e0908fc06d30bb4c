"""What the hub has recorded, read as anybody can: from its database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Record:
    """One call; `outcomes` and `seconds` by user."""

    call_id: str
    sponsor: str
    group_id: str
    type: int
    started: float
    answered_at: float | None
    ended_at: float | None
    reason: str | None
    ended_by: str
    rung: float
    duration: int
    outcomes: dict[str, str]
    rang: dict[str, bool]
    seconds: dict[str, int]


COLUMNS = """call_id, sponsor, group_id, type, started, answered_at, ended_at, reason, ended_by,
    rung, duration"""


def read(folder: Path) -> list[Record]:
    """Return all records, oldest first; of a hub that has written them all (stopped, or idle)."""
    with closing(sqlite3.connect(f"file:{folder / 'calls.db'}?mode=ro", uri=True)) as book:
        calls = book.execute(f"SELECT id, {COLUMNS} FROM calls ORDER BY id").fetchall()
        parties: dict[int, list[tuple[str, str, bool, int]]] = {}
        for call, *party in book.execute(
            "SELECT call, user_id, outcome, rang, seconds FROM parties"
        ):
            parties.setdefault(call, []).append((party[0], party[1], bool(party[2]), party[3]))
    return [_record(row, parties.get(number, [])) for number, *row in calls]


def _record(row: list[object], parties: list[tuple[str, str, bool, int]]) -> Record:
    told: list[Any] = [
        *row,
        {user: outcome for user, outcome, _, _ in parties},
        {user: rang for user, _, rang, _ in parties},
        {user: seconds for user, _, _, seconds in parties},
    ]
    return Record(*told)
