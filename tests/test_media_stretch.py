"""Time is changed, the pitch is not."""

from __future__ import annotations

import numpy as np
import pytest

from intercom.media.stretch import LONGEST, NEEDED, SHORTEST, lengthen, period, shorten


def sine(hertz: float, samples: int = 960) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    at = np.arange(samples)
    return (8000 * np.sin(2 * np.pi * hertz * at / 48000)).astype(np.int16)


@pytest.mark.parametrize("hertz", [110, 150, 200, 300, 390])
def test_the_period_is_a_multiple_of_the_pitch(hertz: float) -> None:
    lag = period(sine(hertz))
    assert SHORTEST <= lag <= LONGEST
    cycles = lag * hertz / 48000
    assert abs(cycles - round(cycles)) < 0.05


@pytest.mark.parametrize("change", [shorten, lengthen])
def test_a_tone_stays_that_tone(change: object) -> None:
    samples = sine(200, 4800)
    changed = (shorten if change is shorten else lengthen)(samples)
    assert abs(len(changed) - len(samples)) in range(SHORTEST, LONGEST + 1)
    steps = np.abs(np.diff(changed.astype(int)))
    assert steps.max() <= np.abs(np.diff(samples.astype(int))).max() * 1.5  # no click
    spectrum = np.abs(np.fft.rfft(changed * np.hanning(len(changed))))
    assert abs(np.argmax(spectrum) * 48000 / len(changed) - 200) < 12


def test_one_makes_shorter_and_the_other_longer() -> None:
    assert len(shorten(sine(200))) < 960 < len(lengthen(sine(200)))


def test_what_is_too_short_stays() -> None:
    samples = sine(200, NEEDED - 1)
    assert shorten(samples) is samples
    assert lengthen(samples) is samples


def test_silence_is_no_division_by_zero() -> None:
    assert not shorten(np.zeros(960, np.int16)).any()
