"""Seeing where the echo is."""

from __future__ import annotations

import numpy as np
import pytest

from intercom.media.echo_delay import DelayTracker, Samples, Seen
from tests.audio_scene import RATE, drifted

BLOCK = 480


def looks(near: Samples, far: Samples, tracker: DelayTracker | None = None) -> list[Seen]:
    """What a tracker sees."""
    tracker = tracker or DelayTracker()
    found = [
        tracker.push(near[at : at + BLOCK], far[at : at + BLOCK])
        for at in range(0, len(far) - BLOCK + 1, BLOCK)
    ]
    return [seen for seen in found if seen is not None]


def noise(
    seconds: float, seed: int, rms: float = 2000.0
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """White, which speech is not, but it needs no synthesiser."""
    return np.random.default_rng(seed).standard_normal(round(seconds * RATE)) * rms


@pytest.mark.parametrize("delay", [-0.06, 0.0, 0.03, 0.3])
def test_the_delay_is_seen_beside_a_voice(delay: float) -> None:
    far, voice = noise(5, 1), noise(5, 2, 1500.0)
    near = 0.5 * np.roll(far, round(delay * RATE)) + voice
    seen = looks(near.astype(np.int16), far.astype(np.int16))
    assert len(seen) >= 3
    assert all(abs(s.delay - delay) < 0.001 for s in seen[1:])


def test_drift_is_seen_as_a_growing_shift() -> None:
    far = noise(12, 3)
    near = drifted(np.roll(far, 960), 50.0) * 0.5
    seen = looks(near.astype(np.int16), far.astype(np.int16))
    shifts = [s.shift for s in seen if s.shift is not None]
    speed = (shifts[-1] - shifts[1]) / (1.024 * (len(shifts) - 2))
    assert speed == pytest.approx(50e-6, rel=0.2)


def test_nothing_is_seen_in_silence_or_without_echo() -> None:
    far, other = noise(5, 4).astype(np.int16), noise(5, 5).astype(np.int16)
    quiet = np.zeros_like(far)
    assert looks(far, quiet) == []
    assert looks(quiet, far) == []
    assert looks(other, far) == []


def test_after_a_restart_both_halves_are_new() -> None:
    tracker = DelayTracker()
    far = noise(5, 6).astype(np.int16)
    assert looks(np.roll(far, 480), far, tracker)
    tracker.restart()
    seen = looks(np.roll(far, 960), far, tracker)
    assert {round(s.delay, 3) for s in seen} == {0.02}
    assert seen[0].shift == 0.0


def test_that_there_is_no_echo_is_known_when_it_would_have_come() -> None:
    far, other = noise(5, 7).astype(np.int16), noise(5, 8, 1500.0).astype(np.int16)
    for near in (other, np.zeros_like(far)):
        tracker = DelayTracker()
        assert not tracker.is_hidden
        looks(near, far, tracker)
        assert tracker.is_hidden
        looks(np.roll(far, 960), far, tracker)
        assert not tracker.is_hidden


def test_who_says_nothing_shows_nothing_of_an_echo() -> None:
    tracker = DelayTracker()
    looks(noise(5, 9).astype(np.int16), np.zeros(5 * RATE, np.int16), tracker)
    assert not tracker.is_hidden
    begins = noise(2, 10).astype(np.int16)
    begins[: round(1.7 * RATE)] = 0  # its echo may be on the way yet
    looks(noise(2, 11).astype(np.int16), begins, tracker)
    assert not tracker.is_hidden


def test_one_look_that_resembles_an_echo_by_chance_does_not_count() -> None:
    far, other = noise(5, 12), noise(5, 13, 1500.0)
    tracker = DelayTracker()
    looks(other.astype(np.int16), far.astype(np.int16), tracker)
    weak = other[: 2 * RATE] + 0.1 * far[: 2 * RATE]
    assert not looks(weak[:RATE].astype(np.int16), far[:RATE].astype(np.int16), tracker)[1:]
    assert tracker.is_hidden
