"""Finds what was spoken at one station in what was played at the other."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

RATE = 8000
"""Samples per second that speech is compared at: telephone bandwidth, and cheap."""
CHUNK = 1.5
"""Seconds of speech that are looked for at a time."""
LATEST = 1.0
"""Seconds after which speech counts as not heard."""
SURE = 0.5
"""Correlation (0 to 1) from which on a chunk counts as heard."""


@dataclass(frozen=True)
class Heard:
    """How many chunks of speech were looked for and found, and the median delay in ms."""

    chunks: int
    found: int
    delay_ms: float


@dataclass(frozen=True)
class Timed:
    """Samples at RATE, the first of them at `start` (seconds)."""

    samples: Samples
    start: float


def load(path: Path) -> Samples:
    """Return a WAV file's sound, mono, at RATE; block means keep out most of what would alias."""
    with wave.open(str(path), "rb") as file:
        raw = file.readframes(file.getnframes())
        rate, channels = file.getframerate(), file.getnchannels()
    sound = np.frombuffer(raw, "<i2").reshape(-1, channels).mean(axis=1, dtype=np.float32)
    width = max(1, rate // RATE)
    smooth = np.convolve(sound, np.ones(width, np.float32) / width, mode="same")
    positions = np.arange(0, len(sound) - 1, rate / RATE)
    resampled: Samples = np.interp(positions, np.arange(len(sound)), smooth).astype(np.float32)
    return resampled


def with_pause(speech: Samples) -> Samples:
    """Return what a simulated microphone plays over and over: the speech and a second of pause."""
    return np.concatenate([speech, np.zeros(RATE, np.float32)])


def listen(spoken: Timed, heard: Timed, start: float, end: float) -> Heard:
    """Look for what was spoken, over and over, in what was heard between two times (seconds)."""
    chunks = found = 0
    delays: list[float] = []
    size = int(CHUNK * RATE)
    at = start
    while at + CHUNK + LATEST < end:
        first = int((at - spoken.start) * RATE) % len(spoken.samples)
        chunk = np.take(spoken.samples, np.arange(first, first + size), mode="wrap")
        begin = int((at - heard.start) * RATE)
        window = heard.samples[max(begin, 0) : begin + size + int(LATEST * RATE)]
        if _loud(chunk) and begin >= 0 and len(window) > size:
            chunks += 1
            score, lag = _match(chunk, window)
            if score >= SURE:
                found += 1
                delays.append(lag / RATE * 1000)
        at += CHUNK / 2
    return Heard(chunks, found, round(float(np.median(delays)), 1) if delays else -1.0)


def _loud(chunk: Samples) -> bool:
    """Tell whether there is speech in most of the chunk, not just the end of a word."""
    blocks = chunk[: len(chunk) // 160 * 160].reshape(-1, 160)
    return float((np.sqrt((blocks**2).mean(axis=1)) > 300).mean()) > 0.4


def _match(chunk: Samples, window: Samples) -> tuple[float, int]:
    """Return the best normalised correlation of `chunk` in `window`, and its offset."""
    length = 1 << (len(window) + len(chunk)).bit_length()
    product = np.fft.rfft(window, length) * np.conj(np.fft.rfft(chunk, length))
    valid = len(window) - len(chunk) + 1
    correlation = np.fft.irfft(product, length)[:valid]
    energy = np.concatenate([[0.0], np.cumsum(window.astype(np.float64) ** 2)])
    norms = np.sqrt(energy[len(chunk) :][:valid] - energy[:valid]) * np.linalg.norm(chunk)
    scores = np.divide(correlation, norms, out=np.zeros(valid), where=norms > 1.0)
    best = int(np.argmax(scores))
    return float(scores[best]), best
