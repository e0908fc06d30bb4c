"""Latency and rate of the pictures that are shown."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import av

RECENT = 2.0
"""Seconds over which the present latency is taken."""


class Meter:
    """Takes the remote pictures at the flip that shows them, in any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._shown: deque[float] = deque(maxlen=3600)
        self._latency: deque[tuple[float, float]] = deque(maxlen=3600)  # (when, ms)
        self.first_shown = 0.0

    def take(self, frame: av.VideoFrame, read: bool) -> None:
        """A picture is on the screen now; `read` its time code."""
        now = self._clock()
        sent = None
        if read:
            from hw.timecode import read as read_code  # noqa: PLC0415 (only who measures needs it)

            sent = read_code(frame)
        with self._lock:
            self.first_shown = self.first_shown or now
            self._shown.append(now)
            if sent is not None:
                self._latency.append((now, (int(now * 1000) - sent) % (1 << 32)))

    def reset(self) -> None:
        """Forget what was measured."""
        with self._lock:
            self._shown.clear()
            self._latency.clear()
            self.first_shown = 0.0

    def latency(self) -> float | None:
        """Return the median latency in ms of the last RECENT seconds; None without time codes."""
        since = self._clock() - RECENT
        with self._lock:
            recent = sorted(ms for when, ms in self._latency if when >= since)
        return recent[len(recent) // 2] if recent else None

    def report(self) -> dict[str, float]:
        """Return shown pictures, their rate per second, and latency in ms (p50, p95)."""
        with self._lock:
            shown, latency = list(self._shown), sorted(ms for _, ms in self._latency)
        span = shown[-1] - shown[0] if len(shown) > 1 else 0.0
        report = {"shown": float(len(shown)), "coded": float(len(latency))}
        report["fps"] = round((len(shown) - 1) / span, 2) if span else 0.0
        if latency:
            report["latency_p50_ms"] = latency[len(latency) // 2]
            report["latency_p95_ms"] = latency[int(len(latency) * 0.95)]
        return report
