"""Tones: the right notes, no clicks, not too loud."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from intercom.station import tones

ALL = [
    tones.ring,
    tones.ringback,
    tones.accept,
    tones.end,
    tones.busy,
    tones.announce,
    tones.prompt,
]
LOOPED = [tones.ring, tones.ringback, tones.busy]

Tone = Callable[[], bytes]


def _samples(tone: Tone) -> NDArray[np.float64]:
    return np.frombuffer(tone(), "<i2").astype(np.float64) / 32768


def _strongest(part: NDArray[np.float64]) -> float:
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
    return float(np.argmax(spectrum)) * tones.RATE / len(part)


def _at(tone: Tone, first: float, last: float) -> float:
    return _strongest(_samples(tone)[round(first * tones.RATE) : round(last * tones.RATE)])


def _level(tone: Tone, first: float, last: float) -> float:
    part = _samples(tone)[round(first * tones.RATE) : round(last * tones.RATE)]
    return float(np.sqrt(np.mean(part**2)))


@pytest.mark.parametrize("tone", ALL)
def test_peak_is_loud_enough_and_at_most_6_db_below_full_scale(tone: Tone) -> None:
    peak = np.abs(_samples(tone)).max()
    assert 0.1 < peak <= 10 ** (-6 / 20)


@pytest.mark.parametrize("tone", ALL)
def test_no_clicks(tone: Tone) -> None:
    """No step between samples is larger than the steepest of the tone's own partials makes, at
    its ends neither (silence before and after)."""
    sound = np.concatenate([[0.0], _samples(tone), [0.0]])
    assert np.abs(np.diff(sound)).max() < 0.12
    swell = np.abs(sound[: round(0.001 * tones.RATE)])
    assert swell.max() < 0.02
    assert np.abs(sound[-48:]).max() < 0.02


@pytest.mark.parametrize("tone", ALL)
def test_whole_periods_of_the_sound_card_and_made_once(tone: Tone) -> None:
    assert len(tone()) % 2 == 0
    assert tone() is tone()


@pytest.mark.parametrize("tone", LOOPED)
def test_loopable_tones_are_whole_10_ms_and_end_in_a_pause(tone: Tone) -> None:
    sound = _samples(tone)
    assert len(sound) % 480 == 0
    assert not sound[-tones.RATE // 4 :].any()


def test_ring_is_ding_dong() -> None:
    assert _at(tones.ring, 0.05, 0.5) == pytest.approx(659, abs=4)
    assert _at(tones.ring, 1.2, 2.0) == pytest.approx(523, abs=4)


def test_ringback_is_425_hz_for_1_s_of_5() -> None:
    assert len(tones.ringback()) == 5 * tones.RATE * 2
    assert _at(tones.ringback, 0.0, 1.0) == pytest.approx(425, abs=2)
    assert _level(tones.ringback, 0.1, 0.9) > 0.1
    assert _level(tones.ringback, 1.0, 5.0) == 0.0


def test_busy_is_425_hz_on_and_off() -> None:
    for second in range(3):
        assert _at(tones.busy, second, second + 0.5) == pytest.approx(425, abs=3)
        assert _level(tones.busy, second + 0.5, second + 1.0) == 0.0


def test_accept_goes_up_and_end_goes_down() -> None:
    assert _at(tones.accept, 0.0, 0.12) < _at(tones.accept, 0.15, 0.33)
    assert _at(tones.end, 0.0, 0.12) > _at(tones.end, 0.15, 0.4)


def test_announce_climbs_in_three_steps() -> None:
    notes = [_at(tones.announce, 0.0, 0.2), _at(tones.announce, 0.9, 1.1)]
    assert notes[1] == pytest.approx(2 * notes[0], rel=0.02)


def test_all_sounds_differ() -> None:
    assert len({tone() for tone in ALL}) == len(ALL)
