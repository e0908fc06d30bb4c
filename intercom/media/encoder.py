"""Software encoding in a thread of its own, and the way through for cameras that encode.

Measured at 640x480 on x86 (PyAV 18, one thread): ultrafast 1.0 ms a frame, superfast 1.6 ms,
veryfast 2.2 ms; slices over two threads gain nothing at this size and cost 15 % more CPU.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from fractions import Fraction

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from .aiortc_seams import Encoded
from .devices import Camera, CodedPacket
from .feed import CLOCK_RATE, Feed, media_time
from .rtp_payload import h264_payloads, is_key, vp8_payloads

logger = logging.getLogger(__name__)

TIME_BASE = Fraction(1, CLOCK_RATE)
_NEVER = 1_000_000  # frames between unrequested key frames
# zerolatency's force-cfr must stay: input of a variable rate is held back by one frame
_X264 = {
    "tune": "zerolatency",
    "profile": "baseline",
    "forced-idr": "1",
    "x264-params": "repeat-headers=1:annexb=1:scenecut=0:sliced-threads=0",
}
_VPX = {
    "deadline": "realtime",
    "cpu-used": "8",
    "lag-in-frames": "0",
    "error-resilient": "default",
    "auto-alt-ref": "0",
}


def open_codec(codec: str, width: int, height: int, fps: int, top: int) -> VideoCodecContext:
    """An encoder without look-ahead whose `bit_rate` can be lowered from `top` while it runs."""
    context = VideoCodecContext.create("libx264" if codec == "H264" else "libvpx", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = TIME_BASE, Fraction(fps)
    context.bit_rate, context.gop_size, context.max_b_frames = top, _NEVER, 0
    context.thread_count = 1
    # maxrate and a small bufsize make libx264 follow `bit_rate`; without them it ignores it
    limits = {"maxrate": str(top), "bufsize": str(max(top // 4, 40_000))}
    if codec == "H264":
        preset = "superfast" if width * height <= 1280 * 720 else "ultrafast"
        context.options = {**_X264, **limits, "preset": preset, "level": _level(width, height)}
    else:
        context.options = {**_VPX, **limits}
    return context


def _level(width: int, height: int) -> str:
    return "3.1" if width * height <= 1280 * 720 else "4.0"


class Encoder(Feed):
    """Encodes the newest frame only, and only while somebody's gate is open."""

    def __init__(self, codec: str, loop: asyncio.AbstractEventLoop, bitrate: int, fps: int) -> None:
        super().__init__(loop, bitrate)
        self.dropped = 0
        self.contexts = 0  # encoders opened so far
        self.codec = codec
        self._fps = fps
        self._top = bitrate
        self._context: VideoCodecContext | None = None
        self._condition = threading.Condition()
        self._frame: av.VideoFrame | None = None
        self._renew = False
        self._last_pts = -1
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=f"encode-{codec}", daemon=True)
        self._thread.start()

    def submit(self, frame: av.VideoFrame) -> None:
        """Take a yuv420p frame from the camera's thread; the newest wins."""
        if not self.wanted:
            return
        with self._condition:
            self.dropped += self._frame is not None
            self._frame = frame
            self._condition.notify()

    def configure(self, bitrate: int, fps: int) -> None:
        """Another quality: a new encoder with the next frame, which is a key frame."""
        self._top, self._fps = bitrate, fps
        self.set_top(bitrate)
        self._renew = True  # last: the encoder's thread reads it first

    def close(self) -> None:
        """Stop and join the thread; idempotent."""
        with self._condition:
            self._closed = True
            self._condition.notify()
        self._thread.join()

    def _run(self) -> None:
        while (frame := self._next()) is not None:
            try:
                self._encode(frame)
            except (av.FFmpegError, ValueError) as error:
                logger.warning("encoder failed, opening a new one: %s", error)
                self._context = None
        self._context = None

    def _next(self) -> av.VideoFrame | None:
        with self._condition:
            while self._frame is None and not self._closed:
                self._condition.wait()
            frame, self._frame = self._frame, None
            return None if self._closed else frame

    def _encode(self, frame: av.VideoFrame) -> None:
        context = self._context
        if context is None or self._stale(context, frame):
            self._renew = False
            bitrate = self._top if self.codec == "H264" else self._bitrate
            context = open_codec(self.codec, frame.width, frame.height, self._fps, bitrate)
            self._context = context
            self.contexts += 1
        if self.codec == "H264" and context.bit_rate != self._bitrate:
            context.bit_rate = self._bitrate
        forced = self.keys.take(time.monotonic())
        frame.pict_type = PictureType.I if forced else PictureType.NONE
        self._last_pts = frame.pts = max(media_time(), self._last_pts + 1)
        frame.time_base = TIME_BASE
        for packet in context.encode(frame):
            self.deliver(self._pack(packet))

    def _stale(self, context: VideoCodecContext, frame: av.VideoFrame) -> bool:
        if self._renew or (context.width, context.height) != (frame.width, frame.height):
            return True
        # FFmpeg's libvpx cannot change its rate while it runs
        return self.codec == "VP8" and not 0.8 < self._bitrate / (context.bit_rate or 1) < 1.25

    def _pack(self, packet: CodedPacket) -> Encoded:
        data = bytes(packet)
        h264 = self.codec == "H264"
        payloads = h264_payloads(data) if h264 else vp8_payloads(data, self.frames)
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
        data = bytes(packet)
        self.deliver(Encoded(h264_payloads(data), media_time(), is_key(data)))

    def apply_bitrate(self, bps: int) -> None:
        """Set the camera's own encoder."""
        self._camera.set_bitrate(bps)
