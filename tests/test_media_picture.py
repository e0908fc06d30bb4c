"""One camera, several who look."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from intercom.media import MediaEvent, split
from intercom.media.encoder import Encoder, PassThrough
from intercom.media.picture import Picture
from intercom.media.quality import UNCAPPED, Cap, quality
from intercom.media.tracks import PacketTrack
from tests.media_rig import TestDevices, TestView, no_new_threads, until, whole


class Studio:
    """A camera path and its device."""

    def __init__(self, executor: ThreadPoolExecutor) -> None:
        self.devices = TestDevices()
        self.events: list[MediaEvent] = []
        self.picture = Picture(self.devices, executor, self.events.append, quality("240p"))

    def track(self, codec: str) -> PacketTrack:
        """An open track."""
        track = PacketTrack("video")
        self.picture.add(track, codec)
        track.gate(True)
        return track


@pytest.fixture
async def studio() -> AsyncIterator[Studio]:
    executor = ThreadPoolExecutor(1)
    with no_new_threads():
        made = Studio(executor)
        yield made
        await made.picture.close()
        await made.picture.close()
    executor.shutdown()


async def test_all_get_the_same_encode_and_other_codecs_their_own(studio: Studio) -> None:
    await studio.picture.camera.open()
    first, second, other = studio.track("H264"), studio.track("H264"), studio.track("VP8")
    async with asyncio.timeout(10):
        frames = [await whole(track) for track in (first, second, other)]
    assert frames[0].key
    assert frames[0].payloads == frames[1].payloads
    assert frames[0].payloads != frames[2].payloads
    studio.picture.remove(first)
    studio.picture.remove(first)
    assert studio.picture.feed_of(first) is None


async def test_each_further_peer_costs_no_encode(studio: Studio) -> None:
    await studio.picture.camera.open()
    tracks = [studio.track("H264") for _ in range(6)]
    encoder = studio.picture.feed_of(tracks[0])
    assert isinstance(encoder, Encoder)
    async with asyncio.timeout(10):
        for track in tracks:
            for _ in range(3):
                await whole(track)
    assert {id(studio.picture.feed_of(track)) for track in tracks} == {id(encoder)}
    assert encoding() == 1


def encoding() -> int:
    """How many threads encode."""
    return sum(t.name.startswith("encode") for t in threading.enumerate())


async def report(studio: Studio, rates: dict[PacketTrack, int], true: Callable[[], bool]) -> None:
    """Each peer reports its rate, again and again, until something is true."""
    async with asyncio.timeout(10):
        while not true():
            for track, bps in rates.items():
                studio.picture.reported(track, bps)
                while track._queue:  # noqa: SLF001 - the peers take what they get
                    track._queue.popleft()  # noqa: SLF001 - as above
            await asyncio.sleep(0.02)


async def test_a_slow_peer_gets_a_smaller_encode_and_leaves_it(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for name, seconds in {"SLOW_AFTER": 0.1, "RECOVERED_AFTER": 0.2}.items():
        monkeypatch.setattr(split, name, seconds)
    await studio.picture.set_quality(quality("480p"))
    await studio.picture.camera.open()
    slow, *others = (studio.track("H264") for _ in range(3))
    common = studio.picture.feed_of(others[0])
    assert common is not None
    await until(lambda: common.frames >= 10)

    def apart() -> bool:
        return studio.picture.feed_of(slow) is not common

    await report(studio, {slow: 120_000, others[0]: 900_000, others[1]: 900_000}, apart)
    small = studio.picture.feed_of(slow)
    assert isinstance(small, Encoder)
    assert encoding() == 2
    assert common.rate.value >= 500_000
    async with asyncio.timeout(10):
        frame = await whole(slow)
        assert frame.key
    assert small.rung is not None
    assert small.rung.height == 240
    assert [studio.picture.feed_of(track) for track in others] == [common, common]

    everybody = dict.fromkeys([slow, *others], 2_000_000)
    await report(studio, everybody, lambda: not apart())
    await until(lambda: encoding() == 1)
    told = [r.getMessage() for r in caplog.records if "kbit/s for one of 3" in r.getMessage()]
    assert [line.partition(": ")[2] for line in told] == [
        "it gets a smaller encode",
        "it gets that of the others",
    ]


async def test_what_a_cameras_own_encoder_cannot_do_is_encoded_here(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(split, "SLOW_AFTER", 0.1)
    studio.devices.encoded = True
    await studio.picture.set_quality(quality("480p"))
    track = studio.track("H264")
    await studio.picture.camera.open()
    through = studio.picture.feed_of(track)
    assert isinstance(through, PassThrough)
    await until(lambda: through.frames >= 10)
    await report(
        studio, {track: 100_000}, lambda: isinstance(studio.picture.feed_of(track), Encoder)
    )
    async with asyncio.timeout(10):
        assert (await whole(track)).key


async def test_the_local_view_shows_and_clears(studio: Studio) -> None:
    view = TestView()
    studio.picture.local_view(view)
    await studio.picture.camera.open()
    await until(lambda: view.count >= 2)
    await studio.picture.camera.close()
    assert view.last is None
    studio.picture.local_view(None)
    assert view.cleared == 2


async def test_another_quality_opens_the_camera_again_and_begins_with_a_key_frame(
    studio: Studio,
) -> None:
    await studio.picture.camera.open()
    track = studio.track("H264")
    async with asyncio.timeout(10):
        await whole(track)
        await studio.picture.set_quality(quality("360p"))
        while not (await whole(track)).key:
            pass
    assert studio.devices.camera is not None
    assert studio.devices.camera.quality.name == "360p"
    assert studio.devices.opened == ["camera", "camera"]


async def test_a_cap_takes_lines_and_pictures_away_and_gives_them_back(studio: Studio) -> None:
    await studio.picture.set_quality(quality("720p"))
    await studio.picture.camera.open()
    track = studio.track("H264")
    camera, encoder = studio.devices.camera, studio.picture.feed_of(track)
    assert camera is not None
    assert isinstance(encoder, Encoder)

    def takes(height: int) -> Callable[[], bool]:
        def true() -> bool:
            track._queue.clear()  # noqa: SLF001 - the peer takes what it gets
            return encoder.rung is not None and encoder.rung.height == height

        return true

    await until(takes(720))
    studio.picture.limit(Cap(10, 480))
    await until(takes(480))
    assert camera.rates == [10]
    assert encoder.rate.value == quality("720p").bitrate // 2  # the least share
    studio.picture.limit(UNCAPPED)
    assert camera.rates == [10, 30]
    assert encoder.rate.value == quality("720p").bitrate
    async with asyncio.timeout(10):
        assert (await whole(track)).key
    assert studio.devices.opened == ["camera"]


async def test_a_capped_camera_that_encodes_gives_fewer_pictures_and_bits(studio: Studio) -> None:
    studio.devices.encoded = True
    studio.picture.limit(Cap(5, 360))
    studio.track("H264")
    await studio.picture.camera.open()
    camera = studio.devices.camera
    assert camera is not None
    assert camera.rates == [5]
    assert camera.bitrates == [150_000]
    studio.picture.limit(UNCAPPED)
    assert camera.rates == [5, 15]
    assert camera.bitrates[-1] == 300_000


async def test_a_camera_that_encodes_serves_h264_itself(studio: Studio) -> None:
    studio.devices.encoded = True
    track, other = studio.track("H264"), studio.track("VP8")
    await studio.picture.camera.open()
    through = studio.picture.feed_of(track)
    assert isinstance(through, PassThrough)
    await until(lambda: through.frames)
    async with asyncio.timeout(10):
        frames = [await whole(track), await whole(other)]
    assert all(frame.key for frame in frames)
    studio.picture.reported(track, 1)
    assert studio.devices.camera is not None
    assert studio.devices.camera.bitrates == [100_000]
    await studio.picture.camera.close()
    assert not isinstance(studio.picture.feed_of(track), PassThrough)
