"""One camera, several who look."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from intercom.media import MediaEvent
from intercom.media.encoder import PassThrough
from intercom.media.picture import Picture
from intercom.media.quality import quality
from intercom.media.tracks import PacketTrack
from tests.media_rig import TestDevices, TestView, no_new_threads, until


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
        frames = [await track.recv() for track in (first, second, other)]
    assert frames[0].key
    assert frames[0].payloads == frames[1].payloads
    assert frames[0].payloads != frames[2].payloads
    studio.picture.remove(first)
    studio.picture.remove(first)
    assert studio.picture.feed_of(first) is None


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
        await track.recv()
        await studio.picture.set_quality(quality("360p"))
        while not (await track.recv()).key:
            pass
    assert studio.devices.camera is not None
    assert studio.devices.camera.quality.name == "360p"
    assert studio.devices.opened == ["camera", "camera"]


async def test_a_camera_that_encodes_serves_h264_itself(studio: Studio) -> None:
    studio.devices.encoded = True
    track, other = studio.track("H264"), studio.track("VP8")
    await studio.picture.camera.open()
    through = studio.picture.feed_of(track)
    assert isinstance(through, PassThrough)
    await until(lambda: through.frames)
    async with asyncio.timeout(10):
        frames = [await track.recv(), await other.recv()]
    assert all(frame.key for frame in frames)
    studio.picture.reported(track, 1)
    assert studio.devices.camera is not None
    assert studio.devices.camera.bitrates == [100_000]
    await studio.picture.camera.close()
    assert not isinstance(studio.picture.feed_of(track), PassThrough)
