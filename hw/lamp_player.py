"""Plays a lamp's pattern in a thread of its own, the only one that writes to the lamp."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from hw.base import DeviceError, OnFault, Pattern

_log = logging.getLogger(__name__)

_Steps = tuple[tuple[float, float], ...]

_OFF: _Steps = ((0.0, 0.0),)
_SHORTEST = 0.01  # seconds; keeps a pattern of zeros from spinning


class LampPlayer:
    """Repeats (brightness, seconds) steps on `write`; a new pattern begins at its first step.

    When `write` raises DeviceError, `on_fault` is told once, and nothing is written any more.
    """

    def __init__(self, write: Callable[[float], None], on_fault: OnFault) -> None:
        self._write = write
        self._on_fault = on_fault
        self._changed = threading.Condition()
        self._pattern = _OFF
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="hw-lamp", daemon=True)
        self._thread.start()

    def play(self, pattern: Pattern) -> None:
        """Replace the pattern, at once and without waiting; empty is off.

        Raises ValueError outside of 0..1 or below 0 s.
        """
        steps = tuple((float(value), float(seconds)) for value, seconds in pattern) or _OFF
        if any(not 0 <= value <= 1 or seconds < 0 for value, seconds in steps):
            raise ValueError(f"brightness is 0 to 1 and seconds are not negative: {steps}")
        with self._changed:
            if steps != self._pattern:
                self._pattern = steps
                self._changed.notify()

    def close(self) -> None:
        """Switch off and wait for the thread unless called from it; idempotent."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        try:
            self._play()
        except DeviceError as error:
            if self._closed:
                _log.warning("%s", error)
            else:
                self._on_fault(error.message)

    def _play(self) -> None:
        pattern, step = _OFF, 0  # what a lamp shows that was just opened
        while self._wait(pattern, step):
            if self._pattern is pattern:
                step = (step + 1) % len(pattern)
            else:
                pattern, step = self._pattern, 0
            self._write(pattern[step][0])
        self._write(0.0)

    def _wait(self, pattern: _Steps, step: int) -> bool:
        """Wait until the step is over or the pattern another; whether to go on."""
        seconds = None if len(pattern) == 1 else max(pattern[step][1], _SHORTEST)
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._pattern is not pattern, seconds)
            return not self._closed
