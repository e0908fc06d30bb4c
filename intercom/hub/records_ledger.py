"""Writes calls into the database: the SQL of `Records`, for its thread alone."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from intercom.hub.calls import Party
from intercom.hub.records_clock import Clock
from intercom.hub.records_schema import MISSED, NO_CLOCK, open_for_writing
from intercom.protocol import MEMBERS_MAX, CallType, Reason

log = logging.getLogger(__name__)

DAY = 86400.0


@dataclass(frozen=True)
class CallRow:
    """A call as far as it has gone. `number` counts the calls of this run from 1.

    Moments are steady seconds of the clock; `reason` None: it goes on; an outcome "": not known;
    `came`: when each party that was in it came in.
    """

    number: int
    call_id: str
    sponsor: str
    group_id: str
    type: CallType
    started: float
    parties: tuple[Party, ...]
    answered_at: float | None = None
    ended_at: float | None = None
    reason: Reason | None = None
    ended_by: str = ""
    rung: float = 0.0
    duration: int = 0
    came: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class MissedRow:
    """A missed call that is told of no more when it was seen; `started` in unix seconds."""

    user_id: str
    call_id: str
    caller: str
    type: int
    reason: str
    started: float
    group_id: str
    message: str = ""


class Ledger:
    """The database at `path`, of this process alone. Methods raise sqlite3.Error and OSError."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._connection: sqlite3.Connection | None = None
        self._lock = -1
        self._base: int | None = None
        self._step = 0.0

    @property
    def is_open(self) -> bool:
        """Whether it can be written."""
        return self._connection is not None

    def open(self) -> list[MissedRow]:
        """Open it, complete what a killed hub left open, and return what was missed and not seen.

        Of each user's the newest MEMBERS_MAX, the oldest of them first; older ones are given up.
        """
        self._hold()
        connection = open_for_writing(self._path)
        try:
            if self._base is None:
                [newest] = connection.execute("SELECT coalesce(max(id), 0) FROM calls").fetchone()
                self._base = int(newest)
            connection.execute("BEGIN IMMEDIATE")
            lost = _complete(connection, self._base)
            missed = _unseen(connection)
            connection.execute("COMMIT")
        except sqlite3.Error:
            connection.close()
            raise
        self._connection = connection
        if lost:
            log.warning("calls that were on when the hub was killed are recorded as lost: %d", lost)
        return missed

    def write(
        self,
        rows: Iterable[CallRow],
        messages: Iterable[tuple[str, str]],
        seen: Iterable[tuple[str, str]],
    ) -> None:
        """Write all of it, or raise and have written nothing.

        `messages` are calls' IDs and messages' IDs, `seen` are users and calls' IDs.
        """
        rows, messages, seen = list(rows), list(messages), list(seen)
        self._step += self._clock.look()
        connection = self._connection
        if connection is None or not (rows or messages or seen or self._step):
            return
        connection.execute("BEGIN IMMEDIATE")
        if self._step:
            log.info("the clock was set by %+.0f s: the calls since the start are dated anew",
                     self._step)  # fmt: skip
            connection.execute(_REDATE, (self._step, self._step, self._step, self._base))
        for row in rows:
            self._put(connection, row)
        connection.executemany(_MESSAGE, [(message, call_id) for call_id, message in messages])
        connection.executemany(_UNSEEN, [(call_id,) for call_id, _ in messages])
        connection.executemany(_SEEN, seen)
        connection.execute("COMMIT")
        self._step = 0.0

    def prune(self, days: float, cautious: bool) -> int:
        """Delete calls that began more than `days` ago; return how many.

        `cautious`: not if that were all of them, which is rather a sign of a wrong clock. Calls
        from before the clock was set go with the next one that has a date.
        """
        now = self._clock.wall()
        cutoff = now - days * DAY
        if self._connection is None or now < NO_CLOCK:
            return 0
        [newest] = self._connection.execute("SELECT max(started) FROM calls").fetchone()
        if newest is None or (cautious and newest < cutoff):
            return 0
        limits = {"dated": NO_CLOCK, "cutoff": cutoff}
        return self._connection.execute(_PRUNE, limits).rowcount

    def close(self, release: bool = False) -> None:
        """Close the database; `release` lets another process have it. Idempotent."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        if release and self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _hold(self) -> None:
        """Keep other hubs out: they would take our calls for lost.

        The lock has a file of its own: SQLite's are lost when any handle of its file is closed.
        """
        if self._lock >= 0:
            return
        path = self._path.with_suffix(".lock")
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise BlockingIOError("another hub writes there: give each its own state_dir") from None
        self._lock = handle

    def _put(self, connection: sqlite3.Connection, row: CallRow) -> None:
        assert self._base is not None
        key = self._base + row.number
        started = self._clock.wall_of(row.started)
        answered = None if row.answered_at is None else self._clock.wall_of(row.answered_at)
        ended = None if row.ended_at is None else self._clock.wall_of(row.ended_at)
        connection.execute(
            _CALL,
            (key, row.call_id, row.sponsor, row.group_id, int(row.type), started, answered, ended,
             None if row.reason is None else str(row.reason), row.ended_by, round(row.rung, 3),
             row.duration),
        )  # fmt: skip
        connection.executemany(
            _PARTY,
            [(key, p.user_id, str(p.outcome), int(p.rang), p.seconds) for p in row.parties],
        )


_CALL = """
    INSERT INTO calls (id, call_id, sponsor, group_id, type, started, answered_at, ended_at, reason,
        ended_by, rung, duration) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET type = excluded.type, started = excluded.started,
        answered_at = excluded.answered_at, ended_at = excluded.ended_at, reason = excluded.reason,
        ended_by = excluded.ended_by, rung = excluded.rung, duration = excluded.duration
