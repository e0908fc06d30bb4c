"""What is played to measure the way from speaker to microphone, and how it is found again. PURE.

A sweep whose frequency rises exponentially (Farina, 2000) is found by cross-correlation; its
energy is spread over half a second, so that it stands out of the noise of a room without hurting.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RATE = 48_000
LOWEST, HIGHEST = 300.0, 6000.0
"""Hz, of the sweep: what small speakers and voices have."""
SWEEP_SECONDS, RAMP_SECONDS = 0.5, 0.02
AMPLITUDE = 0.25
"""Of full scale: -12 dBFS, and a sine's rms is 3 dB below."""
TAIL_SECONDS = 0.25
"""How long the rest of an echo is counted."""
FULL = 32768.0
CLIPPED = 32700
SILENCE = -120.0
"""dBFS for nothing at all."""

Pcm = npt.NDArray[np.int16]
Wave = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Level:
    """A stretch of sound: dBFS of a square wave of full scale; `clipped` is a share; `dc` of 1."""

    rms: float
    peak: float
    dc: float
    clipped: float

    @property
    def is_dead(self) -> bool:
        """Whether it never moves: no microphone is that quiet."""
        return self.rms <= -95.0


def level(samples: Pcm) -> Level:
    """The level of samples, without their DC."""
    if not len(samples):
        return Level(SILENCE, SILENCE, 0.0, 0.0)
    wave = samples.astype(np.float64) / FULL
    dc = float(wave.mean())
    clipped = float(np.mean(np.abs(samples.astype(np.int32)) >= CLIPPED))
    rms = float(np.sqrt(np.mean((wave - dc) ** 2)))
    return Level(db(rms), db(float(np.abs(wave).max())), dc, clipped)


def db(amplitude: float) -> float:
    """dB of an amplitude of 1."""
    return max(SILENCE, 20 * float(np.log10(amplitude))) if amplitude > 0 else SILENCE


def sweep() -> Pcm:
    """The sweep that is played."""
    count = round(SWEEP_SECONDS * RATE)
    seconds = np.arange(count) / RATE
    growth = np.log(HIGHEST / LOWEST) / SWEEP_SECONDS
    wave = np.sin(2 * np.pi * LOWEST / growth * (np.exp(growth * seconds) - 1))
    ramp = round(RAMP_SECONDS * RATE)
    window = np.ones(count)
    window[:ramp] = np.sin(np.linspace(0, np.pi / 2, ramp)) ** 2
    window[-ramp:] = window[:ramp][::-1]
    return np.asarray(wave * window * AMPLITUDE * FULL, np.int16)


def murmur(seconds: float) -> Pcm:
    """Noise with the spectrum and the rhythm of speech, always the same, -21 dBFS."""
    count = round(seconds * RATE)
    white = np.fft.rfft(np.random.default_rng(1).standard_normal(count))
    hertz = np.fft.rfftfreq(count, 1 / RATE)
    colour = 1 / (1 + (hertz / 500) ** 2) ** 0.5 * (hertz > 150)
    wave = np.fft.irfft(white * colour, count)
    wave *= 0.6 + 0.4 * np.sin(2 * np.pi * 4 * np.arange(count) / RATE)
    wave *= 0.09 / np.sqrt(np.mean(wave**2))
    return np.asarray(np.clip(wave, -0.9, 0.9) * FULL, np.int16)


@dataclass(frozen=True)
class Heard:
    """A sound found again: seconds later, its `gain` in dB, how `clear` its peak is (times rms)."""

    delay: float
    gain: float
    clear: float


def find(played: Pcm, heard: Pcm, earliest: int, latest: int) -> Heard:
    """Find `played` in `heard`, which begins `-earliest` samples before it was played.

    `heard` should last until `latest` and the tail of the echo after the end of `played`.
    """
    said, got = played / FULL, heard / FULL
    size = 1 << (len(said) + len(got)).bit_length()
    cross = np.fft.rfft(got, size) * np.conj(np.fft.rfft(said, size))
    match = np.fft.irfft(_band(cross, size), size)[: latest - earliest]
    peak = int(np.argmax(np.abs(match)))
    clear = float(np.abs(match[peak]) / (np.sqrt(np.mean(match**2)) + 1e-15))
    tail = round(TAIL_SECONDS * RATE)
    echo = got[peak : peak + len(said) + tail]
    before = got[: max(1, min(peak, -earliest))]
    noise = float(np.mean((before - before.mean()) ** 2)) * len(echo)
    energy = max(float(np.sum((echo - echo.mean()) ** 2)) - noise, 1e-12) if len(echo) else 1e-12
    gain = 10 * float(np.log10(energy / float(np.sum(said**2))))
    return Heard((peak + earliest) / RATE, gain, clear)


def _band(cross: npt.NDArray[np.complex128], size: int) -> npt.NDArray[np.complex128]:
    hertz = np.fft.rfftfreq(size, 1 / RATE)
    return cross * ((hertz > LOWEST * 0.9) & (hertz < HIGHEST * 1.1))
