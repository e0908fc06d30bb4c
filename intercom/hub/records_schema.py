"""The database of calls: its tables, how it is opened for writing, and how for reading.

Times are unix seconds as this machine saw them, durations are measured. `calls.reason` is NULL
while a call is on; `parties.outcome` is "" while nothing is known of it. `calls.message` is the ID
of the message that the caller left.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from intercom.errors import IntercomError

FILE = "calls.db"
"""Its name in the state directory."""
MISSED = "outcome IN ('no_response', 'offline', 'canceled', 'lost')"
"""SQL: the party did not get the call, and did not refuse it."""
NO_CLOCK = 1_577_836_800
"""Unix time before which a clock was never set: 2020-01-01."""
BUSY = 2.0
"""Seconds to wait for another program that holds the database, such as a backup."""

MIGRATIONS = (
    f"""
    CREATE TABLE calls (
        id INTEGER PRIMARY KEY,
        call_id TEXT NOT NULL,
        sponsor TEXT NOT NULL,
        group_id TEXT NOT NULL,
        type INTEGER NOT NULL,
        started REAL NOT NULL,
        answered_at REAL,
        ended_at REAL,
        reason TEXT,
        ended_by TEXT NOT NULL,
        rung REAL NOT NULL,
        duration INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE parties (
        call INTEGER NOT NULL REFERENCES calls ON DELETE CASCADE,
        user_id TEXT NOT NULL,
        outcome TEXT NOT NULL,
        rang INTEGER NOT NULL,
        seconds INTEGER NOT NULL,
        seen INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (call, user_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX calls_started ON calls(started);
    CREATE INDEX calls_open ON calls(id) WHERE reason IS NULL;
    CREATE INDEX calls_sponsor ON calls(sponsor);
    CREATE INDEX parties_user ON parties(user_id);
    CREATE INDEX parties_missed ON parties(user_id, call) WHERE seen = 0 AND {MISSED};
    """,
    """
    ALTER TABLE calls ADD COLUMN message TEXT NOT NULL DEFAULT '';
    CREATE INDEX calls_message ON calls(id) WHERE message != '';
    CREATE INDEX calls_call_id ON calls(call_id);
    """,
)
"""One script for each version, applied in order; one that was released is never changed."""


class RecordsError(IntercomError):
    """The records of calls cannot be used; the message says why, and what to do."""


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open the database, made or brought up to date where needed.

    Raises OSError, sqlite3.Error, or RecordsError for one of a newer version. What is committed
    survives a loss of power: WAL with a sync at each commit.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():  # it tells who called whom: for nobody else to read
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    connection = sqlite3.connect(path, timeout=BUSY, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        _migrate(connection, path)
    except (sqlite3.Error, RecordsError):
        connection.close()
        raise
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open the database as it is, while a hub writes it or not; RecordsError when there is none."""
    if not path.exists():
        raise RecordsError(
            f"no records of calls at {path} yet: a hub makes the file when it starts; "
            "is this the hub's configuration, and [hub] state_dir right?"
        )
    # Without its -wal file nobody has it open: then it can be read without leaving files behind.
    mode = "mode=ro" if path.with_name(f"{path.name}-wal").exists() else "immutable=1"
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", timeout=BUSY, uri=True)
    except sqlite3.Error as error:
        raise RecordsError(f"{path}: {error}: run this as the user of the hub") from None
    try:
        version = _version(connection)
        if version != len(MIGRATIONS):
            raise RecordsError(_other_version(path, version))
    except sqlite3.Error as error:
        connection.close()
        raise RecordsError(f"{path}: {error}: run this as the user of the hub") from None
    except RecordsError:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    version = _version(connection)
    if version > len(MIGRATIONS):
        raise RecordsError(_other_version(path, version))
    for number, script in enumerate(MIGRATIONS[version:], version + 1):
        # One transaction, so that a hub killed meanwhile leaves the old version or the new one.
        connection.executescript(f"BEGIN; {script} PRAGMA user_version = {number}; COMMIT;")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _other_version(path: Path, version: int) -> str:
    if version > len(MIGRATIONS):
        return f"{path} was written by a newer intercom (version {version}): update this one"
    return f"{path} is of version {version}: start the hub once, which brings it up to date"
