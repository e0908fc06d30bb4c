"""Real encoders, real decoders."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import av
import pytest
from aiortc.codecs.h264 import h264_depayload
from aiortc.codecs.vpx import vp8_depayload

from intercom.media import ladder, load
from intercom.media.aiortc_seams import Encoded
from intercom.media.codec import TIME_BASE, open_codec
from intercom.media.encoder import Encoder, PassThrough
from intercom.media.quality import Quality
from intercom.media.rtp_payload import split_nals
from intercom.media.tracks import PacketTrack
from tests.media_rig import TestCamera, no_new_threads, picture, until, whole


@pytest.fixture(params=["H264", "VP8"])
async def encoder(request: pytest.FixtureRequest) -> AsyncIterator[Encoder]:
    with no_new_threads():
        made = Encoder(request.param, asyncio.get_running_loop(), 500_000, 30)
        yield made
        made.close()
        made.close()


async def one(encoder: Encoder, track: PacketTrack, shift: int, width: int = 320) -> Encoded:
    """The coded frame of one submitted picture."""
    encoder.submit(picture(width, 240, shift))
    async with asyncio.timeout(10):
        return await whole(track)


def opened(encoder: Encoder) -> PacketTrack:
    """An open track of `encoder`."""
    track = PacketTrack("video")
    encoder.add(track)
    track.gate(True)
    return track


def depayload(encoder: Encoder, frame: Encoded) -> bytes:
    """What a decoder gets."""
    strip = h264_depayload if encoder.codec == "H264" else vp8_depayload
    return b"".join(map(strip, frame.payloads))


async def test_every_picture_gives_its_frame_at_once_and_decodes(encoder: Encoder) -> None:
    track = opened(encoder)
    decoder = av.VideoCodecContext.create("h264" if encoder.codec == "H264" else "vp8", "r")
    for shift in range(5):
        frame = await one(encoder, track, shift * 3)
        assert frame.key == (shift == 0)
        [shown] = decoder.decode(av.Packet(depayload(encoder, frame)))
        assert (shown.width, shown.height) == (320, 240)


async def test_a_request_gives_a_key_frame(encoder: Encoder) -> None:
    track = opened(encoder)
    assert (await one(encoder, track, 0)).key
    assert not (await one(encoder, track, 3)).key
    await asyncio.sleep(0.31)
    encoder.keys.request()
    assert (await one(encoder, track, 6)).key


async def test_another_size_is_another_encoder(encoder: Encoder) -> None:
    track = opened(encoder)
    await one(encoder, track, 0)
    assert (await one(encoder, track, 0, width=640)).key
    assert not (await one(encoder, track, 0, width=640)).key
    encoder.configure(300_000, 30)
    assert (await one(encoder, track, 0, width=640)).key


async def test_nobody_looks_nothing_is_encoded(encoder: Encoder) -> None:
    track = opened(encoder)
    track.gate(False)
    encoder.submit(picture())
    await asyncio.sleep(0.1)
    assert encoder.frames == 0
    track.gate(True)
    await one(encoder, track, 0)
    assert encoder.frames == 1


async def test_timestamps_move_on(encoder: Encoder) -> None:
    track = opened(encoder)
    stamps = [(await one(encoder, track, shift)).timestamp for shift in range(4)]
    assert stamps == sorted(set(stamps))


async def test_key_frames_carry_their_headers_and_the_profile() -> None:
    context = open_codec("H264", 640, 480, 30, 1_000_000)
    frame = picture(640, 480)
    frame.pts, frame.time_base = 0, TIME_BASE
    [packet] = context.encode(frame)
    units = list(split_nals(bytes(packet)))
    assert [unit[0] & 0x1F for unit in units if unit[0] & 0x1F != 6] == [7, 8, 5]
    profile, constraints, level = units[0][1:4]
    assert (profile, constraints & 0xC0, level) == (0x42, 0xC0, 0x1F)  # 42e01f or 42c01f


async def test_an_encoding_camera_is_driven_and_passed_on() -> None:
    packets: list[object] = []
    camera = TestCamera(Quality("t", 320, 240, 30, 1), lambda f: None, packets.append, encoded=True)
    await until(lambda: len(packets) >= 2)
    camera.close()
    feed = PassThrough(camera, asyncio.get_running_loop(), 1_000_000)
    track = PacketTrack("video")
    feed.add(track)
    feed.submit(packets[0])  # type: ignore[arg-type]  # nobody looks: dropped
    track.gate(True)
    feed.submit(packets[0])  # type: ignore[arg-type]  # the camera's own packets
    assert camera.forced == 1
    async with asyncio.timeout(10):
        frame = await whole(track)
    assert frame.key
    assert feed.frames == 1
    feed.reported(track, 50_000)
    assert camera.bitrates == [100_000]  # not below the floor
    feed.remove(track)
    feed.set_top(400_000)
    assert camera.bitrates[-1] == 400_000


async def test_size_and_rate_follow_the_line_down_to_the_floor_and_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for module, name in ((load, "WINDOW"), (ladder, "DOWN_AFTER"), (ladder, "UP_AFTER")):
        monkeypatch.setattr(module, name, 0.05)
    for name in ("CPU_IDLE", "CPU_BUSY", "IDLE", "BUSY"):
        monkeypatch.setattr(ladder, name, 9.0)  # whatever else this machine does
    encoder = Encoder("H264", asyncio.get_running_loop(), 2_000_000, 30)
    track = opened(encoder)
    decoder = av.VideoCodecContext.create("h264", "r")

    async def until_height(height: int, bps: int) -> None:
        shown = 0
        async with asyncio.timeout(10):
            for shift in range(1000):
                encoder.assume(track, bps)
                encoder.submit(picture(1280, 720, shift * 3))
                await asyncio.sleep(0.02)
                while track._queue or track._pieces:  # noqa: SLF001 - every second one is skipped
                    frame = await whole(track)
                    for seen in decoder.decode(av.Packet(depayload(encoder, frame))):
                        shown = seen.height
                if shown == height:
                    return

    await until_height(720, 2_000_000)
    await until_height(240, 100_000)
    await until_height(720, 2_000_000)
    encoder.close()
    steps = [r.getMessage() for r in caplog.records if r.name == "intercom.media.encoder"]
    assert steps[0] == "picture: from 720p to 240p: the line takes 100 kbit/s"
    assert [step.split(":")[1] for step in steps[1:]] == [
        " from 240p to 360p",
        " from 360p to 480p",
        " from 480p to 720p",
    ]


async def test_the_first_gate_does_not_wait_for_the_camera(encoder: Encoder) -> None:
    encoder.submit(picture(320, 240, 0))  # nobody looks yet
    async with asyncio.timeout(10):
        frame = await whole(opened(encoder))
    assert frame.key


async def test_a_stale_picture_is_not_shown(
    encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intercom.media.encoder.FRESH", 0.0)
    encoder.submit(picture(320, 240, 0))
    track = opened(encoder)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await track.recv()
