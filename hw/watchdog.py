"""Notices a device that has gone silent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Watchdog:
    """Calls `bark()` once, from its own thread, when `feed()` has not come for `seconds`."""

    def __init__(self, name: str, seconds: float, bark: Callable[[], object]) -> None:
        self._seconds = seconds
        self._bark = bark
        self._fed = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def feed(self) -> None:
        """The device is alive; cheap enough for each frame."""
        self._fed = time.monotonic()

    def close(self) -> None:
        """Stop watching and wait for the thread unless called from it; idempotent."""
        self._stop.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(max(0.01, self._fed + self._seconds - time.monotonic())):
            if time.monotonic() - self._fed >= self._seconds:
                self._bark()
                return
