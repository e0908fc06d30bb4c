"""The assembler against every kind of network: loss, reordering, duplicates, wrap-around."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import example, given, settings
from hypothesis import strategies as st

from intercom.media.assembler import (
    LAST_REPEATS,
    LONGEST_GAP,
    NACKS,
    PATIENCE,
    PLI_REPEAT,
    ROUND_TRIP,
    WAITING_CAPACITY,
    Assembler,
    Fed,
    Frame,
    VideoPacket,
)

sizes = st.lists(st.integers(1, 6), min_size=1, max_size=40)
starts = st.one_of(st.integers(0, 0xFFFF), st.integers(0xFFF0, 0xFFFF))


def frame_packets(number: int, size: int, seq: int, key: bool) -> list[VideoPacket]:
    """Frame `number` in `size` packets from the unwrapped `seq` on."""
    return [
        VideoPacket(
            (seq + i) & 0xFFFF,
            number * 3000 & 0xFFFFFFFF,
            i == size - 1,
            key and i == 0,
            f"{number}.{i}/".encode(),
        )
        for i in range(size)
    ]


def stream(frame_sizes: list[int], start: int) -> tuple[list[VideoPacket], list[bytes]]:
    """Packets of frames of which the first is a key frame, and the frames' data."""
    packets: list[VideoPacket] = []
    for number, size in enumerate(frame_sizes):
        packets += frame_packets(number, size, start + len(packets), number == 0)
    whole = [
        b"".join(b"%d.%d/" % (n, i) for i in range(size)) for n, size in enumerate(frame_sizes)
    ]
    return packets, whole


def feed_all(assembler: Assembler, packets: list[VideoPacket], step: float = 0.001) -> Fed:
    """Feed `packets` one after the other; everything that came of it in one."""
    total = Fed()
    for index, packet in enumerate(packets):
        fed = assembler.feed(packet, index * step)
        total.frames += fed.frames
        total.nacks += fed.nacks
        total.pli |= fed.pli
    return total


@given(sizes, starts)
def test_in_order_gives_every_frame_at_its_marker(frame_sizes: list[int], start: int) -> None:
    packets, whole = stream(frame_sizes, start)
    assembler = Assembler()
    given_out: list[bytes] = []
    for packet in packets:
        fed = assembler.feed(packet, 0.0)
        assert len(fed.frames) == packet.marker
        assert not fed.nacks
        assert not fed.pli
        given_out += [frame.data for frame in fed.frames]
    assert given_out == whole
    assert assembler.next_tick() is None


@given(sizes.filter(lambda s: sum(s) <= WAITING_CAPACITY), starts,
       st.randoms(use_true_random=False))  # fmt: skip
def test_any_order_and_duplicates_give_every_frame_once(
    frame_sizes: list[int], start: int, random: object
) -> None:
    packets, whole = stream(frame_sizes, start)
    shuffle = getattr(random, "shuffle")  # noqa: B009 - hypothesis' Random has no useful type
    mixed = packets + packets[::2]
    shuffle(mixed)
    fed = feed_all(Assembler(), mixed, step=0.0)
    assert [frame.data for frame in fed.frames] == whole


@given(sizes.filter(lambda s: sum(s) > 2), starts, st.data())
def test_a_gap_is_asked_for_at_once_and_closes(
    frame_sizes: list[int], start: int, data: st.DataObject
) -> None:
    packets, whole = stream(frame_sizes, start)
    missing = data.draw(st.integers(1, len(packets) - 2))
    assembler = Assembler()
    fed = feed_all(assembler, packets[:missing], 0.0)
    fed_after = assembler.feed(packets[missing + 1], 0.001)
    assert fed_after.nacks == [packets[missing].seq]
    for packet in [*packets[missing + 2 :], packets[missing]]:
        late = assembler.feed(packet, 0.002)
        fed_after.frames += late.frames
    assert [f.data for f in fed.frames + fed_after.frames] == whole
    assert assembler.stats.recovered == 1
    assert assembler.stats.freezes == 0


