"""The bars of playing out, on simulated networks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests import playout_scene
from tests.playout_scene import BURST, DRIFT, LAN, MUTED, WIFI, Heard, Network, play

MS = 0.001


def without(numbers: range, monkeypatch: pytest.MonkeyPatch) -> Heard:
    """20 s of LAN in which the packets `numbers` are lost."""
    all_of_them = playout_scene.arrivals

    def some(network: Network, seconds: float, seed: int) -> list[tuple[float, int, int]]:
        return [a for a in all_of_them(network, seconds, seed) if a[2] not in numbers]

    monkeypatch.setattr(playout_scene, "arrivals", some)
    return play(LAN, 20.0)


def test_a_local_network_costs_30_ms_and_loses_nothing() -> None:
    heard = play(LAN, 60.0)
    assert heard.delay() <= 30.5 * MS
    assert heard.concealed == heard.recovered == 0.0


def test_wifi_with_a_percent_of_loss_costs_45_ms_and_half_a_percent_of_guessed_sound() -> None:
    heard = play(WIFI, 60.0)
    assert heard.delay() <= 45 * MS
    assert heard.concealed <= 0.006
    assert heard.recovered >= 0.005  # the FEC of the next packet was there


@pytest.mark.parametrize("network", [DRIFT, replace(DRIFT, drift_ppm=-DRIFT.drift_ppm)])
def test_drift_stays_within_10_ms(network: Network) -> None:
    heard = play(network, 200.0)  # 20 ms of drift
    start = heard.delay(2.0, 12.0)
    assert all(abs(heard.delay(at, at + 10) - start) <= 10.5 * MS for at in range(20, 190, 10))
    assert heard.concealed == 0.0
    assert heard.stats.resyncs == 0


def test_bursts_are_concealed_and_leave_no_delay() -> None:
    heard = play(BURST, 60.0)
    assert heard.delay(30.0) <= 30.5 * MS
    assert heard.stats.resyncs == 0


def test_mute_leaves_no_delay() -> None:
    heard = play(MUTED, 40.0)
    assert heard.delay(20.5, 40.0) <= heard.delay(2.0, 10.0) + 1 * MS
    assert heard.stats.resyncs == heard.stats.lengthened == 0


@pytest.mark.parametrize("lost", [range(500, 501), range(500, 505), range(500, 515)])
def test_the_delay_is_back_within_a_second_of_a_loss(
    lost: range, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = without(lost, monkeypatch)
    after = lost.stop * playout_scene.SECONDS
    assert heard.delay(after + 1.0, after + 5.0) <= heard.delay(2.0, 9.9) + 1 * MS
    assert heard.stats.recovered + heard.stats.concealed == len(lost)
