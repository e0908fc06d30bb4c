"""Plays a lamp's pattern in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

from hw.base import Pattern

_OFF: tuple[tuple[float, float], ...] = ((0.0, 0.0),)
_SHORTEST = 0.01  # seconds; keeps a pattern of zeros from spinning


class LampPlayer:
    """Repeats (brightness, seconds) steps on `write`; a new pattern's first step is immediate."""

    def __init__(self, write: Callable[[float], None]) -> None:
        self._write = write
        self._changed = threading.Condition()
        self._pattern = _OFF
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="hw-lamp", daemon=True)
        self._thread.start()

    def play(self, pattern: Pattern) -> None:
        """Replace the pattern; empty is off; raises ValueError outside of 0..1 or below 0 s."""
        steps = tuple((float(value), float(seconds)) for value, seconds in pattern) or _OFF
        if any(not 0 <= value <= 1 or seconds < 0 for value, seconds in steps):
            raise ValueError(f"brightness is 0 to 1 and seconds are not negative: {steps}")
        with self._changed:
            if self._closed or steps == self._pattern:
                return
            self._pattern = steps
            self._write(steps[0][0])
            self._changed.notify()

    def close(self) -> None:
        """Switch off and wait for the thread; idempotent."""
        with self._changed:
            if not self._closed:
                self._closed = True
                self._write(0.0)
                self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        with self._changed:
            while not self._closed:
                self._play_until_changed(self._pattern)

    def _play_until_changed(self, pattern: tuple[tuple[float, float], ...]) -> None:
        """With the lock held, which each wait gives away; the first step is written already."""
        if len(pattern) == 1:
            self._changed.wait()
            return
        step = 0
        while True:
            self._changed.wait(max(pattern[step][1], _SHORTEST))
            if self._closed or self._pattern is not pattern:
                return
            step = (step + 1) % len(pattern)
            self._write(pattern[step][0])
