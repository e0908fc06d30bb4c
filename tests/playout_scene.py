"""Networks of several kinds between a microphone and the playout buffer, in simulated time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from intercom.media.playout import RATE, Playout, PlayoutStats, Samples

PACKET = 960
SECONDS = PACKET / RATE


class Numbers:
    """Decodes a packet to its number + 1; what is concealed is -1, what FEC recovers -2."""

    def decode(self, packet: bytes) -> Samples:
        return np.full(PACKET, int(packet) + 1, np.int16)

    def recover(self, following: bytes, samples: int) -> Samples:
        return np.full(samples, -2, np.int16)

    def conceal(self, samples: int) -> Samples:
        return np.full(samples, -1, np.int16)


@dataclass(frozen=True)
class Network:
    """What happens to packets: jitter is exponential, spikes hold up everything for a while."""

    jitter: float = 0.0005  # seconds, mean
    loss: float = 0.0
    burst: int = 1  # packets lost in a row
    spike: float = 0.0  # seconds, longest
    spikes: float = 0.0  # a second
    drift_ppm: float = 0.0  # the speaker's clock runs faster
    send_every: int = 1  # packets: one of so many is sent in the part that is muted
    muted: tuple[float, float] = (0.0, 0.0)  # seconds, from and to


LAN = Network()
WIFI = Network(jitter=0.003, loss=0.01, spike=0.06, spikes=0.3)
DRIFT = Network(drift_ppm=100.0)
BURST = Network(jitter=0.001, loss=0.006, burst=5)
MUTED = Network(send_every=5, muted=(10.0, 20.0))


@dataclass(frozen=True)
class Heard:
    """`delays` in seconds by time, from the end of a packet to its sound; shares of all sound."""

    times: np.ndarray[tuple[int], np.dtype[np.float64]]
    delays: np.ndarray[tuple[int], np.dtype[np.float64]]
    concealed: float
    recovered: float
    stats: PlayoutStats

    def delay(self, begin: float = 2.0, end: float = 1e9, quantile: float = 0.5) -> float:
        """A quantile of the delay between two times."""
        where = (self.times >= begin) & (self.times < end)
        return float(np.quantile(self.delays[where], quantile))


def arrivals(network: Network, seconds: float, seed: int) -> list[tuple[float, int, int]]:
    """(time, sequence number, packet number) of what arrives."""
    random = np.random.default_rng(seed)
    found, seq, held, lost = [], 0, 0.0, 0
    for number in range(round(seconds / SECONDS)):
        ready = (number + 1) * SECONDS
        begin, end = network.muted
        if begin <= ready < end and number % network.send_every:
            continue
        seq += 1
        if random.random() < network.spikes * SECONDS:
            held = ready + random.uniform(0.3, 1.0) * network.spike
        if lost == 0 and random.random() < network.loss:
            lost = network.burst
        if lost:
            lost -= 1
            continue
        found.append((max(ready + random.exponential(network.jitter), held), seq, number))
    return found


def play(network: Network, seconds: float, seed: int = 1) -> Heard:
    """What the speaker gets."""
    playout = Playout(Numbers())
    waiting = sorted(arrivals(network, seconds, seed), reverse=True)
    times, heard = [], []
    for tick in range(round(seconds * 100)):
        now = tick * 0.01 * (1 - network.drift_ppm * 1e-6)
        while waiting and waiting[-1][0] <= now:
            at, seq, number = waiting.pop()
            playout.put(seq & 0xFFFF, number * PACKET & 0xFFFFFFFF, b"%d" % number, at)
        times.append(now)
        heard.append(int(playout.pull(480)[0]))
    first = [
        (now, now - value * SECONDS)
        for (_, before), (now, value) in pairwise(zip(times, heard, strict=True))
        if value > 0 and value != before
    ]
    after = heard[200:]
    return Heard(
        np.array([now for now, _ in first]),
        np.array([late for _, late in first]),
        after.count(-1) / len(after),
        after.count(-2) / len(after),
        playout.stats,
    )
