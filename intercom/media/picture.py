"""The station's camera: one device, one encode a codec, every peer's track and the local view.

Peers that take far less than the others share a second, smaller encode.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import Executor

import av

from .device_slot import DeviceSlot
from .devices import Camera, CodedPacket, Devices, OnFault
from .encoder import Encoder, PassThrough
from .events import MediaEvent
from .feed import Feed
from .ladder import KEEP
from .quality import UNCAPPED, Cap, Quality, capped
from .showing import Showing
from .snapshot import Snapshot
from .split import Splitter
from .tracks import PacketTrack

logger = logging.getLogger(__name__)


class Picture:
    """Joins the camera to whoever looks; methods belong to the loop's thread.

    `local_view`, that of Showing, says where the own picture is shown.
    """

    def __init__(
        self,
        devices: Devices,
        executor: Executor,
        report: Callable[[MediaEvent], None],
        quality: Quality,
    ) -> None:
        self.quality = quality
        self._cap = UNCAPPED
        self._devices = devices
        self._loop = asyncio.get_running_loop()
        self._encoders: dict[str, Encoder] = {}
        self._through: PassThrough | None = None
        self._small: Encoder | None = None  # of H.264, for the slow
        self._slow: frozenset[object] = frozenset()
        self._splitter = Splitter()
        self._closing: set[asyncio.Task[None]] = set()
        self._tracks: dict[PacketTrack, str] = {}  # -> codec
        self._showing = Showing("the own picture")
        self.local_view = self._showing.turn_to
        self._snapshot = Snapshot(executor)
        self.snapshot = self._snapshot.shoot
        self.camera: DeviceSlot[Camera] = DeviceSlot("camera", self._open, executor, report)
        self.camera.on_change = self._camera_changed

    def add(self, track: PacketTrack, codec: str) -> None:
        """Send the camera to `track` as "H264" or "VP8"."""
        self._tracks[track] = codec
        self._attach(track, codec)

    def remove(self, track: PacketTrack) -> None:
        """Forget `track`; idempotent."""
        if self._tracks.pop(track, None) is not None:
            for feed in self._feeds():
                feed.remove(track)
            self._share()

    def height_of(self, track: PacketTrack) -> int | None:
        """The lines of the picture that `track` gets at present, where we encode it."""
        feed = self.feed_of(track)
        rung = feed.rung if isinstance(feed, Encoder) else None
        return None if rung is None or not track.is_open else rung.height

    def feed_of(self, track: PacketTrack) -> Feed | None:
        """The stream that `track` gets at present."""
        codec = self._tracks.get(track)
        if track in self._slow:
            return self._small
        if codec == "H264" and self._through is not None:
            return self._through
        return self._encoders.get(codec) if codec is not None else None

    def reported(self, track: PacketTrack, bps: int) -> None:
        """The peer behind `track` can take `bps`."""
        feed = self.feed_of(track)
        if feed is not None:
            feed.reported(track, bps)
            self._share()

    async def set_quality(self, quality: Quality) -> None:
        """Open the camera again with another size and rate, if it is open."""
        self.quality = quality
        self._configure()
        await self.camera.reopen()

    def limit(self, cap: Cap) -> None:
        """Send no more than `cap` from now on, without opening the camera again."""
        self._cap = cap
        self._configure()
        if self._through is not None:
            self._through.set_top(self._now.bitrate)
        if self.camera.device is not None:
            self.camera.device.set_rate(self._now.fps)

    @property
    def _now(self) -> Quality:
        """The quality as it is capped."""
        return capped(self.quality, self._cap)

    def _configure(self) -> None:
        for encoder in self._software():
            encoder.configure(self._now.bitrate, self._now.fps, self._cap.height)

    async def close(self) -> None:
        """Close the camera and the encoders, whatever befalls one of them; idempotent."""
        try:
            await self.camera.close()
        finally:
            encoders = self._software()
            self._encoders, self._small = {}, None
            self.local_view(None)
            for encoder in encoders:
                encoder.stop()
            closing = (asyncio.to_thread(encoder.close) for encoder in encoders)
            await asyncio.gather(*closing, *self._closing)

    def _open(self, on_fault: OnFault) -> Camera:
        return self._devices.open_camera(self.quality, self._frame, self._packet, on_fault)

    def _camera_changed(self) -> None:
        camera = self.camera.device
        if camera is not None and camera.encoded:
            self._through = PassThrough(camera, self._loop, self.quality.bitrate)
            self._through.set_top(self._now.bitrate)
        else:
            self._through = None
        if camera is not None and self._now.fps < self.quality.fps:
            camera.set_rate(self._now.fps)
        if camera is None:
            self._showing.clear()
        for track, codec in self._tracks.items():
            self._attach(track, codec)

    def _attach(self, track: PacketTrack, codec: str) -> None:
        for feed in self._feeds():
            feed.remove(track)
        if track in self._slow:
            if self._small is None:
                self._small = self._encoder(codec, "picture for the slow")
            self._small.add(track)
            return
        if self._through is not None and codec == "H264":
            self._through.add(track)
            return
        encoder = self._encoders.get(codec)
        if encoder is None:
            encoder = self._encoder(codec, "picture")
            self._encoders = {**self._encoders, codec: encoder}  # read by the camera's thread
        encoder.add(track)

    def _encoder(self, codec: str, name: str) -> Encoder:
        now = self._now
        return Encoder(codec, self._loop, now.bitrate, now.fps, name, most=self._cap.height)

    def _share(self) -> None:
        """Set those apart that are far slower than the rest, and take them back."""
        limits: dict[object, float] = {}
        for track, codec in self._tracks.items():
            feed = self.feed_of(track)
            if codec == "H264" and track.is_open and feed is not None:
                limits[track] = feed.rate.limit(track)
        # a camera's own encoder cannot make its pictures smaller
        least = KEEP * self._now.bitrate if self._through is not None else 0.0
        slow = self._splitter.judge(limits, least, time.monotonic())
        moved, self._slow = slow ^ self._slow, slow
        for track in [track for track in self._tracks if track in moved]:
            self._move(track, limits.get(track, float(self._now.bitrate)))
        if not slow and self._small is not None:
            small, self._small = self._small, None
            closing = self._loop.create_task(asyncio.to_thread(small.close))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    def _move(self, track: PacketTrack, limit: float) -> None:
        self._attach(track, self._tracks[track])
        feed = self.feed_of(track)
        assert feed is not None
        feed.assume(track, limit)
        logger.info(
            "%d kbit/s for one of %d: %s",
            limit // 1000,
            len(self._tracks),
            "it gets a smaller encode" if track in self._slow else "it gets that of the others",
        )

    def _software(self) -> list[Encoder]:
        small = self._small  # once: the camera's thread reads it too
        return [*self._encoders.values(), *([small] if small is not None else [])]

    def _feeds(self) -> list[Feed]:
        through: list[Feed] = [self._through] if self._through is not None else []
        return [*self._software(), *through]

    def _frame(self, frame: av.VideoFrame) -> None:
        """From the camera's thread."""
        busy = [encoder for encoder in self._software() if encoder.wanted]
        for encoder in busy:
            encoder.submit(frame, shared=len(busy) > 1)
        self._showing.show(frame)
        self._snapshot.offer(frame)

    def _packet(self, packet: CodedPacket) -> None:
        """From the camera's thread."""
        through = self._through
        if through is not None:
            through.submit(packet)
