"""The axis of samples: places by count, gaps by the clock."""

from __future__ import annotations

import numpy as np
import pytest

from intercom.media.align import KEPT, RATE, Reference, Timeline

BLOCK = 480


def places(timeline: Timeline, times: list[float]) -> list[int]:
    """Where blocks that come at `times` begin, from the first one's place on."""
    found = [timeline.place(BLOCK, 1000.0 + now) for now in times]
    return [place - found[0] for place in found]


def test_lateness_of_callbacks_moves_nothing() -> None:
    late = np.random.default_rng(1).uniform(0, 0.03, 500)
    timeline = Timeline()
    assert places(timeline, [n * 0.01 + late[n] for n in range(500)]) == [
        n * BLOCK for n in range(500)
    ]
    assert timeline.gaps == 0


def test_bunches_of_four_move_nothing() -> None:
    timeline = Timeline()
    times = [n // 4 * 0.04 + n % 4 * 0.0002 for n in range(500)]
    assert places(timeline, times)[-1] == 499 * BLOCK
    assert timeline.gaps == 0


@pytest.mark.parametrize("lost", [0.02, 0.1, 0.5])
def test_what_is_missing_is_left_out(lost: float) -> None:
    late = np.random.default_rng(2).uniform(0, 0.004, 300)
    timeline = Timeline()
    times = [n * 0.01 + late[n] + (lost if n >= 100 else 0.0) for n in range(300)]
    found = places(timeline, times)
    assert found[99] == 99 * BLOCK
    assert found[-1] == pytest.approx(299 * BLOCK + lost * RATE, abs=0.004 * RATE)
    assert found[120] == found[-1] - 179 * BLOCK  # known within 200 ms
    assert timeline.gaps == 1


def test_a_gap_that_was_a_late_bunch_is_taken_back() -> None:
    timeline = Timeline()
    late = [n * 0.01 + (0.15 if 100 <= n < 120 else 0.0) for n in range(300)]
    found = places(timeline, list(np.maximum.accumulate(late)))
    assert timeline.gaps > 1  # there, and back again
    assert found[-1] == pytest.approx(299 * BLOCK, abs=48)


def test_the_clock_of_the_device_may_drift() -> None:
    timeline = Timeline()
    places(timeline, [n * 0.01 * (1 + 200e-6) for n in range(60_000)])  # ten minutes, 120 ms
    assert timeline.gaps == 0


def test_a_device_that_is_opened_again_begins_at_the_clock() -> None:
    timeline = Timeline()
    assert timeline.place(BLOCK, 100.0) == 100 * RATE
    assert timeline.place(BLOCK, 130.0) == 130 * RATE
    assert timeline.gaps == 0


def test_a_reference_gives_back_what_was_put_there() -> None:
    reference = Reference()
    samples = np.arange(1, 2 * BLOCK + 1, dtype=np.int16)
    reference.write(5000, samples[:BLOCK])
    reference.write(5000 + BLOCK, samples[BLOCK:])
    assert (reference.read(5000 + 100, 600) == samples[100:700]).all()


def test_what_was_never_played_or_is_too_old_is_silence() -> None:
    reference = Reference()
    ones = np.ones(BLOCK, np.int16)
    reference.write(0, ones)
    reference.write(2 * BLOCK, ones)
    heard = reference.read(0, 4 * BLOCK)
    assert [int(heard[n * BLOCK]) for n in range(4)] == [1, 0, 1, 0]
    reference.write(10 * KEPT, ones)
    assert not reference.read(0, 4 * BLOCK).any()
    assert reference.read(10 * KEPT, BLOCK).all()


@pytest.mark.parametrize("step", [1.0, 1.0 + 200e-6, 1.0 - 200e-6])
def test_a_reference_is_read_between_its_samples(step: float) -> None:
    at = np.arange(4 * BLOCK)
    wave = 10_000 * np.sin(2 * np.pi * 1000 * at / RATE)
    reference = Reference()
    reference.write(0, wave.astype(np.int16))
    heard = reference.read(BLOCK + 0.37, BLOCK, step)
    where = BLOCK + 0.37 + step * np.arange(BLOCK)
    wanted = 10_000 * np.sin(2 * np.pi * 1000 * where / RATE)
    assert np.abs(heard - wanted).max() < 12  # -58 dB
