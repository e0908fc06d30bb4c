"""Packets to pictures, without a network."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence

import av
from aiortc.codecs.h264 import h264_depayload

from intercom.media.aiortc_seams import Arrived
from intercom.media.receive_video import VideoReceiver
from intercom.media.rtp_payload import h264_payloads, split_nals
from tests.media_rig import TestView, coded, no_new_threads, until

H264 = 97


class Peer:
    """A receiver, and what it asked the sender for."""

    def __init__(self) -> None:
        self.first = 0
        self.asked: list[int] = []
        self.losses: list[int] = []
        self.view = TestView()
        self.receiver = VideoReceiver("peer", self._first, self._ask, self.losses.append)
        self.receiver.codecs = {H264: "H264", 98: "rtx"}
        self.receiver.view(self.view)

    def _first(self) -> None:
        self.first += 1

    def _ask(self, ssrc: int, seqs: Sequence[int]) -> None:
        self.asked += seqs


def packets(units: list[bytes], seq: int = 1, ssrc: int = 5) -> list[Arrived]:
    """RTP packets of access units."""
    found = []
    for number, unit in enumerate(units):
        payloads = h264_payloads(split_nals(unit))
        for payload in payloads:
            last = payload is payloads[-1]
            data = h264_depayload(payload)
            found.append(Arrived(ssrc, H264, seq, number * 3000, last, data, payload))
            seq += 1
    return found


async def test_packets_become_pictures_and_the_first_is_told() -> None:
    with no_new_threads():
        peer = Peer()
        for packet in packets(coded(4)):
            peer.receiver.add(packet)
        await until(lambda: peer.view.count == 4 and peer.first == 1)
        await peer.receiver.close()
        await peer.receiver.close()
    assert peer.view.cleared == 1
    assert not peer.asked


async def test_a_view_that_fails_does_not_end_the_picture() -> None:
    class Failing(TestView):
        """Fails at first."""

        def show(self, frame: av.VideoFrame) -> None:
            super().show(frame)
            if self.count < 3:
                raise RuntimeError("no window")

    with no_new_threads():
        peer = Peer()
        view = Failing()
        peer.receiver.view(view)
        for packet in packets(coded(5)):
            peer.receiver.add(packet)
        await until(lambda: view.count == 5 and peer.first == 1)
        await peer.receiver.close()


async def test_what_is_missing_is_asked_for_again_and_then_given_up() -> None:
    peer = Peer()
    arrived = packets(coded(6))
    lost = arrived[-2]
    for packet in arrived:
        if packet is not lost:
            peer.receiver.add(packet)
    assert peer.asked == [lost.seq]
    await until(lambda: peer.losses)
    assert peer.asked.count(lost.seq) >= 2
    await until(lambda: len(peer.losses) >= 2)  # told again: no key frame came
    await peer.receiver.close()


async def test_damage_in_the_decoder_is_told_as_a_picture_loss() -> None:
    peer = Peer()
    for packet in packets([*coded(1), b"\0\0\0\1\x41garbage"]):
        peer.receiver.add(packet)
    await until(lambda: peer.losses == [5])
    assert peer.receiver.assembler.stats.freezes == 1
    await peer.receiver.close()


async def test_another_stream_and_another_view() -> None:
    peer = Peer()
    for packet in packets(coded(1)):
        peer.receiver.add(packet)
    await until(lambda: peer.view.count == 1)
    second = TestView()
    peer.receiver.view(second)
    assert peer.view.cleared == 1
    for packet in packets(coded(1), seq=9, ssrc=6):
        peer.receiver.add(packet)
    await until(lambda: second.count == 1)
    await peer.receiver.close()


async def test_unknown_payloads_and_late_packets_are_nothing() -> None:
    peer = Peer()
    peer.receiver.add(Arrived(5, 120, 1, 0, True, b"x", b"x"))
    await peer.receiver.close()
    for packet in packets(coded(1)):
        peer.receiver.add(packet)
    await asyncio.sleep(0)
    assert peer.view.count == 0


async def test_what_nobody_looks_at_is_not_decoded_and_a_new_view_begins_with_a_key_frame() -> None:
    with no_new_threads():
        peer = Peer()
        peer.receiver.view(None)
        sent = packets(coded(12, keys=(0, 9)))
        frames = [[it for it in sent if it.timestamp == number * 3000] for number in range(12)]
        for packet in frames[0]:
            peer.receiver.add(packet)
        await until(lambda: peer.first == 1)
        for packet in itertools.chain(*frames[1:6]):
            peer.receiver.add(packet)
        assert peer.losses == []
        peer.receiver.view(peer.view)
        await until(lambda: peer.losses == [5])
        for packet in itertools.chain(*frames[6:]):
            peer.receiver.add(packet)
        await until(lambda: peer.view.count == 3)
        assert peer.receiver.decoder.decoded == 4
        assert peer.receiver.decoder.errors == 0
        await peer.receiver.close()
