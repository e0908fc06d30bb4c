"""PURE  How much later than the reference the echo comes, and whether that moves.

The generalised cross-correlation of both (GCC-PHAT: Knapp and Carter, 1976) shows the room's
impulse response. Its greatest peak is the delay; the shift of its shape against an earlier one is
the drift of the two devices' clocks, to a fraction of a sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float32]

RATE = 16_000
SEGMENT = 16_384  # samples, a second
EARLIEST, LATEST = -1600, 8000  # samples: the echo is looked for in -100 to 500 ms
_AUDIBLE = 60.0  # rms of a reference that can be looked for
_CLEAR = 9.0  # times the rms of the correlation: a peak that is one
_SURE = 18.0  # a voice that resembles the reference by chance is not so clear
_NONE = 7.0  # less: there is no echo, or the own voice drowns it
_HEARD = 0.3  # seconds of loud reference, LATEST ago, of which an echo would have come by now
_PIECE = 128  # samples that are loud or not
_MEMORY = 0.3
_SHAPE = 96  # samples on each side of the peak that are compared
_FAR = 12  # samples; a shift of more is not drift
_BINS = slice(4 * SEGMENT * 300 // RATE, 4 * SEGMENT * 6000 // RATE)  # 300 Hz to 6 kHz


@dataclass(frozen=True, slots=True)
class Seen:
    """`delay` of the echo after the reference in seconds, and its `shift` since the first look."""

    delay: float
    shift: float | None


class DelayTracker:
    """Looks at the echo about once a second while there is something to see."""

    def __init__(self) -> None:
        self.is_hidden = False  # by the last looks there is no echo, or one that nobody hears
        self._near, self._far = _Third(2 * SEGMENT), _Third(2 * SEGMENT)
        self._fresh = 0
        self._clear = 0.0  # at the last look
        self._cross: npt.NDArray[np.complexfloating[Any]] | None = None
        self._shape: Floats | None = None
        self._peak = 0

    def push(self, near: Samples, far: Samples) -> Seen | None:
        """Equally many samples at 48 kHz of both; what was seen, when it was clear."""
        self._near.push(near)
        self._far.push(far)
        self._fresh += len(near) // 3
        if self._fresh < SEGMENT:
            return None
        self._fresh = 0
        return self._look()

    def restart(self) -> None:
        """The reference was moved: forget the shape."""
        self._cross = self._shape = None
        self._fresh = -SEGMENT  # both halves have to be new

    def _look(self) -> Seen | None:
        near, far = self._near.samples, self._far.samples
        if _rms(far) < _AUDIBLE:
            return None
        if _rms(near) < _AUDIBLE / 100:
            self._conclude(0.0, far)
            return None
        window = np.hanning(len(near)).astype(np.float32)
        size = 2 * len(near)
        cross = np.fft.rfft(near * window, size) * np.conj(np.fft.rfft(far * window, size))
        white = np.zeros_like(cross)
        white[_BINS] = (cross / (np.abs(cross) + 1e-3))[_BINS]
        if self._cross is not None:
            white += _MEMORY * self._cross
        self._cross = white
        seen = np.fft.irfft(white, size)
        range_ = np.concatenate([seen[EARLIEST:], seen[:LATEST]]).astype(np.float32)
        peak = int(np.argmax(np.abs(range_)))
        clear = float(abs(range_[peak]) / (_rms(range_) + 1e-12))
        self._conclude(clear, far)
        if clear < _CLEAR:
            return None
        return Seen((peak + EARLIEST) / RATE, self._shifted(range_, peak))

    def _conclude(self, clear: float, far: Floats) -> None:
        before, self._clear = self._clear, clear
        if clear >= _SURE or (clear >= _CLEAR and before >= _CLEAR):
            self.is_hidden = False
        elif clear < _NONE:
            pieces = far[: (len(far) - LATEST) // _PIECE * _PIECE].reshape(-1, _PIECE)
            loud = int(np.count_nonzero(np.mean(pieces * pieces, axis=1) > _AUDIBLE**2))
            self.is_hidden |= loud * _PIECE >= _HEARD * RATE

    def _shifted(self, seen: Floats, peak: int) -> float | None:
        if not _SHAPE + _FAR <= peak < len(seen) - _SHAPE - _FAR:
            return None
        if self._shape is None:
            self._peak = peak
            self._shape = seen[peak - _SHAPE : peak + _SHAPE].copy()
            return 0.0
        at = self._peak
        part = seen[at - _SHAPE - _FAR : at + _SHAPE + _FAR]
        match = np.correlate(part, self._shape, "valid")
        best = int(np.argmax(match))
        if not 0 < best < len(match) - 1:
            return None
        left, middle, right = (float(v) for v in match[best - 1 : best + 2])
        bend = left - 2 * middle + right
        part_of_sample = 0.5 * (left - right) / bend if bend else 0.0
        return (best - _FAR + part_of_sample) / RATE


def _rms(samples: Floats) -> float:
    return float(np.sqrt(np.mean(samples * samples)))


class _Third:
    """The last samples at a third of the rate."""

    def __init__(self, size: int) -> None:
        self._ring: Floats = np.zeros(size, np.float32)
        self._at = 0

    @property
    def samples(self) -> Floats:
        """In their order."""
        return np.roll(self._ring, -self._at)

    def push(self, samples: Samples) -> None:
        """A whole number of milliseconds."""
        thirds = samples.reshape(-1, 3).mean(axis=1, dtype=np.float32)
        places = np.arange(self._at, self._at + len(thirds)) % len(self._ring)
        self._ring[places] = thirds
        self._at = (self._at + len(thirds)) % len(self._ring)
