"""Two peers over real transports that lose packets, or all of them."""

from __future__ import annotations

import asyncio
import time
from statistics import median

import pytest
from aiortc.rtp import RtpPacket

from intercom.media import (
    PeerLost,
    PeerRestored,
    watchdog,
)
from intercom.media.aiortc_seams import packets_received
from tests.media_rig import Line, until
from tests.media_wire import Clicks, Wire, all_on, key_frames, payload_type


async def test_a_lost_video_packet_is_sent_again() -> None:
    async with Line("480p") as line:
        await line.connect()
        video = payload_type(line.door, "video")
        seen = {"count": 0}

        def lose(data: bytes) -> bool:
            seen["count"] += data[1] & 0x7F == video
            return data[1] & 0x7F == video and seen["count"] % 10 == 5

        wire = Wire(line.door, lose)
        await all_on(line)
        await until(lambda: wire.lost >= 5 and line.flat.view.count >= 30)
        stats = line.flat.peer.stats
        assert stats["video_recovered"] >= 4
        assert stats["decode_errors"] == 0


def packet_number(data: bytes, video: int) -> int | None:
    """The sequence number of a video packet, sent the first time or again; else None."""
    kind = data[1] & 0x7F
    if 192 <= data[1] <= 223 or kind not in (video, video + 1):
        return None
    packet = RtpPacket.parse(data)
    again = kind == video + 1  # RFC 4588: the first two bytes are the number of the original
    return int.from_bytes(packet.payload[:2], "big") if again else packet.sequence_number


async def test_a_video_packet_that_stays_lost_brings_a_key_frame() -> None:
    async with Line() as line:
        await line.connect()
        video = payload_type(line.door, "video")
        gone: dict[str, int | None] = {"now": 0, "number": None}

        def lose(data: bytes) -> bool:
            number = packet_number(data, video)
            if gone["now"] and gone["number"] is None:
                gone["number"] = number
            return number is not None and number == gone["number"]

        wire = Wire(line.door, lose)
        await all_on(line)
        await until(lambda: line.flat.view.count >= 5)
        feed = line.door.media._picture.feed_of(line.door.peer._video_out)  # noqa: SLF001 - counted there
        assert feed is not None
        keys, before = key_frames(feed), line.flat.peer.stats
        gone["now"] = 1
        await until(lambda: wire.lost)
        since, shown = time.monotonic(), line.flat.view.count
        await until(lambda: line.flat.view.count > shown + 1)  # one may have been under way
        took = time.monotonic() - since
        stats = line.flat.peer.stats
        assert wire.lost >= 2  # it was asked for again, and lost again
        assert stats["video_plis"] > before["video_plis"]
        assert keys
        assert stats["decode_errors"] == 0
        assert took < 1.0  # a round trip and 0.1 s, the interval of key frames, and two pictures


async def test_a_lost_audio_packet_leaves_no_delay() -> None:
    async with Line() as line:
        await line.connect()
        audio = payload_type(line.door, "audio")
        gone = {"on": False}

        def lose(data: bytes) -> bool:
            mine = gone["on"] and data[1] & 0x7F == audio
            gone["on"] = gone["on"] and not mine
            return mine

        wire, clicks = Wire(line.door, lose), Clicks()
        line.door.devices.voice = clicks
        await all_on(line)
        await until(lambda: len(clicks.delays(line.flat.devices)) >= 5)
        before = clicks.delays(line.flat.devices)[2:]
        gone["on"] = True
        await until(lambda: wire.lost)
        await asyncio.sleep(1)  # for so long it may take
        clicks.said.clear()
        await until(lambda: len(clicks.delays(line.flat.devices)) >= 3)
        after = clicks.delays(line.flat.devices)
        stats = line.flat.peer.stats
        assert stats["audio_concealed"] + stats["audio_recovered"] >= 1
        assert median(after) < median(before) + 0.1  # aiortc alone keeps 0.2 s more


async def test_a_vanished_peer_is_noticed_and_its_return_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watchdog, "SILENCE", 0.8)
    async with Line() as line:
        await line.connect()
        await all_on(line)
        gone = {"on": True}
        Wire(line.door, lambda data: gone["on"])
        await until(lambda: line.flat.saw(PeerLost))
        gone["on"] = False
        await until(lambda: line.flat.saw(PeerRestored))


async def test_a_quiet_peer_is_not_lost() -> None:
    async with Line() as line:
        await line.connect()
        since = packets_received(line.flat.pc)
        await until(lambda: packets_received(line.flat.pc) >= since + 4)  # reports only
        assert not line.flat.saw(PeerLost)
