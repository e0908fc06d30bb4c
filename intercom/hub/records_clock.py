"""Wall time for records on a machine whose clock may be set while it runs.

A Raspberry Pi before the 5 has no clock of its own: it starts in the past, and jumps when the
network tells it the time. So moments are kept as steady seconds, and become wall time late.
"""

from __future__ import annotations

import time
from collections.abc import Callable

STEP = 60.0
"""Seconds by which the wall clock must differ from what was expected to have been set."""


def boot_time() -> float:
    """Return seconds that never jump, and count while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Clock:
    """`steady` is in seconds from anywhere, `wall` in unix seconds."""

    def __init__(
        self, steady: Callable[[], float] = boot_time, wall: Callable[[], float] = time.time
    ) -> None:
        self.steady = steady
        self.wall = wall
        self._offset = wall() - steady()

    def wall_of(self, steady: float) -> float:
        """Return the wall time of a moment, by the clock as it was last looked at."""
        return steady + self._offset

    def look(self) -> float:
        """Look at the clock; return the seconds by which it was set since the last look, or 0."""
        before, self._offset = self._offset, self.wall() - self.steady()
        step = self._offset - before
        return step if abs(step) > STEP else 0.0
