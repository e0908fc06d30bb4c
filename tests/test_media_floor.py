"""At the lowest rate the encoders really send no more, and come back up afterwards."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import av
import numpy as np
import pytest

from intercom.media import ladder, load
from intercom.media.encoder import Encoder
from intercom.media.rate import FLOOR
from intercom.media.tracks import PacketTrack
from tests.media_rig import whole

TOP, FPS = 1_000_000, 30
SETTLE, MEASURED = 1.0, 3.0  # seconds


def street() -> list[av.VideoFrame]:
    """A scene in 640x480 with much detail, that moves by some pixels a frame."""
    random = np.random.default_rng(1)
    coarse = np.kron(random.integers(0, 200, (48, 48), np.uint8), np.ones((16, 16), np.uint8))
    scene = coarse[:720] + random.integers(0, 30, (720, 768), np.uint8)
    shifted = (scene[:, shift : shift + 640] for shift in range(0, 120, 3))
    return [av.VideoFrame.from_ndarray(np.ascontiguousarray(x), format="yuv420p") for x in shifted]


class Camera:
    """Films into an encoder, and counts what comes out."""

    def __init__(self, codec: str) -> None:
        self.encoder = Encoder(codec, asyncio.get_running_loop(), TOP, FPS)
        self.sizes: list[int] = []
        self._street = street()
        self._track = PacketTrack("video")
        self.encoder.add(self._track)
        self._track.gate(True)
        self._count = 0

    @property
    def height(self) -> int:
        """Of what is encoded now."""
        return self.encoder.rung.height if self.encoder.rung is not None else 0

    async def film(self, seconds: float, bps: int) -> None:
        """In real time, while the line takes `bps`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.encoder.assume(self._track, bps)
            self.encoder.submit(self._street[self._count % len(self._street)])
            self._count += 1
            await asyncio.sleep(1 / FPS)

    async def count(self) -> None:
        """Take what is sent."""
        while True:
            frame = await whole(self._track)
            self.sizes.append(sum(map(len, frame.payloads)))


@pytest.fixture(params=["H264", "VP8"])
async def camera(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Camera]:
    for module, name in ((load, "WINDOW"), (ladder, "DOWN_AFTER"), (ladder, "UP_AFTER")):
        monkeypatch.setattr(module, name, 0.1)
    for name in ("CPU_IDLE", "CPU_BUSY", "BUSY", "IDLE"):
        monkeypatch.setattr(ladder, name, 9.0)  # whatever else this machine does
    made = Camera(request.param)
    counting = asyncio.create_task(made.count())
    yield made
    counting.cancel()
    await asyncio.wait([counting])
    made.encoder.close()


async def test_the_floor_is_kept_and_left_again(camera: Camera) -> None:
    await camera.film(SETTLE, TOP)
    assert camera.height == 480
    await camera.film(SETTLE, FLOOR)
    assert camera.height == 240
    camera.sizes.clear()
    await camera.film(MEASURED, FLOOR)
    assert 0.6 * FLOOR < sum(camera.sizes) * 8 / MEASURED < 1.4 * FLOOR
    assert len(camera.sizes) > 8 * MEASURED  # pictures: it does not hang
    async with asyncio.timeout(10):
        while camera.height < 480:
            await camera.film(0.2, TOP)
    camera.sizes.clear()
    await camera.film(SETTLE, TOP)
    assert sum(camera.sizes) * 8 / SETTLE > 3 * FLOOR
