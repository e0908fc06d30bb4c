"""The sounds of a station: s16le mono PCM at 48 kHz, made once and kept. No files, no clicks.

Every sound starts and ends at silence, so that the loopable ones (`ring`, `ringback`, `busy`) can
be repeated end to end. Peaks stay below -6 dBFS. The call progress tones are the 425 Hz and the
cadences of ITU-T E.180 (ringing 1 s on, 4 s off; busy 0.5 s, 0.5 s).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
"""Samples a second."""

_PEAK = 0.45
"""-6.9 dBFS."""

_RAMP = 0.008
"""Seconds in which a sound swells and fades: long enough not to click."""

_PROGRESS = 425.0
_C5, _E5, _G5, _C6 = 523.25, 659.26, 783.99, 1046.5

Samples = NDArray[np.float32]


@cache
def ring() -> bytes:
    """A door chime, ding-dong and a pause: 3 s, loopable."""
    return _pcm(_mix(3.0, [(0.0, _bell(_E5, 1.2)), (0.55, _bell(_C5, 1.6))]))


@cache
def ringback() -> bytes:
    """What the caller hears while it rings over there: 1 s on, 4 s off, loopable."""
    return _pcm(_mix(5.0, [(0.0, _sine(_PROGRESS, 1.0))]), peak=0.2)


@cache
def accept() -> bytes:
    """Answered: two notes up."""
    return _pcm(_mix(0.36, [(0.0, _sine(_C5, 0.12)), (0.13, _bell(_G5, 0.22))]))


@cache
def end() -> bytes:
    """Over: two notes down."""
    return _pcm(_mix(0.42, [(0.0, _sine(_G5, 0.12)), (0.13, _bell(_C5, 0.28))]))


@cache
def busy() -> bytes:
    """The other line is taken: three bursts, loopable."""
    burst = _sine(_PROGRESS, 0.5)
    return _pcm(_mix(3.0, [(0.0, burst), (1.0, burst), (2.0, burst)]), peak=0.2)


@cache
def announce() -> bytes:
    """It will be answered by itself now: three notes up, so that nobody is overheard unawares."""
    notes = [(0.0, _bell(_C5, 0.4)), (0.2, _bell(_E5, 0.4)), (0.4, _bell(_C6, 0.7))]
    return _pcm(_mix(1.2, notes))


@cache
def prompt() -> bytes:
    """Please speak now: one long note after a pause, as answering machines have it."""
    return _pcm(_mix(0.9, [(0.3, _sine(_PROGRESS * 2, 0.5))]), peak=0.3)


def _sine(hertz: float, seconds: float) -> Samples:
    time = np.arange(round(seconds * RATE), dtype=np.float32) / RATE
    return _ramped(np.sin((2 * np.pi * hertz) * time).astype(np.float32))


def _bell(hertz: float, seconds: float) -> Samples:
    """A struck bar: a few partials, the higher the sooner gone."""
    time = np.arange(round(seconds * RATE), dtype=np.float32) / RATE
    sound = np.zeros_like(time)
    for partial, level, decay in ((1.0, 1.0, 4.0), (2.0, 0.35, 7.0), (3.0, 0.12, 12.0)):
        sound += level * np.sin((2 * np.pi * hertz * partial) * time) * np.exp(-decay * time)
    return _ramped(sound.astype(np.float32))


def _ramped(sound: Samples) -> Samples:
    count = round(_RAMP * RATE)
    ramp = np.linspace(0.0, 1.0, count, dtype=np.float32) ** 2
    sound[:count] *= ramp
    sound[-count:] *= ramp[::-1]
    return sound


def _mix(seconds: float, notes: Sequence[tuple[float, Samples]]) -> Samples:
    """Lay notes of (start in seconds, samples) over silence of the given length."""
    sound = np.zeros(round(seconds * RATE), dtype=np.float32)
    for start, note in notes:
        first = round(start * RATE)
        sound[first : first + len(note)] += note
    return sound


def _pcm(sound: Samples, peak: float = _PEAK) -> bytes:
    scale = peak * 32767 / float(np.abs(sound).max())
    return np.round(sound * scale).astype("<i2").tobytes()
