"""PURE  How far behind the microphone the reference is read, so that the echo comes just after it.

Moved at once when the echo lies outside of what the filter sees, and steered by a slow
phase-locked loop (proportional and integral) against the drift of the two clocks.
"""

from __future__ import annotations

from .align import RATE
from .echo_delay import Seen

FIRST = 0.020  # seconds; a speaker and a microphone together delay by more than that
EARLY, LATE = 0.002, 0.120  # seconds after the reference between which the echo is left alone
AIM = 0.015
_AGREE, _TIMES = 0.004, 3  # seconds, looks: so sure is a move
_QUICK, _SURE = 0.45, 0.06  # of the loop: a second, and a second squared
_FASTEST = 500e-6
_STANDS = 50e-6  # seconds of shift: the echo stands still


class Lag:
    """`value` in samples at 48 kHz, and `drift`: how many of them more, a sample."""

    def __init__(self) -> None:
        self.value = float(round(FIRST * RATE))
        self.drift = 0.0
        self.moves = 0
        self.is_steady = True  # the echo stands still
        self._steady = 0.0
        self._outside: list[float] = []

    def pass_by(self, samples: int) -> None:
        """Time goes on by `samples`."""
        self.value += samples * self.drift

    def see(self, seen: Seen) -> bool:
        """Take the tracker's look into account; True when the reference has jumped."""
        if EARLY <= seen.delay <= LATE:
            self._outside.clear()
            self._steer(seen.shift)
            return False
        self._outside.append(seen.delay)
        recent = self._outside[-_TIMES:]
        if len(recent) < _TIMES or max(recent) - min(recent) > _AGREE:
            return False
        self._outside.clear()
        self.value += round((recent[-1] - AIM) * RATE)
        self.drift = self._steady
        self.moves += 1
        return True

    def _steer(self, shift: float | None) -> None:
        if shift is None:
            return
        self.is_steady = abs(shift) < _STANDS
        self._steady = _within(self._steady + _SURE * shift)
        self.drift = _within(self._steady + _QUICK * shift)


def _within(drift: float) -> float:
    return max(-_FASTEST, min(_FASTEST, drift))
