"""PURE  Speech a little shorter or longer without a change of pitch (WSOLA, one period a time)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]

FADE = 240  # samples, 5 ms at 48 kHz
SHORTEST, LONGEST = 120, 480  # one pitch period: 400 Hz to 100 Hz
NEEDED = LONGEST + FADE
_STEP = 4  # the search runs on every fourth sample
_UP = np.linspace(0.0, 1.0, FADE, dtype=np.float32)


def period(samples: Samples) -> int:
    """The lag at which the beginning of `samples` (>= NEEDED) repeats itself best."""
    x = samples[:NEEDED:_STEP].astype(np.float32)
    head = x[: FADE // _STEP]
    lags = np.arange(SHORTEST // _STEP, LONGEST // _STEP + 1)
    windows = np.lib.stride_tricks.sliding_window_view(x, len(head))[lags]
    energy = np.sqrt((windows * windows).sum(axis=1)) + 1.0
    best = int(np.argmax(windows @ head / energy))
    return int(lags[best]) * _STEP


def shorten(samples: Samples) -> Samples:
    """`samples` without one period (2.5 to 10 ms); unchanged when shorter than 15 ms."""
    if len(samples) < NEEDED:
        return samples
    lag = period(samples)
    joint = _fade(samples[:FADE], samples[lag : lag + FADE])
    return np.concatenate([joint, samples[lag + FADE :]])


def lengthen(samples: Samples) -> Samples:
    """`samples` with one period twice; unchanged when shorter than 15 ms."""
    if len(samples) < NEEDED:
        return samples
    lag = period(samples)
    joint = _fade(samples[lag : lag + FADE], samples[:FADE])
    return np.concatenate([samples[:lag], joint, samples[FADE:]])


def _fade(out: Samples, into: Samples) -> Samples:
    joint: Samples = (out * (1.0 - _UP) + into * _UP).astype(np.int16)
    return joint
