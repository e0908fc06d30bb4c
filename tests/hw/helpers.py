"""What the tests of devices share: waiting for callbacks, and measuring sound."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

RATE = 48_000


def wait_for(condition: Callable[[], object], timeout: float = 10.0) -> None:
    """Wait until the condition holds; fails the test after `timeout` seconds."""
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def tone(frequency: float, seconds: float, rate: int = RATE) -> bytes:
    """A sine as mono s16le at half of full scale."""
    times = np.arange(int(rate * seconds)) / rate
    wave = np.sin(2 * np.pi * frequency * times) * 16_000
    return bytes(wave.astype("<i2").tobytes())


def loudest_frequency(samples: bytes, rate: int = RATE) -> float:
    """The frequency in Hz with the most energy; 0 for silence."""
    wave: NDArray[np.float64] = np.frombuffer(samples, dtype="<i2").astype(np.float64)
    if not wave.any():
        return 0.0
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    return float(np.argmax(spectrum) * rate / len(wave))
