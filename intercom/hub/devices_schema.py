"""The database of devices and invitations: its tables, and how it is opened.

`devices.enrolled`, `.seen` and `.revoked` are unix seconds as this machine saw them. The moments
of `invitations` are seconds since the boot that is named; `device` is who has used it, or NULL.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from intercom.errors import IntercomError
from intercom.files import create, make_folder

FILE = "devices.db"
"""Its name in the state directory."""
BUSY = 5.0
"""Seconds to wait for another process that writes."""

MIGRATIONS = (
    """
    CREATE TABLE devices (
        device TEXT PRIMARY KEY,
        public BLOB NOT NULL,
        user_id TEXT NOT NULL,
        name TEXT NOT NULL,
        enrolled REAL NOT NULL,
        seen REAL,
        revoked REAL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE invitations (
        id TEXT PRIMARY KEY,
        secret TEXT NOT NULL,
        user_id TEXT NOT NULL,
        boot TEXT NOT NULL,
        made REAL NOT NULL,
        until REAL NOT NULL,
        wrong INTEGER NOT NULL DEFAULT 0,
        device TEXT
    ) STRICT, WITHOUT ROWID;
    """,
)
"""One script for each version, applied in order; one that was released is never changed."""


class DevicesError(IntercomError):
    """The book of devices cannot be used; the message says why, and what to do."""


def connect(path: Path) -> sqlite3.Connection:
    """Open the database, made or brought up to date where needed.

    Raises OSError, sqlite3.Error, or DevicesError for one of a newer version, or a link. What is
    committed survives a loss of power, and what is deleted is overwritten. Usable from any thread,
    one at a time.
    """
    make_folder(path.parent)
    if not os.path.lexists(path):
        with contextlib.suppress(FileExistsError):  # another process was quicker
            create(path, b"", 0o600)
    if path.is_symlink():  # root would make, and give away, what it points to
        raise DevicesError(f"{path} is a link: put the book itself there, or set [hub] state_dir")
    there = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(
        there, uri=True, timeout=BUSY, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA synchronous = EXTRA")
        connection.execute("PRAGMA secure_delete = ON")
        _migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    [version] = connection.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise DevicesError(f"{path}: made by a newer intercom: update this one")
    if version == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        [version] = connection.execute("PRAGMA user_version").fetchone()
        for number in range(version, len(MIGRATIONS)):
            for statement in MIGRATIONS[number].split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
