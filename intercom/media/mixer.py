"""PURE  Several voices and a tone into one signal that never clips hard."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]

KNEE = 0.8 * 32767  # below it nothing is changed
QUIETEST = -60.0  # dB full scale that count as volume 0


def mix(voices: Sequence[Samples], samples: int) -> Samples:
    """The sum of `voices` (each of `samples`), softly limited."""
    if not voices:
        return np.zeros(samples, np.int16)
    if len(voices) == 1:
        return voices[0]
    return limit(np.sum(np.stack(voices), axis=0, dtype=np.int32))


def limit(total: npt.NDArray[np.int32]) -> Samples:
    """Bend what is above the knee so that it stays below full scale."""
    peak = int(np.abs(total).max(initial=0))
    if peak <= KNEE:
        return total.astype(np.int16)
    size = np.abs(total).astype(np.float32)
    room = 32767 - KNEE
    bent = KNEE + room * np.tanh((size - KNEE) / room)
    return (np.sign(total) * np.where(size > KNEE, bent, size)).astype(np.int16)


def volume(samples: Samples) -> int:
    """Loudness 0-100 on a scale of decibels: 0 is -60 dB full scale, 100 full scale."""
    if not len(samples):
        return 0
    x = samples.astype(np.float32)
    rms = math.sqrt(float(np.mean(x * x))) / 32768
    if rms <= 0:
        return 0
    return max(0, min(100, round(100 * (1 - 20 * math.log10(rms) / QUIETEST))))


class Tone:
    """A sound that is played once or again and again beside the voices."""

    def __init__(self, pcm: bytes, repeat: bool) -> None:
        self._samples: Samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], np.int16)
        self._repeat = repeat
        self._at = 0

    @property
    def ended(self) -> bool:
        """Whether nothing is left to play."""
        return self._at >= len(self._samples)

    def pull(self, samples: int) -> Samples:
        """The next `samples`, silence after the end."""
        if not len(self._samples):
            return np.zeros(samples, np.int16)
        if self._repeat:
            where = np.arange(self._at, self._at + samples) % len(self._samples)
            self._at = (self._at + samples) % len(self._samples)
            return self._samples[where]
        part = self._samples[self._at : self._at + samples]
        self._at += samples
        return np.concatenate([part, np.zeros(samples - len(part), np.int16)])
