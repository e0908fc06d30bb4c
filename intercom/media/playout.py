"""PURE  Audio packets in, a steady stream of samples out, as late as needed and no later.

The playing position is an RTP timestamp that moves with real time: what is lost or late is
concealed and its place passes, so that a lost packet never leaves a delay behind. The delay is the
lateness of nearly all packets of the last seconds, relative to the fastest ones; the position is
moved towards it by one pitch period at a time, which also absorbs the drift of the two clocks.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from .stretch import lengthen, shorten

Samples = npt.NDArray[np.int16]

RATE = 48_000
SHORTEST_DELAY, LONGEST_DELAY = 960, 14_400  # samples: 20 ms, 300 ms
QUANTILE = 0.97
HISTORY = 100  # packets, 2 s at 20 ms
MEDIAN_OF = 5  # packets whose delays are compared
CAPACITY = 50  # packets, 1 s
TOLERANCE = 480  # samples over the target before the speed changes
LEEWAY = 120  # samples under it
PAUSE = 2880  # samples between two changes of speed, 60 ms
PULL = 480  # samples the speaker takes at a time
FADED = 15  # concealed packets in a row after which nothing is heard any more
SHORTEST_GAP = 120  # samples, 2.5 ms: Opus conceals multiples of it
EXCESS = 4800  # samples over the target, 100 ms, that are skipped at once
RESYNC = 24_000  # samples; farther off means another stream, or a peer that paused


class Decoder(Protocol):
    """What the buffer needs of an Opus decoder."""

    def decode(self, packet: bytes) -> Samples:
        """The samples of `packet`."""

    def recover(self, following: bytes, samples: int) -> Samples:
        """The packet before `following`, from its FEC."""

    def conceal(self, samples: int) -> Samples:
        """Samples in place of a lost packet."""


@dataclass(slots=True)
class PlayoutStats:
    """What happened so far; `delay` and `target` in samples."""

    received: int = 0
    late: int = 0
    concealed: int = 0
    recovered: int = 0
    shortened: int = 0
    lengthened: int = 0
    resyncs: int = 0
    skips: int = 0
    overflows: int = 0
    delay: int = 0
    target: int = SHORTEST_DELAY


class Playout:
    """Buffer of one remote voice; not thread-safe."""

    def __init__(self, decoder: Decoder) -> None:
        self.stats = PlayoutStats()
        self._decoder = decoder
        self._packets: dict[int, tuple[int, bytes]] = {}  # by timestamp: sequence, payload
        self._position: int | None = None  # unwrapped timestamp of the next sample to decode
        self._newest = 0
        self._last_seq: int | None = None
        self._lateness: deque[int] = deque(maxlen=HISTORY)  # arrival minus timestamp, samples
        self._delays: deque[int] = deque(maxlen=MEDIAN_OF)
        self._ready: Samples = np.zeros(0, np.int16)
        self._length = 960
        self._rest = 0
        self._late_run = 0
        self._gap_run = 0

    def put(self, seq: int, timestamp: int, payload: bytes, now: float) -> None:
        """A packet arrived at `now` seconds; out of order, twice or too late are all fine."""
        self.stats.received += 1
        ts = self._unwrap(timestamp)
        if self._position is None or abs(ts - self._position) > RESYNC or self._late_run > 5:
            self._restart(ts)
        self._adapt(ts, now)
        if self._position is not None and ts < self._position:
            self.stats.late += 1
            self._late_run += 1
            return
        self._late_run = 0
        self._packets[ts] = seq, payload
        self._skip_excess()
        if len(self._packets) > CAPACITY:
            self.stats.overflows += 1
            del self._packets[min(self._packets)]

    def pull(self, samples: int) -> Samples:
        """Exactly `samples` for the speaker; silence before the first packet."""
        if self._position is None:
            return np.zeros(samples, np.int16)
        while len(self._ready) < samples:
            self._ready = np.concatenate([self._ready, self._next()])
        out, self._ready = self._ready[:samples], self._ready[samples:]
        return out

    def _restart(self, ts: int) -> None:
        if self._position is not None:
            self.stats.resyncs += 1
        self._packets.clear()
        self._lateness.clear()
        self._delays.clear()
        self._late_run = 0
        self._newest = ts
        self._last_seq = None
        self._position = ts - self.stats.target

    def _adapt(self, ts: int, now: float) -> None:
        assert self._position is not None
        self._lateness.append(round(now * RATE) - ts)
        fastest = min(self._lateness)
        spread = sorted(late - fastest for late in self._lateness)
        needed = spread[min(len(spread) - 1, int(len(spread) * QUANTILE))] + PULL
        self.stats.target = max(SHORTEST_DELAY, min(LONGEST_DELAY, needed))
        lateness = self._lateness[-1] - fastest
        self._delays.append(ts - self._position + len(self._ready) + lateness)
        self.stats.delay = sorted(self._delays)[len(self._delays) // 2]

    def _skip_excess(self) -> None:
        """Nothing was pulled for a while, or a hole in the network has closed: catch up."""
        assert self._position is not None
        excess = min(self._delays) - self.stats.target
        if len(self._delays) < MEDIAN_OF or excess < EXCESS:
            return
        self._position += excess // SHORTEST_GAP * SHORTEST_GAP
        for ts in [ts for ts in self._packets if ts < self._position]:
            del self._packets[ts]
        self._ready = self._ready[:0]
        self._delays.clear()
        self.stats.skips += 1

    def _next(self) -> Samples:
        """Decode, recover or conceal what is due, then change its length when off target."""
        assert self._position is not None
        due = min(self._packets, default=None)
        if due is None or due >= self._position + self._length:
            return self._steer(self._fill_gap(due))
        if due - self._position >= SHORTEST_GAP:
            return self._conceal((due - self._position) // SHORTEST_GAP * SHORTEST_GAP)
        return self._steer(self._play(due))

    def _play(self, due: int) -> Samples:
        seq, payload = self._packets.pop(due)
        samples = self._decoder.decode(payload)
        self._length = len(samples) or self._length
        self._last_seq = seq
        self._position = due + self._length
        self._gap_run = 0
        return samples

    def _fill_gap(self, following: int | None) -> Samples:
        assert self._position is not None
        if following == self._position + self._length and self._last_seq is not None:
            seq, payload = self._packets[following]
            if (seq - self._last_seq) & 0xFFFF == 2:
                self.stats.recovered += 1
                self._position += self._length
                return self._decoder.recover(payload, self._length)
        return self._conceal(self._length)

    def _conceal(self, samples: int) -> Samples:
        assert self._position is not None
        self._position += samples
        self._gap_run += 1
        if self._last_seq is None or self._gap_run > FADED:
            return np.zeros(samples, np.int16)  # the delay fills up, or the peer is silent
        self.stats.concealed += 1
        return self._decoder.conceal(samples)

    def _steer(self, samples: Samples) -> Samples:
        self._rest += len(samples)
        if not self._delays or self._rest < PAUSE:
            return samples
        off = self.stats.delay - self.stats.target
        if -LEEWAY <= off <= TOLERANCE:
            return samples
        changed = shorten(samples) if off > 0 else lengthen(samples)
        if off > 0:
            self.stats.shortened += 1
        else:
            self.stats.lengthened += 1
        self._rest = 0
        # what is left over until the next packet tells anew
        self.stats.delay += len(changed) - len(samples)
        return changed

    def _unwrap(self, timestamp: int) -> int:
        if self._position is None and not self._packets:
            return timestamp + (1 << 32)  # room for a position before it
        delta = (timestamp - self._newest + (1 << 31)) % (1 << 32) - (1 << 31)
        ts = self._newest + delta
        if delta > 0:
            self._newest = ts
        return ts