"""
_PARTY = """
    INSERT INTO parties (call, user_id, outcome, rang, seconds) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (call, user_id) DO UPDATE SET outcome = excluded.outcome, rang = excluded.rang,
        seconds = excluded.seconds
"""
_SEEN = """
    UPDATE parties SET seen = 1 WHERE user_id = ?
    AND call IN (SELECT id FROM calls WHERE call_id = ?)
"""
_MESSAGE = """
    UPDATE calls SET message = ? WHERE id = (SELECT max(id) FROM calls WHERE call_id = ?)
"""
_UNSEEN = """
    UPDATE parties SET seen = 0 WHERE call = (SELECT max(id) FROM calls WHERE call_id = ?)
"""
_REDATE = """
    UPDATE calls SET started = started + ?, answered_at = answered_at + ?, ended_at = ended_at + ?
    WHERE id > ?
"""
_PRUNE = """
    DELETE FROM calls WHERE reason IS NOT NULL AND (
        started >= :dated AND started < :cutoff
        OR started < :dated AND id < (
            SELECT max(id) FROM calls WHERE started >= :dated AND started < :cutoff))
"""


def _complete(connection: sqlite3.Connection, base: int) -> int:
    """Complete the calls up to `base` that are open: their hub died. Return how many."""
    unheard = "SELECT id FROM calls WHERE reason IS NULL AND answered_at IS NULL AND id <= ?"
    connection.execute(
        f"UPDATE parties SET outcome = 'lost' WHERE outcome = '' AND call IN ({unheard})", (base,)
    )
    done = connection.execute(
        "UPDATE calls SET reason = 'lost' WHERE reason IS NULL AND id <= ?", (base,)
    )
    return done.rowcount


_TOLD = f"""
    SELECT user_id, call FROM parties WHERE seen = 0 AND {MISSED} UNION
    SELECT user_id, call FROM parties JOIN calls ON id = call WHERE seen = 0 AND message != ''
"""


def _unseen(connection: sqlite3.Connection) -> list[MissedRow]:
    ranked = f"""
        SELECT user_id, call, row_number() OVER (PARTITION BY user_id ORDER BY call DESC) AS rank
        FROM ({_TOLD})
    """
    connection.execute(
        "UPDATE parties SET seen = 1 WHERE (user_id, call) IN"
        f" (SELECT user_id, call FROM ({ranked}) WHERE rank > ?)",
        (MEMBERS_MAX,),
    )
    found = connection.execute(
        f"""
        SELECT user_id, call_id, sponsor, type, outcome, started, group_id, message
        FROM parties JOIN calls ON id = call
        WHERE (user_id, call) IN (SELECT user_id, call FROM ({_TOLD})) ORDER BY call
        """
    )
    return [MissedRow(*row) for row in found]