def test_nothing_is_handed_out_before_a_key_frame() -> None:
    assembler = Assembler()
    fed = feed_all(assembler, frame_packets(0, 3, 10, key=False))
    assert not fed.frames
    assert fed.pli


def test_a_picture_loss_is_told_again_until_a_key_frame_comes() -> None:
    assembler = Assembler()
    assert feed_all(assembler, frame_packets(0, 1, 10, key=False)).pli
    assert not assembler.tick(PLI_REPEAT / 2).pli
    assert assembler.tick(PLI_REPEAT).pli
    fed = assembler.feed(frame_packets(1, 1, 11, key=True)[0], 1.0)
    assert [f.key for f in fed.frames] == [True]
    assert assembler.next_tick() is None


def test_a_packet_that_stays_lost_is_told_within_a_round_trip_and_its_patience() -> None:
    packets, _ = stream([1] * 5, 100)
    assembler = Assembler()
    feed_all(assembler, [packets[0], *packets[2:]], step=0.0)
    now, asked, told = 0.0, 1, False
    while (due := assembler.next_tick()) is not None and not told:
        now = due
        fed = assembler.tick(now)
        asked += len(fed.nacks)
        told = fed.pli
    assert told
    assert 2 <= asked <= NACKS
    assert now <= ROUND_TRIP + PATIENCE + ROUND_TRIP * 1.1
    assert assembler.stats.freezes == 0  # it may still come
    while not assembler.stats.freezes:
        due = assembler.next_tick()
        assert due is not None
        asked += len(assembler.tick(due).nacks)
    assert asked <= NACKS + LAST_REPEATS
    assert assembler.stats.freezes == 1


def test_a_late_packet_is_as_good_as_the_key_frame_that_was_asked_for() -> None:
    packets, _ = stream([1] * 5, 100)
    assembler = Assembler()
    feed_all(assembler, [packets[0], *packets[2:]], step=0.0)
    now, told = 0.0, False
    while (due := assembler.next_tick()) is not None and not told:
        now = due
        told = assembler.tick(now).pli
    fed = assembler.feed(packets[1], now)
    assert [frame.data for frame in fed.frames] == [f"{n}.0/".encode() for n in range(1, 5)]
    assert assembler.stats.freezes == 0


def test_a_whole_key_frame_behind_a_gap_goes_first() -> None:
    packets, _ = stream([1, 3], 100)
    assembler = Assembler()
    feed_all(assembler, [packets[0], packets[1], packets[3]])
    fed = feed_all(assembler, frame_packets(2, 2, 104, key=True))
    assert [frame.data for frame in fed.frames] == [b"2.0/2.1/"]
    assert assembler.next_tick() is None


def test_a_frame_without_marker_ends_at_the_next_timestamp() -> None:
    first = VideoPacket(5, 0, False, True, b"a")
    second = VideoPacket(6, 3000, True, False, b"b")
    fed = feed_all(Assembler(), [first, second])
    assert fed.frames == [Frame(0, True, b"a"), Frame(3000, False, b"b")]


def test_padding_is_no_frame_and_no_gap() -> None:
    packets = frame_packets(0, 1, 1, key=True)
    packets.append(VideoPacket(2, 0, False, False, b""))
    packets += frame_packets(1, 1, 3, key=False)
    fed = feed_all(Assembler(), packets)
    assert [frame.data for frame in fed.frames] == [b"0.0/", b"1.0/"]
    assert not fed.nacks


def test_a_gap_longer_than_the_senders_memory_is_given_up_at_once() -> None:
    assembler = Assembler()
    feed_all(assembler, frame_packets(0, 1, 1, key=True))
    fed = assembler.feed(frame_packets(9, 1, LONGEST_GAP + 3, key=False)[0], 0.0)
    assert fed.pli
    assert not fed.nacks


def test_another_stream_begins_anew() -> None:
    assembler = Assembler()
    feed_all(assembler, frame_packets(0, 2, 1, key=True))
    fed = feed_all(assembler, frame_packets(1, 2, 30_000, key=True))
    assert [frame.data for frame in fed.frames] == [b"1.0/1.1/"]


