"""PURE  What was played and what is heard, on one axis of samples.

Each side counts its samples; by the time of the callbacks it is seen when some are missing (an
xrun, a device that was opened again), and the place of what follows moves by as many. Callbacks
come late and in bunches, but never early, so the least lateness of the last ones tells.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]

RATE = 48_000
KEPT = 3 * RATE  # samples of what was played
GAP = 0.008  # seconds that are missing for sure
REOPENED = 1.0  # seconds without a callback: another stream
_WINDOW = 0.12  # seconds whose least lateness counts
_DOUBT = 2.0  # seconds in which a gap may prove to have been a bunch that was very late
_FOLLOW = 0.02  # of the drift of the device's clock, at each block


class Timeline:
    """The place of each block of one device on the axis, whose origin is the clock's."""

    def __init__(self) -> None:
        self.gaps = 0
        self._next = 0
        self._ended = float("-inf")
        self._base: float | None = None
        self._gap_at = float("-inf")
        self._lateness: deque[tuple[float, float]] = deque(maxlen=256)  # when, how late

    def place(self, samples: int, now: float) -> int:
        """Where on the axis a block of `samples` belongs that came at `now` seconds."""
        if now - self._ended > REOPENED:
            self._next = round(now * RATE)
            self._base = None
            self._lateness.clear()
        self._next += self._missing(now)
        at = self._next
        self._next += samples
        self._ended = now
        return at

    def _missing(self, now: float) -> int:
        late = now - self._next / RATE
        self._lateness.append((now, late))
        while self._lateness[0][0] < now - _WINDOW:
            self._lateness.popleft()
        least = min(late for _, late in self._lateness)
        if self._base is None:
            self._base = least
        off = least - self._base
        if off < 0:
            if now - self._gap_at < _DOUBT:
                return self._jump(off) if off < -GAP else 0
            self._base = least
            return 0
        if off < GAP:
            self._base += off * _FOLLOW
            return 0
        if self._lateness[-1][0] - self._lateness[0][0] < _WINDOW / 2:
            return 0
        self._gap_at = now
        return self._jump(off)

    def _jump(self, seconds: float) -> int:
        self.gaps += 1
        self._lateness.clear()
        return round(seconds * RATE)


class Reference:
    """The last seconds of what was played, readable between the samples."""

    def __init__(self) -> None:
        self._ring: Samples = np.zeros(KEPT, np.int16)
        self._end = 0  # the place after the newest sample

    def write(self, at: int, samples: Samples) -> None:
        """Put `samples` at their place; what was left out before them is silence."""
        if at > self._end:
            self._put(max(self._end, at - KEPT), np.zeros(min(at - self._end, KEPT), np.int16))
        self._put(at, samples)
        self._end = at + len(samples)

    def read(self, at: float, samples: int, step: float = 1.0) -> Samples:
        """`samples` from place `at` on, `step` apart; silence where nothing is kept."""
        whole, fraction = divmod(at, 1.0)
        if fraction == 0.0 and step == 1.0:
            return self._take(int(whole), samples)
        x = self._take(int(whole) - 1, samples + 5).astype(np.float32)
        where = fraction + (step - 1.0) * np.arange(samples)
        extra = np.floor(where).astype(np.int64)
        index = np.arange(samples) + np.clip(extra, -1, 1) + 1
        return _between(x, index, (where - extra).astype(np.float32))

    def _take(self, at: int, samples: int) -> Samples:
        places = np.arange(at, at + samples)
        kept = (places < self._end) & (places >= self._end - KEPT)
        return np.where(kept, self._ring[places % KEPT], 0).astype(np.int16)

    def _put(self, at: int, samples: Samples) -> None:
        self._ring[np.arange(at, at + len(samples)) % KEPT] = samples


def _between(
    x: npt.NDArray[np.float32], index: npt.NDArray[np.int64], f: npt.NDArray[np.float32]
) -> Samples:
    """Lagrange's polynomial through four points, `f` after the second."""
    a, b, c, d = x[np.maximum(index - 1, 0)], x[index], x[index + 1], x[index + 2]
    out = (
        -a * f * (f - 1) * (f - 2) / 6
        + b * (f + 1) * (f - 1) * (f - 2) / 2
        - c * (f + 1) * f * (f - 2) / 2
        + d * (f + 1) * f * (f - 1) / 6
    )
    return np.clip(np.rint(out), -32768, 32767).astype(np.int16)
