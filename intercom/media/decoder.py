"""Decoding of one peer's video in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

import av
from av.codec.context import Flags, ThreadType
from av.video.codeccontext import VideoCodecContext

from .assembler import Frame

logger = logging.getLogger(__name__)

QUEUE = 15  # coded frames; more means that this machine cannot follow


class Decoder:
    """Coded frames in, pictures out as soon as each is decoded."""

    def __init__(
        self,
        on_frame: Callable[[av.VideoFrame], None],
        on_lost: Callable[[], None],
        name: str = "",
    ) -> None:
        self.decoded = 0
        self.errors = 0
        self.overflows = 0
        self._on_frame = on_frame
        self._on_lost = on_lost
        self._queue: deque[tuple[str, Frame]] = deque()
        self._condition = threading.Condition()
        self._closed = False
        self._context: VideoCodecContext | None = None
        self._codec = ""
        self._await_key = True
        self._thread = threading.Thread(target=self._run, name=f"decode-{name}", daemon=True)
        self._thread.start()

    def submit(self, codec: str, frame: Frame) -> None:
        """Queue `frame` ("H264" in Annex B, "VP8"); from the loop's thread."""
        with self._condition:
            full = len(self._queue) >= QUEUE
            if full:  # the rest is useless without what is dropped here
                self.overflows += 1
                self._queue.clear()
                self._await_key = True
            self._queue.append((codec, frame))
            self._condition.notify()
        if full:
            self._on_lost()

    def stop(self) -> None:
        """Decode nothing more; the thread ends after the frame in work."""
        with self._condition:
            self._closed = True
            self._condition.notify()

    def close(self) -> None:
        """Stop and join the thread; idempotent. Waits for the frame in work."""
        self.stop()
        self._thread.join()

    def _run(self) -> None:
        while (item := self._next()) is not None:
            codec, frame = item
            if frame.key:
                self._await_key = False
            elif self._await_key:
                continue
            try:
                self._decode(codec, frame)
            except av.FFmpegError as error:
                logger.debug("= cannot decode: %s", error)
                self._fail()
        self._context = None

    def _next(self) -> tuple[str, Frame] | None:
        with self._condition:
            while not self._queue and not self._closed:
                self._condition.wait()
            return None if self._closed else self._queue.popleft()

    def _decode(self, codec: str, frame: Frame) -> None:
        if self._context is None or codec != self._codec:
            self._context, self._codec = _open(codec), codec
        packet = av.Packet(frame.data)
        packet.pts = frame.timestamp
        for picture in self._context.decode(packet):
            if picture.is_corrupt:
                self._fail()
                return
            self.decoded += 1
            self._on_frame(picture)

    def _fail(self) -> None:
        """The last good picture stays until a key frame comes."""
        self.errors += 1
        self._await_key = True
        self._on_lost()


def _open(codec: str) -> VideoCodecContext:
    context = VideoCodecContext.create("h264" if codec == "H264" else "vp8", "r")
    context.thread_type = ThreadType.NONE  # frame threads hold pictures back
    context.thread_count = 1
    context.flags |= Flags.low_delay
    return context
