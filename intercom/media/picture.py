"""The station's camera: one device, one encode a codec, every peer's track and the local view."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor

import av

from .devices import Camera, CodedPacket, Devices, DeviceSlot, OnFault, View
from .encoder import Encoder, PassThrough
from .events import MediaEvent
from .feed import Feed
from .quality import Quality
from .tracks import PacketTrack

logger = logging.getLogger(__name__)


class Picture:
    """Joins the camera to whoever looks; methods belong to the loop's thread."""

    def __init__(
        self,
        devices: Devices,
        executor: Executor,
        report: Callable[[MediaEvent], None],
        quality: Quality,
    ) -> None:
        self.quality = quality
        self._devices = devices
        self._loop = asyncio.get_running_loop()
        self._encoders: dict[str, Encoder] = {}
        self._through: PassThrough | None = None
        self._tracks: dict[PacketTrack, str] = {}  # -> codec
        self._view: View | None = None
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

    def feed_of(self, track: PacketTrack) -> Feed | None:
        """The stream that `track` gets at present."""
        codec = self._tracks.get(track)
        if codec == "H264" and self._through is not None:
            return self._through
        return self._encoders.get(codec) if codec is not None else None

    def reported(self, track: PacketTrack, bps: int) -> None:
        """The peer behind `track` can take `bps`."""
        feed = self.feed_of(track)
        if feed is not None:
            feed.reported(track, bps)

    def local_view(self, view: View | None) -> None:
        """Show the own picture in `view`; None shows it nowhere."""
        old, self._view = self._view, view
        if old is not None and old is not view:
            old.clear()

    async def set_quality(self, quality: Quality) -> None:
        """Open the camera again with another size and rate, if it is open."""
        self.quality = quality
        for encoder in self._encoders.values():
            encoder.configure(quality.bitrate, quality.fps)
        await self.camera.reopen()

    async def close(self) -> None:
        """Close the camera and the encoders; idempotent."""
        await self.camera.close()
        for encoder in self._encoders.values():
            await asyncio.to_thread(encoder.close)
        self._encoders.clear()
        self.local_view(None)

    def _open(self, on_fault: OnFault) -> Camera:
        return self._devices.open_camera(self.quality, self._frame, self._packet, on_fault)

    def _camera_changed(self) -> None:
        camera = self.camera.device
        if camera is not None and camera.encoded:
            self._through = PassThrough(camera, self._loop, self.quality.bitrate)
        else:
            self._through = None
        if camera is None and self._view is not None:
            self._view.clear()
        for track, codec in self._tracks.items():
            self._attach(track, codec)

    def _attach(self, track: PacketTrack, codec: str) -> None:
        for feed in self._feeds():
            feed.remove(track)
        if self._through is not None and codec == "H264":
            self._through.add(track)
            return
        encoder = self._encoders.get(codec)
        if encoder is None:
            encoder = Encoder(codec, self._loop, self.quality.bitrate, self.quality.fps)
            self._encoders = {**self._encoders, codec: encoder}  # read by the camera's thread
        encoder.add(track)

    def _feeds(self) -> list[Feed]:
        through: list[Feed] = [self._through] if self._through is not None else []
        return [*self._encoders.values(), *through]

    def _frame(self, frame: av.VideoFrame) -> None:
        """From the camera's thread."""
        busy = [encoder for encoder in self._encoders.values() if encoder.wanted]
        for encoder in busy[1:]:  # each writes its time and kind of picture into its frame
            encoder.submit(av.VideoFrame.from_ndarray(frame.to_ndarray(), format="yuv420p"))
        for encoder in busy[:1]:
            encoder.submit(frame)
        view = self._view
        if view is not None:
            view.show(frame)

    def _packet(self, packet: CodedPacket) -> None:
        """From the camera's thread."""
        through = self._through
        if through is not None:
            through.submit(packet)
