"""The records of calls: each call leaves one, whatever happens to the hub, and none waits for it.

A record is written when its call begins to ring, when it is answered and when it ends, by a thread
of its own. While the disk refuses, the newest WAITING_MAX are kept in memory and written later.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from intercom import protocol as p
from intercom.hub.calls import Fact, Finished
from intercom.hub.missed import Pair
from intercom.hub.records_book import Book
from intercom.hub.records_clock import Clock
from intercom.hub.records_ledger import CallRow, MissedRow
from intercom.hub.records_schema import FILE, RecordsError
from intercom.hub.records_writer import Writer

WAITING_MAX = 500
"""Calls that wait to be written at most; then the oldest is lost."""
SEEN_MAX = 4096
"""Missed calls that wait to be marked as seen at most, and calls that wait for their message."""
RETRY = 10.0
"""Seconds until a disk that refused is tried again."""
LOOK = 30.0
"""Seconds between two looks at the clock, and at what is old enough to be deleted."""
START = 10.0
"""Seconds that a hub waits for its disk at start before it goes on without."""


class Records:
    """The store of one hub, in `folder`. Methods may be called from any thread.

    `start`, then `close`; what is noted before waits in memory.
    """

    def __init__(self, folder: Path, days: float, clock: Clock | None = None) -> None:
        self._path = folder / FILE
        self._days = days
        self._clock = clock or Clock()
        self._book = Book(self._clock, days)
        self._news = threading.Condition()
        self._waiting: dict[int, CallRow] = {}  # by number, oldest first
        self._seen: dict[Pair, None] = {}
        self._messages: dict[str, str] = {}  # by call
        self._thread: threading.Thread | None = None
        self._tried = threading.Event()
        self._closing = False
        self.lost = 0

    @property
    def waiting(self) -> int:
        """How many calls are noted and not written yet."""
        return len(self._waiting)

    def start(self) -> None:
        """Open the database and write from now on; waits for it, START seconds at most."""
        self._thread = threading.Thread(target=self._run, name="call records", daemon=True)
        self._thread.start()
        self._tried.wait(START)

    def close(self) -> None:
        """Record what goes on as lost, write all, and end the thread; idempotent."""
        with self._news:
            for row in self._book.break_off():
                self._put(row)
            self._closing = True
            self._news.notify_all()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    def flush(self, timeout: float) -> bool:
        """Wait until all that was noted is safe on the disk; False when it is not in time."""
        with self._news:
            return self._news.wait_for(
                lambda: not (self._waiting or self._messages or self._seen), timeout
            )

    def note(self, fact: Fact) -> None:
        """Take what the exchange tells of a call."""
        with self._news:
            row, given_up = self._book.note(fact)
            self._mark(given_up)
            if row is not None:
                self._put(row)

    def leave(self, fact: Finished, message: str, since: float) -> None:
        """A message was left with this call, which began `since` seconds ago."""
        with self._news:
            for pair in [pair for pair in self._seen if pair[1] == fact.call_id]:
                del self._seen[pair]  # it was seen without the message
            self._messages[fact.call_id] = message
            if len(self._messages) > SEEN_MAX:
                del self._messages[next(iter(self._messages))]
            self._mark(self._book.leave(fact, message, since))

    def missed(self, user_id: str, name: Callable[[str], str]) -> tuple[p.MissedCall, ...]:
        """Return the calls that the user missed and has not seen, newest first, at most 64."""
        with self._news:
            return self._book.missed.of(user_id, name)

    def seen(self, user_id: str, call_ids: Iterable[str]) -> None:
        """Tell the user of these no more."""
        with self._news:
            self._mark(self._book.missed.seen(user_id, call_ids))

    def _put(self, row: CallRow) -> None:
        self._waiting[row.number] = row
        if len(self._waiting) > WAITING_MAX:
            del self._waiting[next(iter(self._waiting))]
            self.lost += 1
        self._news.notify_all()

    def _mark(self, pairs: Iterable[Pair]) -> None:
        self._seen.update(dict.fromkeys(pairs))
        while len(self._seen) > SEEN_MAX:
            del self._seen[next(iter(self._seen))]
        self._news.notify_all()

    # -- the thread --------------------------------------------------------------------------

    def _run(self) -> None:
        writer = Writer(self._path, self._days, self._clock)
        closing = False
        while not closing:
            rows, messages, seen, closing = self._take(writer)
            try:
                missed = writer.write(rows, messages, seen)
                self._wrote(rows, messages, seen, missed)
                writer.tidy()
            except (sqlite3.Error, OSError, RecordsError) as error:
                writer.refused(error, WAITING_MAX)
            self._tried.set()
        writer.close()

    def _take(self, writer: Writer) -> tuple[list[CallRow], list[Pair], list[Pair], bool]:
        """Return what is to be written, when there is something, or it is time to look around."""
        with self._news:
            if writer.failing:
                self._news.wait_for(lambda: self._closing, RETRY)
            elif self._tried.is_set():
                self._news.wait_for(
                    lambda: self._closing or self._waiting or self._messages or self._seen, LOOK
                )
            left = list(self._messages.items())
            return list(self._waiting.values()), left, list(self._seen), self._closing

    def _wrote(
        self,
        rows: list[CallRow],
        messages: list[Pair],
        seen: list[Pair],
        missed: list[MissedRow],
    ) -> None:
        """Forget what is safe now, but for calls that have gone on meanwhile."""
        with self._news:
            if missed:
                self._book.missed.load(missed)
            for row in rows:
                if self._waiting.get(row.number) is row:
                    del self._waiting[row.number]
            for call_id, message in messages:
                if self._messages.get(call_id) == message:
                    del self._messages[call_id]
            for pair in seen:
                self._seen.pop(pair, None)
            self._news.notify_all()
