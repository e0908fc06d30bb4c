"""PURE  Video packets in, whole frames out at their marker; what is missing is asked for.

A frame is handed out when every packet from its first to its marker is there and every frame
before it was handed out, or when it is a key frame, before which nothing matters. A missing packet
is asked for at once and again each round trip. When it is late a picture loss is told besides, and
whichever comes first counts; when it never comes, everything up to the next key frame is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass, field

NACKS = 5  # at most, for one packet
ROUND_TRIP = 0.04  # seconds, until one was measured
SHORTEST_REPEAT = 0.01  # seconds between two NACKs for one packet
PATIENCE = 0.08  # seconds beyond a round trip after which a picture loss is told
LAST_REPEATS = 2  # NACKs at least that follow it, before the packet is given up
PLI_REPEAT = 0.3  # seconds
CAPACITY = 1024  # packets
WAITING_CAPACITY = 128  # packets kept while waiting for a key frame, in case it was overtaken
LONGEST_GAP = 128  # packets; a sender keeps no more for retransmission
JUMP = 2048  # sequence numbers; farther away is another stream


@dataclass(frozen=True, slots=True)
class VideoPacket:
    """What the assembler needs of an RTP packet; `key` marks the first packet of a key frame."""

    seq: int
    timestamp: int
    marker: bool
    key: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class Frame:
    """One whole coded frame; RTP timestamp in 90 kHz."""

    timestamp: int
    key: bool
    data: bytes


@dataclass(slots=True)
class Fed:
    """What to do now: frames to decode in order, packets to ask for, a picture loss to tell."""

    frames: list[Frame] = field(default_factory=list)
    nacks: list[int] = field(default_factory=list)
    pli: bool = False


@dataclass(slots=True)
class AssemblerStats:
    """What happened so far."""

    frames: int = 0
    duplicates: int = 0
    nacks: int = 0
    recovered: int = 0
    plis: int = 0
    freezes: int = 0
    dropped_packets: int = 0


@dataclass(slots=True)
class _Gap:
    since: float
    asked: int = 0
    again: float = 0.0
    told: int = 0  # how often it had been asked for when a picture loss was told; 0: not yet


class Assembler:
    """Frames of one stream; times are seconds of any steady clock."""

    def __init__(self) -> None:
        self.stats = AssemblerStats()
        self.rtt = ROUND_TRIP
        self._packets: dict[int, VideoPacket] = {}
        self._gaps: dict[int, _Gap] = {}
        self._highest: int | None = None  # unwrapped sequence numbers throughout
        self._begin: int | None = None  # first packet of the next frame; None: waits for a key
        self._end = 0  # every packet in [begin, end) is there
        self._done = 0  # packets before it were handed out or given up
        self._pli_at = 0.0

    def feed(self, packet: VideoPacket, now: float) -> Fed:
        """Take one packet, in whatever order and number it comes."""
        fed = Fed()
        seq = self._unwrap(packet.seq)
        self._note(seq, now)
        if seq in self._packets or seq < self._done:
            self.stats.duplicates += 1
        else:
            self._packets[seq] = packet
            if packet.key:
                self._key_begins(seq, now)
            self._collect(fed)
            if self._begin is None and len(self._packets) > WAITING_CAPACITY:
                self.stats.dropped_packets += 1
                del self._packets[min(self._packets)]
        self._act(fed, now)
        return fed

    def tick(self, now: float) -> Fed:
        """Time has passed: repeat what was asked for, give up what never came."""
        fed = Fed()
        self._act(fed, now)
        return fed

    def next_tick(self) -> float | None:
        """When `tick` is due; None when nothing is missing."""
        times = [gap.again for gap in self._gaps.values()]
        if self._begin is None and self._highest is not None:
            times.append(self._pli_at)
        return min(times, default=None)

    def lose(self) -> None:
        """The decoder cannot go on: drop everything up to the next key frame."""
        if self._begin is not None:
            self._give_up()

    def _unwrap(self, seq: int) -> int:
        if self._highest is None:
            return seq + (1 << 16)  # room for packets that were overtaken
        delta = (seq - self._highest + 0x8000) % 0x10000 - 0x8000
        if abs(delta) > JUMP:
            self._restart()
            return seq + (1 << 16)
        return self._highest + delta

    def _restart(self) -> None:
        self.stats.dropped_packets += len(self._packets)
        self._packets.clear()
        self._gaps.clear()
        self._highest = self._begin = None
        self._done = 0

    def _note(self, seq: int, now: float) -> None:
        """Remember which packets are missing, and learn the round trip from what comes back."""
        gap = self._gaps.pop(seq, None)
        if gap is not None:
            self.stats.recovered += 1
            if gap.asked == 1:  # asked once: no doubt which request it answers
                self.rtt += (now - gap.since - self.rtt) / 4
        if self._highest is None:
            self._highest = seq
        if seq > self._highest:
            if self._begin is not None and seq - self._highest > LONGEST_GAP:
                self._give_up()
            elif self._begin is not None:
                for missing in range(self._highest + 1, seq):
                    self._gaps[missing] = _Gap(now, again=now)
            self._highest = seq

    def _key_begins(self, seq: int, now: float) -> None:
        """A key frame starts at `seq`: begin there if nothing else can be shown."""
        if self._begin is None:
            self._skip_to(seq)
            assert self._highest is not None
            for missing in range(seq + 1, self._highest + 1):
                if missing not in self._packets:
                    self._gaps[missing] = _Gap(now, again=now)

    def _skip_to(self, seq: int) -> None:
        old = [s for s in self._packets if s < seq]
        self.stats.dropped_packets += len(old)
        for s in old:
            del self._packets[s]
        for s in [s for s in self._gaps if s < seq]:
            del self._gaps[s]
        self._begin = self._end = self._done = seq

    def _collect(self, fed: Fed) -> None:
        if self._begin is None:
            return
        self._walk(fed)
        if self._end in self._gaps:  # stuck: a whole key frame behind the gap goes first
            for seq in sorted(s for s, p in self._packets.items() if p.key and s > self._end):
                if self._whole(seq):
                    self._skip_to(seq)
                    self._walk(fed)
                    break

    def _walk(self, fed: Fed) -> None:
        """Move along the packets that follow without a gap; hand out each frame passed."""
        assert self._begin is not None
        while (packet := self._packets.get(self._end)) is not None:
            first = self._packets[self._begin]
            if packet.timestamp != first.timestamp:  # the marker was not set
                self._hand_out(fed, self._end)
            self._end += 1
            if packet.marker:
                self._hand_out(fed, self._end)

    def _whole(self, seq: int) -> bool:
        while (packet := self._packets.get(seq)) is not None:
            if packet.marker:
                return True
            seq += 1
        return False

    def _hand_out(self, fed: Fed, end: int) -> None:
        assert self._begin is not None
        packets = [self._packets.pop(seq) for seq in range(self._begin, end)]
        self._begin = self._done = end
        key = any(packet.key for packet in packets)
        data = b"".join(packet.data for packet in packets)
        if data:  # padding alone is no frame
            fed.frames.append(Frame(packets[0].timestamp, key, data))
            self.stats.frames += 1

    def _act(self, fed: Fed, now: float) -> None:
        self._ask(fed, now)
        if len(self._packets) > CAPACITY:
            self._give_up()
        if self._begin is None:
            self._tell(fed, now)

    def _tell(self, fed: Fed, now: float) -> None:
        """A picture loss, not too often."""
        if now >= self._pli_at:
            self._pli_at = now + PLI_REPEAT
            self.stats.plis += 1
            fed.pli = True

    def _ask(self, fed: Fed, now: float) -> None:
        repeat = max(SHORTEST_REPEAT, self.rtt * 1.1)
        for seq, gap in list(self._gaps.items()):
            if gap.again > now:
                continue
            late = now - gap.since > self.rtt + PATIENCE
            if late and not gap.told:
                gap.told = gap.asked
                self._tell(fed, now)
            if gap.asked >= NACKS or (gap.told and gap.asked >= gap.told + LAST_REPEATS):
                self._give_up(seq)
                return
            gap.asked += 1
            gap.again = now + repeat
            fed.nacks.append(seq & 0xFFFF)
            self.stats.nacks += 1

    def _give_up(self, missing: int | None = None) -> None:
        """Begin at a key frame that came after `missing`, or wait for the next one."""
        self.stats.freezes += 1
        keys = [
            s for s, p in self._packets.items() if p.key and missing is not None and s > missing
        ]
        if keys:
            self._skip_to(max(keys))
            return
        self.stats.dropped_packets += len(self._packets)
        self._packets.clear()
        self._gaps.clear()
        self._begin = None
        assert self._highest is not None
        self._done = self._highest + 1
