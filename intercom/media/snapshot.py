"""One picture of the camera as a JPEG."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from fractions import Fraction

import av

from intercom.errors import CallingError, Code

BYTES_MAX = 2**20
QUALITIES = (3, 8, 16, 31)
"""Quantisers of FFmpeg's mjpeg (2 is the finest), tried until the file is small enough."""


class Snapshot:
    """`offer` belongs to the camera's thread, `shoot` to the loop's."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._loop = asyncio.get_running_loop()
        self._waiting: tuple[asyncio.Future[av.VideoFrame], ...] = ()  # replaced, never changed

    async def shoot(self, seconds: float = 3.0) -> bytes:
        """Return the next picture of the open camera as JPEG, at most BYTES_MAX.

        Raises CallingError(NO_CAMERA) when none comes within `seconds`.
        """
        picture: asyncio.Future[av.VideoFrame] = self._loop.create_future()
        self._waiting += (picture,)
        try:
            async with asyncio.timeout(seconds):
                frame = await picture
        except TimeoutError:
            raise CallingError(Code.NO_CAMERA, "the camera gives no picture: is it open?") from None
        finally:
            self._waiting = tuple(other for other in self._waiting if other is not picture)
        return await self._loop.run_in_executor(self._executor, jpeg, frame)

    def offer(self, frame: av.VideoFrame) -> None:
        """Take a picture of the camera, if anybody waits for one."""
        for picture in self._waiting:
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(_give, picture, frame)


def _give(picture: asyncio.Future[av.VideoFrame], frame: av.VideoFrame) -> None:
    if not picture.done():
        picture.set_result(frame)


def jpeg(frame: av.VideoFrame) -> bytes:
    """Return a picture as JPEG, as fine as BYTES_MAX allows; raises CallingError if it never is."""
    full = frame.reformat(format="yuvj420p", src_color_range="MPEG", dst_color_range="JPEG")
    for quality in QUALITIES:
        data = _encoded(full, quality)
        if len(data) <= BYTES_MAX:
            return data
    raise CallingError(Code.NO_CAMERA, f"a picture of {frame.width}x{frame.height} is too big")


def _encoded(frame: av.VideoFrame, quality: int) -> bytes:
    context = av.CodecContext.create("mjpeg", "w")
    context.width, context.height = frame.width, frame.height
    context.pix_fmt, context.time_base = "yuvj420p", Fraction(1, 25)
    context.qmin = context.qmax = quality
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])
