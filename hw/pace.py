"""Threads that tick on an absolute schedule, so that simulated devices do not drift."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

_log = logging.getLogger(__name__)

_TOO_LATE = 0.5  # seconds; a longer gap (a stopped process, a suspended machine) is left out


class Pacer:
    """Calls `tick(n)` for n = 0, 1, 2 ... at start + n * period (seconds) in its own thread.

    A tick that comes late is made up for at once; after a gap of more than 0.5 s the missed ticks
    are dropped and counted in `dropped`, as hardware overruns.
    """

    def __init__(self, name: str, period: float, tick: Callable[[int], object]) -> None:
        self._period = period
        self._tick = tick
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.dropped = 0

    def start(self) -> None:
        """Begin; the first tick is one period from now."""
        self._thread.start()

    def close(self) -> None:
        """Stop, and wait for the thread unless called from it; idempotent."""
        self._stop.set()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join()

    def stop(self) -> None:
        """Stop after the tick that is running; for the tick itself."""
        self._stop.set()

    def _run(self) -> None:
        base = time.monotonic() + self._period
        n = 0
        while not self._stop.is_set():
            late = time.monotonic() - (base + n * self._period)
            if late < 0 and self._stop.wait(-late):
                return
            if late > _TOO_LATE:
                missed = int(late / self._period)
                self.dropped += missed
                base += missed * self._period
                _log.warning("%s was held up for %.1f s", self._thread.name, late)
            self._tick(n)
            n += 1
