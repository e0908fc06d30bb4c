"""The demo's ear: it must find speech, and must not find what is not there."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from intercom.demo import hearing
from intercom.demo.hearing import RATE, Samples, Timed


def babble(seed: int, seconds: float = 3.0) -> Samples:
    """Noise with the rhythm of syllables."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * RATE)) / RATE
    envelope = np.clip(np.sin(2 * np.pi * 3 * time) + 0.6, 0, None)
    return (rng.standard_normal(len(time)) * envelope * 4000).astype(np.float32)


def heard_after(delay: float, sound: Samples, seconds: float, noise: float = 0.0) -> Samples:
    rng = np.random.default_rng(9)
    repeats = np.resize(sound, int(seconds * RATE))
    late = np.concatenate([np.zeros(int(delay * RATE), np.float32), repeats])
    return (late + rng.standard_normal(len(late)) * noise).astype(np.float32)


@pytest.mark.parametrize("delay", [0.02, 0.06, 0.3])
def test_finds_the_delay(delay: float) -> None:
    loop = hearing.with_pause(babble(1))
    result = hearing.listen(
        Timed(loop, 50.0), Timed(heard_after(delay, loop, 20, noise=800), 50.0), 52.0, 65.0
    )
    assert result.chunks == result.found > 5
    assert result.delay_ms == pytest.approx(delay * 1000, abs=1)


def test_does_not_find_another_voice() -> None:
    loop, other = hearing.with_pause(babble(1)), hearing.with_pause(babble(2))
    result = hearing.listen(Timed(loop, 0.0), Timed(heard_after(0.1, other, 20), 0.0), 2.0, 15.0)
    assert result.chunks > 5
    assert result.found == 0
    assert result.delay_ms == -1


def test_silence_holds_no_speech() -> None:
    loop = hearing.with_pause(babble(1))
    silence = np.zeros(20 * RATE, np.float32)
    assert hearing.listen(Timed(loop, 0.0), Timed(silence, 0.0), 2.0, 15.0).found == 0


@pytest.mark.parametrize(("rate", "channels"), [(48000, 1), (22050, 1), (44100, 2)])
def test_loads_any_wav(tmp_path: Path, rate: int, channels: int) -> None:
    time = np.arange(rate) / rate
    tone = (np.sin(2 * np.pi * 440 * time) * 8000).astype("<i2")
    with wave.open(str(tmp_path / "t.wav"), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.repeat(tone, channels).tobytes())
    sound = hearing.load(tmp_path / "t.wav")
    assert len(sound) == pytest.approx(RATE, abs=2)
    spectrum = np.abs(np.fft.rfft(sound[: RATE // 2]))
    assert np.argmax(spectrum) * 2 == pytest.approx(440, abs=2)
