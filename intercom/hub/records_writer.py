"""The ledger and its troubles: opened when it can be, tried again when it refused."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from intercom.errors import IntercomError
from intercom.hub.missed import Pair
from intercom.hub.records_clock import Clock
from intercom.hub.records_ledger import DAY, CallRow, Ledger, MissedRow

log = logging.getLogger(__name__)


class Writer:
    """What the thread of `Records` works with. `failing`: the last try was refused."""

    def __init__(self, path: Path, days: float, clock: Clock) -> None:
        self.failing = False
        self._path = path
        self._days = days
        self._clock = clock
        self._ledger = Ledger(path, clock)
        self._missed: list[MissedRow] | None = None
        self._pruned: float | None = None

    def write(
        self, rows: Sequence[CallRow], messages: Sequence[Pair], seen: Sequence[Pair]
    ) -> list[MissedRow]:
        """Write all of it; return what was missed in earlier runs, at the first time that works.

        Raises sqlite3.Error, OSError or RecordsError, with nothing written.
        """
        if not self._ledger.is_open:
            missed = self._ledger.open()
            if self._missed is None:
                self._missed = missed
        self._ledger.write(rows, messages, seen)
        if self.failing:
            self.failing = False
            log.warning("calls are recorded again in %s", self._path)
        missed, self._missed = self._missed or [], []
        return missed

    def refused(self, error: sqlite3.Error | OSError | IntercomError, kept: int) -> None:
        """Say so, once, and close the database: it is opened anew for the next try."""
        self._ledger.close()
        if not self.failing:
            self.failing = True
            log.warning(
                "calls cannot be recorded in %s (%s): calls go on, and the newest %d records are"
                " kept in memory until it works",
                self._path,
                _words(error),
                kept,
            )

    def close(self) -> None:
        """Close, and let another hub have it; idempotent."""
        self._ledger.close(release=True)

    def tidy(self) -> None:
        """Delete what is too old, at start and once a day; raises as `write` does."""
        now = self._clock.steady()
        if self._pruned is not None and now - self._pruned < DAY:
            return
        deleted = self._ledger.prune(self._days, cautious=self._pruned is None)
        self._pruned = now
        if deleted:
            log.info("%d records of calls from before %g days are deleted", deleted, self._days)


def _words(error: sqlite3.Error | OSError | IntercomError) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)
