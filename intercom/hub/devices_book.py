"""The book of devices, and of the invitations that bring new ones: the SQL, for any process.

The hub holds it open; `intercom invite` and `intercom revoke` write into it beside the hub, which
sees at `version` that somebody did.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from intercom.enroll.code import BITS, EnrollCode, from_bits
from intercom.enroll.login import device_id
from intercom.hub import enroll_clock
from intercom.hub.devices_schema import DevicesError, connect
from intercom.hub.enroll_clock import Moment

OPEN_MAX = 32
"""Invitations that may be open at once."""
KEPT = 3600.0
"""Seconds for which an invitation that is over is kept, for better words to those who try it."""
WRONG_MAX = 5
"""Wrong proofs after which an invitation is void."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device that was enrolled. Times in unix seconds; `revoked` None: it may log in."""

    device: str
    public: bytes = field(repr=False)
    user_id: str
    name: str
    enrolled: float
    seen: float | None = None
    revoked: float | None = None


@dataclass(frozen=True, slots=True)
class Invitation:
    """A code that was given out. `over`: why it is good no more, or empty."""

    code: EnrollCode
    user_id: str
    device: str | None
    over: str


class DeviceBook:
    """The database at `path`. Methods raise sqlite3.Error, OSError and DevicesError."""

    def __init__(
        self,
        path: Path,
        now: Callable[[], Moment] = enroll_clock.now,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.path, self._now, self._wall = path, now, wall
        self._connection: sqlite3.Connection | None = None
        self._opened = 0
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close it; the next use opens it again."""
        with self._lock:
            self._close()

    def version(self) -> tuple[int, int]:
        """Return what changes whenever another process has written, or may have.

        SQLite counts for each connection by itself, so the connection belongs to the number.
        """
        with self._using() as sql:
            return self._opened, int(sql.execute("PRAGMA data_version").fetchone()[0])

    # -- invitations -------------------------------------------------------------------------

    def invite(self, user_id: str, seconds: float) -> EnrollCode:
        """Open an invitation for a device of that user; DevicesError when too many are open."""
        now = self._now()
        with self._writing() as sql:
            _prune(sql, now)
            rows = sql.execute("SELECT id, until, device, wrong FROM invitations").fetchall()
            live = [row for row in rows if not _over(row[1], row[2], row[3], now)]
            if len(live) >= OPEN_MAX:
                raise DevicesError(f"{len(live)} invitations are open: wait until some are over")
            taken = {row[0] for row in rows}
            while (code := from_bits(secrets.randbits(BITS))).id in taken:
                pass
            sql.execute(
                "INSERT INTO invitations(id, secret, user_id, boot, made, until)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (code.id, code.secret, user_id, now.boot, now.seconds, now.seconds + seconds),
            )
        return code

    def invitation(self, code_id: str) -> Invitation | None:
        """Return the invitation of that ID, over or not; None when there is none."""
        now = self._now()
        with self._using() as sql:
            row = sql.execute(
                "SELECT secret, user_id, device, until, wrong FROM invitations"
                f" WHERE id = ? AND NOT ({_OF_ANOTHER_BOOT})",
                (code_id, now.boot, now.boot, now.seconds),
            ).fetchone()
        if row is None:
            return None
        secret, user_id, device, until, wrong = row
        over = _over(until, None, wrong, now)
        return Invitation(EnrollCode(code_id, secret), user_id, device, over)

    def prune(self) -> None:
        """Forget the invitations that are long over."""
        now = self._now()
        with self._writing() as sql:
            _prune(sql, now)

    def wrong(self, code_id: str) -> int:
        """Count a wrong proof; return how many more there may be."""
        with self._writing() as sql:
            row = sql.execute(
                "UPDATE invitations SET wrong = wrong + 1 WHERE id = ? RETURNING wrong", (code_id,)
            ).fetchone()
        return 0 if row is None else max(0, WRONG_MAX - int(row[0]))

    # -- devices -----------------------------------------------------------------------------

    def enroll(self, code_id: str, public: bytes, name: str) -> bool:
        """Use up the invitation for that device, and let it log in: both, or neither.

        False: another device has used it. A device may do so again: the answer may be lost.
        """
        device = device_id(public)
        with self._writing() as sql:
            row = sql.execute(
                "UPDATE invitations SET device = ?1 WHERE id = ?2 AND coalesce(device, ?1) = ?1"
                " RETURNING user_id",
                (device, code_id),
            ).fetchone()
            if row is not None:
                sql.execute(
                    "INSERT OR REPLACE INTO devices(device, public, user_id, name, enrolled)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (device, public, row[0], name, self._wall()),
                )
        return row is not None

    def devices(self) -> list[Device]:
        """Return every device, the revoked ones too: by user, the oldest first."""
        with self._using() as sql:
            rows = sql.execute(
                "SELECT device, public, user_id, name, enrolled, seen, revoked FROM devices"
                " ORDER BY user_id, enrolled, device"
            ).fetchall()
        return [Device(*row) for row in rows]

    def revoke(self, device: str) -> Device:
        """Let the device log in no more. Its name may be cut short, where that is enough.

        Raises DevicesError when there is none of that name, or several.
        """
        found = [d for d in self.devices() if d.device.startswith(device.lower()) and not d.revoked]
        if len(found) != 1 or not device:
            which = "several devices begin so" if found else "no such device may log in"
            raise DevicesError(f'"{device}": {which}: see `intercom devices`')
        with self._writing() as sql:
            sql.execute(
                "UPDATE devices SET revoked = ? WHERE device = ?", (self._wall(), found[0].device)
            )
            sql.execute("DELETE FROM invitations WHERE device = ?", (found[0].device,))
        return found[0]

    def seen(self, devices: Iterable[str]) -> None:
        """Note that these devices logged in just now."""
        with self._writing() as sql:
            sql.executemany(
                "UPDATE devices SET seen = ? WHERE device = ?",
                [(self._wall(), device) for device in devices],
            )

    # -- the connection ----------------------------------------------------------------------

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection to one thread; after an error it is opened anew."""
        with self._lock:
            if self._connection is None:
                self._connection = connect(self.path)
                self._opened += 1
            try:
                yield self._connection
            except (sqlite3.Error, OSError):
                self._close()
                raise

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it, or nothing."""
        with self._using() as sql:
            sql.execute("BEGIN IMMEDIATE")
            try:
                yield sql
                sql.execute("COMMIT")
            except BaseException:
                if sql.in_transaction:
                    sql.execute("ROLLBACK")
                raise

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


_OF_ANOTHER_BOOT = "boot != ? AND boot != '' AND ? != '' OR made > ?"
"""SQL: made before the machine was started anew. Where a process cannot know the boot, moments
are compared all the same: in the worst case a code lives on for as long as it has left."""


def _prune(sql: sqlite3.Connection, now: Moment) -> None:
    """Delete what is over for so long that "unknown" is word enough for it."""
    sql.execute(
        f"DELETE FROM invitations WHERE {_OF_ANOTHER_BOOT} OR until < ?",
        (now.boot, now.boot, now.seconds, now.seconds - KEPT),
    )


def _over(until: float, device: str | None, wrong: int, now: Moment) -> str:
    """Say why an invitation is good no more, or nothing."""
    if device is not None:
        return "the code was used"
    if wrong >= WRONG_MAX:
        return "the code is void, after too many wrong attempts"
    if now.seconds >= until:
        return "the code has expired"
    return ""
