"""Where the reference is read."""

from __future__ import annotations

import pytest

from intercom.media.echo_delay import Seen
from intercom.media.echo_lag import AIM, FIRST, Lag

RATE = 48_000


def test_an_echo_in_sight_is_left_alone() -> None:
    lag = Lag()
    assert not any(lag.see(Seen(0.05, 0.0)) for _ in range(10))
    assert (lag.value, lag.drift, lag.moves) == (FIRST * RATE, 0.0, 0)


@pytest.mark.parametrize("delay", [0.4, -0.05])
def test_an_echo_out_of_sight_moves_the_reference_once_it_is_sure(delay: float) -> None:
    lag = Lag()
    assert [lag.see(Seen(delay, None)) for _ in range(3)] == [False, False, True]
    assert lag.value == pytest.approx((FIRST + delay - AIM) * RATE, abs=1)


def test_looks_that_disagree_move_nothing() -> None:
    lag = Lag()
    assert not any(lag.see(Seen(0.3 + n % 2 * 0.1, None)) for n in range(10))


@pytest.mark.parametrize("ppm", [60.0, -60.0, 150.0])
def test_drift_is_followed_until_the_echo_stands_still(ppm: float) -> None:
    lag = Lag()
    begin, echo, first = lag.value, 0.0, 0.0
    for _ in range(60):  # looks, a second apart
        for _ in range(100):
            lag.pass_by(480)
        echo += ppm * 1e-6
        moved = (lag.value - begin) / RATE
        lag.see(Seen(0.05, echo - moved - first))
    assert lag.drift == pytest.approx(ppm * 1e-6, rel=0.02)
    assert echo - moved == pytest.approx(0.0, abs=1e-5)  # half a sample


def test_without_a_shape_the_speed_is_kept() -> None:
    lag = Lag()
    lag.see(Seen(0.05, 0.0))
    lag.see(Seen(0.05, 1e-4))
    drift = lag.drift
    assert drift > 0
    lag.see(Seen(0.05, None))
    assert lag.drift == drift