def test_the_decoder_can_ask_for_a_key_frame() -> None:
    assembler = Assembler()
    feed_all(assembler, frame_packets(0, 1, 1, key=True))
    assembler.lose()
    assert assembler.tick(1.0).pli
    assert not assembler.feed(frame_packets(1, 1, 2, key=False)[0], 1.0).frames
    assert assembler.feed(frame_packets(2, 1, 3, key=True)[0], 1.1).frames


def test_memory_stays_bounded_while_waiting() -> None:
    assembler = Assembler()
    packets = [frame_packets(n, 1, n, key=False)[0] for n in range(5 * WAITING_CAPACITY)]
    assert not feed_all(assembler, packets).frames
    assert assembler.stats.dropped_packets == 4 * WAITING_CAPACITY


@dataclass
class Network:
    """A sender that answers NACK and PLI over a line that loses as it is told."""

    losses: list[bool]
    delay: float
    seq: int
    now: float = 0.0
    number: int = 0
    want_key: bool = True
    sent: dict[int, VideoPacket] = field(default_factory=dict)
    line: list[tuple[float, int, VideoPacket]] = field(default_factory=list)
    order: int = 0

    def send_frame(self, size: int) -> None:
        """One frame, a key frame if one was asked for."""
        for packet in frame_packets(self.number, size, self.seq, self.want_key):
            self.sent[packet.seq] = packet
            self._put(packet)
        self.seq += size
        self.number += 1
        self.want_key = False

    def react(self, fed: Fed) -> None:
        """NACKs are answered from memory, a picture loss with the next frame."""
        for seq in fed.nacks:
            if seq in self.sent:
                self._put(self.sent[seq], self.delay)
        self.want_key |= fed.pli

    def _put(self, packet: VideoPacket, extra: float = 0.0) -> None:
        if self.losses and self.losses.pop():
            return
        self.order += 1
        heapq.heappush(self.line, (self.now + self.delay + extra, self.order, packet))


@settings(derandomize=True, deadline=None)
@given(
    st.lists(st.integers(1, 5), min_size=5, max_size=60),
    st.lists(st.sampled_from([True, False, False, False]), max_size=150),
    st.sampled_from([0.001, 0.02, 0.06]),
    starts,
)
@example([1, 1, 1, 1, 2], [True, False, True, True, False, True, True, False], 0.06, 0)
@example([1, 1, 1, 1, 1], [True, True, False, True, False], 0.06, 0)
def test_whatever_is_lost_only_decodable_frames_come_out_and_the_picture_returns(
    frame_sizes: list[int], losses: list[bool], delay: float, start: int
) -> None:
    network, assembler = Network(losses, delay, start), Assembler()
    out: list[Frame] = []
    asked: Counter[int] = Counter()
    frame_sizes = frame_sizes + [2] * 90  # three clean seconds at the end
    for index in range(len(frame_sizes) * 11):
        network.now = index * 0.003
        if index % 11 == 0:
            network.send_frame(frame_sizes[index // 11])
        feeds = [assembler.tick(network.now)]
        while network.line and network.line[0][0] <= network.now:
            feeds.append(assembler.feed(heapq.heappop(network.line)[2], network.now))
        for fed in feeds:
            out += fed.frames
            asked.update(fed.nacks)
            network.react(fed)
    numbers = [int(frame.data.split(b".")[0]) for frame in out]
    assert numbers == sorted(set(numbers))
    for before, frame, number in zip([None, *numbers], out, numbers, strict=False):
        pieces = frame.data.split(b"/")[:-1]
        assert pieces == [b"%d.%d" % (number, i) for i in range(frame_sizes[number])]
        assert frame.key or (before is not None and number == before + 1)
    assert max(asked.values(), default=0) <= NACKS
    assert numbers[-1] >= len(frame_sizes) - 2 - int(delay / 0.033)
