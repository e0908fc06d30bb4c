"""Software encoding in a thread of its own, and the way through for cameras that encode."""

from __future__ import annotations

import asyncio
import logging
import threading
import time

import av
import numpy as np
import numpy.typing as npt
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
from av.video.reformatter import Interpolation, VideoReformatter

from .aiortc_seams import Encoded
from .codec import TIME_BASE, open_codec
from .devices import Camera, CodedPacket
from .feed import Feed, media_time
from .ladder import Ladder, Rung, rungs, within
from .load import LoadMeter
from .quality import UNCAPPED
from .rtp_payload import h264_payloads, is_key, split_nals, vp8_payloads

logger = logging.getLogger(__name__)

FRESH = 0.1
"""Seconds for which the camera's last picture may stand for the present one."""


class Encoder(Feed):
    """Encodes the newest frame only, and only while somebody's gate is open.

    Size and rate step down and up with what the line takes and the machine can do.
    """

    def __init__(
        self,
        codec: str,
        loop: asyncio.AbstractEventLoop,
        bitrate: int,
        fps: int,
        name: str = "picture",
        *,
        most: int = UNCAPPED.height,
    ) -> None:
        super().__init__(loop, bitrate)
        self.codec = codec
        self._name = name
        self._fps = fps
        self._most = most
        self._top = bitrate
        self._source = (0, 0)
        self._ladder: Ladder | None = None
        self._load = LoadMeter()
        self._scaler = VideoReformatter()
        self._context: VideoCodecContext | None = None
        self._condition = threading.Condition()
        self._frame: tuple[av.VideoFrame, bool] | None = None
        self._latest: tuple[av.VideoFrame, float] | None = None
        self._count = 0
        self._renew = False
        self._last_pts = -1
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=f"encode-{codec}", daemon=True)
        self._thread.start()

    @property
    def rung(self) -> Rung | None:
        """The size and rate at present; None before the first frame."""
        return self._ladder.rung if self._ladder is not None else None

    def submit(self, frame: av.VideoFrame, shared: bool = False) -> None:
        """Take a yuv420p frame from the camera's thread; the newest wins.

        One that is `shared` with another encoder is not written into.
        """
        self._latest = frame, time.monotonic()
        if not self.wanted:
            return
        with self._condition:
            self.dropped += self._frame is not None
            self._frame = frame, shared
            self._condition.notify()

    def _gates_changed(self) -> None:
        """When the first gate opens, do not wait for the camera: its last picture goes at once."""
        idle = not self.wanted
        super()._gates_changed()
        if not idle or not self.wanted or self._latest is None:
            return
        frame, at = self._latest
        if time.monotonic() - at < FRESH:
            with self._condition:
                if self._frame is None:
                    self._frame = frame, True  # the view at home may have it as well
                    self._condition.notify()

    def configure(self, bitrate: int, fps: int, most: int = UNCAPPED.height) -> None:
        """Another quality, of at most so many lines: a new encoder and key frame, with the next."""
        self._top, self._fps, self._most = bitrate, fps, most
        self.set_top(bitrate)
        self._renew = True  # last: the encoder's thread reads it first

    def stop(self) -> None:
        """Encode nothing more; the thread ends after the frame in work."""
        with self._condition:
            self._closed = True
            self._condition.notify()

    def close(self) -> None:
        """Stop and join the thread; idempotent."""
        self.stop()
        self._thread.join()

    def _run(self) -> None:
        while (taken := self._next()) is not None:
            began = time.monotonic()
            try:
                self._encode(*taken, began)
            except (av.FFmpegError, ValueError) as error:
                logger.warning("encoder failed, opening a new one: %s", error)
                self._context = None
            self._load.worked(time.monotonic() - began)
        self._context = None

    def _next(self) -> tuple[av.VideoFrame, bool] | None:
        with self._condition:
            while self._frame is None and not self._closed:
                self._condition.wait()
            frame, self._frame = self._frame, None
            return None if self._closed else frame

    def _encode(self, frame: av.VideoFrame, shared: bool, now: float) -> None:
        rung = self._step(frame, now)
        self._count += 1
        if self._count % rung.every:
            return
        frame = self._fit(frame, rung, shared)
        context = self._context
        if context is None or self._stale(context, frame):
            context = self._context = self._open(rung)
        if self.codec == "H264":
            target = min(self._bitrate, rung.bitrate)
            if context.bit_rate != target:
                context.bit_rate = target
        forced = self.keys.take(now)
        frame.pict_type = PictureType.I if forced else PictureType.NONE
        self._last_pts = frame.pts = max(media_time(), self._last_pts + 1)
        frame.time_base = TIME_BASE
        for packet in context.encode(frame):
            self.deliver(self._pack(packet))

    def _step(self, frame: av.VideoFrame, now: float) -> Rung:
        """Where the ladder stands for this frame."""
        ladder, size = self._ladder, (frame.width, frame.height)
        if ladder is None or self._renew or size != self._source:
            if self._renew:
                self._context = None
            most = self._most
            if ladder is not None and size == self._source:  # it may climb, and need not fall again
                most = min(most, ladder.rung.height)
            self._renew, self._source = False, size
            steps = rungs(*size, self._fps, self._top)
            ladder = self._ladder = Ladder(within(steps, self._most), self._bitrate, most)
            self._load.reset(now)
        load = self._load.read(now)
        if load is None:
            return ladder.rung
        before = ladder.rung.name
        cause = ladder.judge(self._bitrate, load, now)
        if cause:
            logger.info("%s: from %s to %s: %s", self._name, before, ladder.rung.name, cause)
        return ladder.rung

    def _fit(self, frame: av.VideoFrame, rung: Rung, shared: bool) -> av.VideoFrame:
        """`frame` in the size to encode, and nobody else's to write into."""
        if (frame.width, frame.height) != (rung.width, rung.height):
            return self._scaler.reformat(
                frame, rung.width, rung.height, interpolation=Interpolation.FAST_BILINEAR
            )
        if shared:
            return _copy(frame)
        return frame

    def _open(self, rung: Rung) -> VideoCodecContext:
        bitrate = rung.bitrate if self.codec == "H264" else min(self._bitrate, rung.bitrate)
        fps = max(1, self._fps // rung.every)
        return open_codec(self.codec, rung.width, rung.height, fps, bitrate)

    def _stale(self, context: VideoCodecContext, frame: av.VideoFrame) -> bool:
        if (context.width, context.height) != (frame.width, frame.height):
            return True
        # FFmpeg's libvpx cannot change its rate while it runs
        rung = self.rung
        wanted = min(self._bitrate, rung.bitrate if rung is not None else self._bitrate)
        return self.codec == "VP8" and not 0.8 < wanted / (context.bit_rate or 1) < 1.25

    def _pack(self, packet: CodedPacket) -> Encoded:
        data = bytes(packet)
        h264 = self.codec == "H264"
        payloads = h264_payloads(split_nals(data)) if h264 else vp8_payloads(data, self.frames)
        return Encoded(payloads, packet.pts or 0, bool(packet.is_keyframe))


class PassThrough(Feed):
    """The stream of a camera that encodes: never decoded at home."""

    def __init__(self, camera: Camera, loop: asyncio.AbstractEventLoop, bitrate: int) -> None:
        super().__init__(loop, bitrate)
        self._camera = camera

    def submit(self, packet: CodedPacket) -> None:
        """Take one access unit in Annex B from the camera's thread."""
        if not self.wanted:
            return
        if self.keys.take(time.monotonic()):
            self._camera.force_key_frame()
        nals = list(split_nals(bytes(packet)))
        self.deliver(Encoded(h264_payloads(nals), media_time(), is_key(nals)))

    def apply_bitrate(self, bps: int) -> None:
        """Set the camera's own encoder."""
        self._camera.set_bitrate(bps)


def _copy(frame: av.VideoFrame) -> av.VideoFrame:
    """The same yuv420p picture in memory of its own."""
    copy = av.VideoFrame(frame.width, frame.height, "yuv420p")
    for into, plane in zip(copy.planes, frame.planes, strict=True):
        _rows(into)[:] = _rows(plane)
    return copy


def _rows(plane: av.video.plane.VideoPlane) -> npt.NDArray[np.uint8]:
    """A view without the padding."""
    data = np.frombuffer(memoryview(plane), np.uint8)[: plane.line_size * plane.height]
    return data.reshape(plane.height, plane.line_size)[:, : plane.width]
