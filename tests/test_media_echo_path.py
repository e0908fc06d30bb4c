"""Blocks of any size in, whole 10 ms out, with or without a speaker."""

from __future__ import annotations

import numpy as np
import pytest

from intercom.media import VoiceSettings
from intercom.media.echo_path import EchoPath

RATE = 48_000
PLAIN = VoiceSettings("off", noise_suppression=False, gain=False)


def sound(seconds: float = 1.0) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return (np.random.default_rng(1).standard_normal(round(seconds * RATE)) * 2000).astype(np.int16)


def through(path: EchoPath, period: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """A second of sound in blocks of `period` samples; nothing is played."""
    samples = sound()
    out = [
        path.heard(samples[at : at + period].tobytes(), 10.0 + at / RATE)
        for at in range(0, len(samples) - period + 1, period)
    ]
    assert all(len(part) % 480 == 0 for part in out)
    return np.concatenate(out)


@pytest.mark.parametrize("period", [240, 480, 700, 960, 2880])
def test_off_passes_every_sample_whatever_the_period(period: int) -> None:
    out = through(EchoPath(PLAIN), period)
    assert len(out) > RATE - 480 - period
    assert (out == sound()[: len(out)]).all()


@pytest.mark.parametrize("mode", ["aec3", "full_duplex"])
def test_without_a_speaker_the_microphone_is_heard(mode: str) -> None:
    path = EchoPath(VoiceSettings(mode, noise_suppression=False, gain=False))  # type: ignore[arg-type]  # one of them
    out = through(path, 480)
    assert np.std(out[RATE // 2 :]) > 0.5 * np.std(sound())
    assert path.lag.moves == 0
    path.close()
    path.close()


def test_a_lost_piece_of_the_microphone_is_counted() -> None:
    path = EchoPath(PLAIN)
    block = sound(0.01).tobytes()
    for n in range(200):
        path.heard(block, 10.0 + n * 0.01 + (0.1 if n >= 100 else 0.0))
        path.played(sound(0.01), 10.0 + n * 0.01)
    assert path.gaps == (0, 1)
