"""What the microphone hears, kept for a while as a WAV file of 16 kHz, mono, 16 bit."""

from __future__ import annotations

import struct
import threading
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt

from .opus import RATE

Samples = npt.NDArray[np.int16]

KEPT_RATE = 16_000
"""Samples a second in the file: all that a voice has, at 1.9 MB a minute."""


class Recorder:
    """`take` belongs to the microphone path's thread, the rest may be called from any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._take: _Take | None = None  # read unlocked

    @property
    def seconds(self) -> float:
        """How much has been recorded since `start`; 0 while nothing is."""
        take = self._take
        return take.heard / RATE if take is not None else 0.0

    def start(self, seconds: float) -> None:
        """Record from now on, at most so many seconds; what was not fetched is forgotten."""
        with self._lock:
            self._take = _Take(round(seconds * RATE))

    def stop(self) -> bytes:
        """End, and return the file; empty if nothing was heard."""
        with self._lock:
            take, self._take = self._take, None
            return take.wav() if take is not None and take.heard else b""

    def take(self, samples: Samples) -> None:
        """Hear `samples` of 48 kHz."""
        if self._take is None:
            return
        with self._lock:
            if self._take is not None:
                self._take.add(samples)


class _Take:
    """One recording."""

    def __init__(self, most: int) -> None:
        self.heard = 0  # samples of RATE
        self._most = most
        self._parts: list[bytes] = []
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=KEPT_RATE)

    def add(self, samples: Samples) -> None:
        samples = samples[: self._most - self.heard]
        if not len(samples):
            return
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self.heard, Fraction(1, RATE)
        self.heard += len(samples)
        self._keep(frame)

    def wav(self) -> bytes:
        self._keep(None)
        return wav(b"".join(self._parts), KEPT_RATE)

    def _keep(self, frame: av.AudioFrame | None) -> None:
        for out in self._resampler.resample(frame):
            self._parts.append(bytes(out.planes[0])[: 2 * out.samples])


def wav(pcm: bytes, rate: int) -> bytes:
    """Return mono s16le samples as a WAV file."""
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", 36 + len(pcm), b"WAVE", b"fmt ", 16),
        *(1, 1, rate, 2 * rate, 2, 16),
        *(b"data", len(pcm)),
    )
    return header + pcm
