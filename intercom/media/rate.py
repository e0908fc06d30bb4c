"""PURE  The bit rate that all receivers of one stream can take, from their REMB reports."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

FLOOR = 100_000  # bits a second; hardware encoders hang below it
WINDOW = 1.0  # seconds over which the sent rate is measured
HEADROOM = 1.1
GROWTH = 1.1  # a report, two reports a second


class RateLimit:
    """Lowest limit of all receivers.

    An estimator never reports more than about 1.5 times what it received, so that a still scene,
    coded with few bits, would pull its own limit down. A report above what was really sent is
    therefore no limit: it lets the rate grow step by step.
    """

    def __init__(self, top: int) -> None:
        self._top = top
        self._limits: dict[Hashable, float] = {}
        self._sent: deque[tuple[float, int]] = deque()

    def sent(self, size: int, now: float) -> None:
        """Count `size` bytes that went out at `now` seconds."""
        self._sent.append((now, size))
        self._trim(now)

    def report(self, who: Hashable, bps: int, now: float) -> int:
        """Take `who`'s estimate; returns the bits a second to encode at."""
        self._trim(now)
        sent = sum(size for _, size in self._sent) * 8 / WINDOW
        before = self._limits.get(who, float(self._top))
        if bps > sent * HEADROOM:
            self._limits[who] = min(float(self._top), max(before * GROWTH, float(bps)))
        else:
            self._limits[who] = float(bps)
        return self.value

    def limit(self, who: Hashable) -> float:
        """What `who` can take, bits a second."""
        return self._limits.get(who, float(self._top))

    def assume(self, who: Hashable, bps: float) -> int:
        """`who` comes from another stream, where it took `bps`; returns the rate to encode at."""
        self._limits[who] = min(float(self._top), bps)
        return self.value

    def forget(self, who: Hashable) -> None:
        """`who` does not receive any more."""
        self._limits.pop(who, None)

    def set_top(self, top: int) -> int:
        """Change the most that is allowed; returns the bits a second to encode at."""
        self._top = top
        return self.value

    @property
    def value(self) -> int:
        """Bits a second to encode at."""
        lowest = min(self._limits.values(), default=float(self._top))
        return int(min(float(self._top), max(float(FLOOR), lowest)))

    def _trim(self, now: float) -> None:
        while self._sent and self._sent[0][0] < now - WINDOW:
            self._sent.popleft()
