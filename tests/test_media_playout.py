"""The playout buffer: a clock of its own, listed packets, a decoder that shows its work."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from intercom.media.playout import CAPACITY, EXCESS, MEDIAN_OF, RATE, RESYNC, Playout, Samples

PACKET = 960
START = 0xFFFF_F000  # wraps after some packets


class Numbers:
    """Decodes a packet to a constant, its number + 1; concealment is -1, recovery -2."""

    def decode(self, packet: bytes) -> Samples:
        return np.full(PACKET, int(packet) + 1, np.int16)

    def recover(self, following: bytes, samples: int) -> Samples:
        return np.full(samples, -2, np.int16)

    def conceal(self, samples: int) -> Samples:
        return np.full(samples, -1, np.int16)


def run(
    arrivals: list[tuple[float, int]], seconds: float, drift: float = 0.0
) -> tuple[Playout, list[int]]:
    """Put (time, number) packets and pull every 10 ms; what was heard, a value each 10 ms."""
    playout, heard = Playout(Numbers()), []
    waiting = sorted(arrivals, reverse=True)
    for tick in range(int(seconds * 100)):
        now = tick * 0.01 * (1 + drift)
        while waiting and waiting[-1][0] <= now:
            at, number = waiting.pop()
            stamp = (START + number * PACKET) & 0xFFFFFFFF
            playout.put((0xFFF0 + number) & 0xFFFF, stamp, b"%d" % number, at)
        samples = playout.pull(480)
        assert len(samples) == 480
        heard.append(int(samples[240]))
    return playout, heard


def steady(count: int, late: dict[int, float] | None = None) -> list[tuple[float, int]]:
    """Packets every 20 ms, each as late as `late` says."""
    return [(n * 0.02 + 0.005 + (late or {}).get(n, 0.0), n) for n in range(count)]


def test_a_steady_stream_plays_in_order_with_little_delay() -> None:
    playout, heard = run(steady(100), 1.9)
    numbers = [value for value in heard if value]
    assert numbers == sorted(numbers)
    assert set(range(1, 90)) <= set(numbers)
    assert playout.stats.concealed == 0
    assert playout.stats.delay <= RATE * 0.04


def test_a_lost_packet_comes_from_the_next_ones_fec_and_leaves_no_delay() -> None:
    arrivals = [a for a in steady(150) if a[1] != 50]
    playout, heard = run(arrivals, 2.9)
    assert heard.count(-2) == 2  # 20 ms
    assert playout.stats.recovered == 1
    clean, _ = run(steady(150), 2.9)
    assert playout.stats.delay == clean.stats.delay


def test_several_lost_packets_are_concealed_and_leave_no_delay() -> None:
    arrivals = [a for a in steady(150) if not 50 <= a[1] < 55]
    playout, _ = run(arrivals, 2.9)
    assert playout.stats.concealed + playout.stats.recovered == 5
    clean, _ = run(steady(150), 2.9)
    assert playout.stats.delay == clean.stats.delay


def test_late_packets_raise_the_delay_and_it_comes_down_again() -> None:
    late = dict.fromkeys(range(100, 200, 7), 0.06)
    before, _ = run(steady(100), 2.0)
    during, _ = run(steady(200, late), 4.0)
    after, _ = run(steady(450, late), 9.0)
    assert during.stats.target > RATE * 0.05
    assert during.stats.lengthened > 0
    assert after.stats.shortened > 0
    assert after.stats.delay <= before.stats.delay + 480 + 480


def test_a_hole_in_the_network_leaves_no_delay_after_a_second() -> None:
    """Everything of 200 ms arrives at once, late: the delay is back soon after."""
    late = {n: (60 - n) * 0.02 for n in range(50, 60)}
    playout, heard = run(steady(250, late), 4.9)
    clean, _ = run(steady(250), 4.9)
    assert heard[-1] > 0
    assert playout.stats.delay <= clean.stats.delay + 480 * 2
    assert playout.stats.resyncs <= 1


def test_a_speaker_that_stood_still_is_caught_up_with_at_once() -> None:
    playout = Playout(Numbers())
    for number in range(20):  # 400 ms without a pull
        playout.put(number, number * PACKET, b"%d" % number, number / 50)
    assert playout.stats.skips >= 1
    assert playout.stats.delay <= playout.stats.target + EXCESS + MEDIAN_OF * PACKET
    assert 15 <= max(int(playout.pull(480)[0]) for _ in range(14)) <= 20


def test_clock_drift_is_absorbed() -> None:
    arrivals = steady(1500)
    for drift in (-0.002, 0.002):
        playout, heard = run(arrivals, 28.0, drift)
        assert playout.stats.delay < RATE * 0.06
        assert heard.count(-1) + heard.count(-2) < 60
        assert playout.stats.resyncs == 0


def test_a_peer_that_starts_again_is_taken_up() -> None:
    playout, _ = run(steady(50), 1.0)
    for number in range(5):
        playout.put(number, 5 * RESYNC + number * PACKET, b"%d" % (1000 + number), 1 + number / 50)
    heard = {int(playout.pull(480)[0]) for _ in range(12)}
    assert playout.stats.resyncs == 1
    assert {1001, 1003} <= heard


def test_silence_before_the_first_packet_and_after_the_last() -> None:
    playout = Playout(Numbers())
    assert not playout.pull(480).any()
    _, heard = run(steady(10), 3.0)
    assert heard[-1] == 0


def test_memory_is_bounded_when_nobody_pulls() -> None:
    playout = Playout(Numbers())
    for number in range(3 * CAPACITY):
        playout.put(number, number * PACKET, b"%d" % (number % 1000), number / 50)
    assert len(playout._packets) <= CAPACITY  # noqa: SLF001 - what must not grow


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.floats(0, 0.2), st.booleans()), min_size=30, max_size=120))
def test_whatever_the_network_does_the_order_holds_and_the_speaker_is_fed(
    network: list[tuple[float, bool]],
) -> None:
    arrivals = []
    for number, (late, lost) in enumerate(network):
        if not (lost and number % 3 == 0):
            arrivals += [(number * 0.02 + late, number), (number * 0.02 + late + 0.01, number)]
    playout, heard = run(arrivals, len(network) * 0.02 + 0.5)
    numbers = [value for value in heard if value > 0]
    resyncs = playout.stats.resyncs
    assert sum(b < a for a, b in pairwise(numbers)) <= resyncs
