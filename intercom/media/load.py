"""How busy encoding and the whole process are, a window at a time."""

from __future__ import annotations

import os
import time

from .ladder import Load

WINDOW = 0.5  # seconds


class LoadMeter:
    """Belongs to one encoder's thread."""

    def __init__(self) -> None:
        self._cores = len(os.sched_getaffinity(0))
        self.reset(time.monotonic())

    def reset(self, now: float) -> None:
        """Begin again."""
        self._since, self._busy, self._cpu = now, 0.0, time.process_time()

    def worked(self, seconds: float) -> None:
        """Count the time that one frame took."""
        self._busy += seconds

    def read(self, now: float) -> Load | None:
        """The load of the past window, once a window; else None."""
        span = now - self._since
        if span < WINDOW:
            return None
        cpu = time.process_time() - self._cpu
        load = Load(self._busy / span, cpu / span / self._cores)
        self.reset(now)
        return load
