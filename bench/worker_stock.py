"""A side of a call by aiortc as it comes, with plain tracks: `python -m bench.worker_stock`."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import av
import uvloop
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.codecs import h264, vpx
from aiortc.mediastreams import VIDEO_TIME_BASE, MediaStreamError
from aiortc.stats import RTCTransportStats

from bench.camera import Camera
from bench.meter import Meter
from bench.worker import connected, say, serve
from hw.picture import rows_of


class CameraTrack(MediaStreamTrack):
    """The camera as an ordinary track; newest wins."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self._queue: asyncio.Queue[av.VideoFrame] = asyncio.Queue(1)
        self._began = time.monotonic()

    def put(self, frame: av.VideoFrame) -> None:
        """A new picture, in the loop's thread."""
        if self._queue.full():
            self._queue.get_nowait()
        self._queue.put_nowait(frame)

    async def recv(self) -> av.VideoFrame:
        """The next picture."""
        frame = await self._queue.get()
        frame.pts = int((time.monotonic() - self._began) * 90_000)
        frame.time_base = VIDEO_TIME_BASE
        return frame


class Stock:
    """One RTCPeerConnection a peer."""

    def __init__(self) -> None:
        self.meters: list[Meter] = []
        self._pcs: list[RTCPeerConnection] = []
        self._senders: list[RTCRtpSender] = []
        self._tracks: list[CameraTrack] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._camera: Camera | None = None

    async def prepare(self, order: dict[str, Any]) -> None:
        """The camera runs; the tracks are not yet with their senders."""
        for codec in (h264, vpx):  # aiortc has no setting for it: the same bit rate as everybody
            vars(codec).update(DEFAULT_BITRATE=order["bitrate"], MAX_BITRATE=order["bitrate"])
        for number in range(order["peers"]):
            self.meters.append(Meter(str(number)))
            pc = RTCPeerConnection(RTCConfiguration([]))
            self._pcs.append(pc)
            self._watch(number, pc)
            if order["role"] == "send":
                self._add_sender(pc, order["codec"])
        if order["role"] == "send":
            loop = asyncio.get_running_loop()
            self._camera = Camera(
                order["clip"], lambda frame: _ignore(loop.call_soon_threadsafe(self._put, frame))
            )

    async def start(self) -> None:
        """Offer to every peer."""
        for number, pc in enumerate(self._pcs):
            await pc.setLocalDescription(await pc.createOffer())
            self._describe(number, pc)

    async def signal(self, peer: int, body: dict[str, Any]) -> None:
        """What the other side says."""
        pc = self._pcs[peer]
        await pc.setRemoteDescription(RTCSessionDescription(body["sdp"], body["kind"]))
        if body["kind"] == "offer":
            await pc.setLocalDescription(await pc.createAnswer())
            self._describe(peer, pc)

    async def gate(self) -> None:
        """Give every sender its track."""
        for sender, track in zip(self._senders, self._tracks, strict=True):
            sender.replaceTrack(track)

    async def received(self) -> int:
        """Bytes from all peers so far."""
        return sum([await _bytes_received(pc) for pc in self._pcs])

    async def close(self) -> None:
        """End."""
        for task in self._tasks:
            task.cancel()
        if self._camera is not None:
            self._camera.close()
        await asyncio.gather(*(pc.close() for pc in self._pcs))

    def _watch(self, number: int, pc: RTCPeerConnection) -> None:
        def changed() -> None:
            if pc.connectionState == "connected":
                connected(number)

        def arrived(track: MediaStreamTrack) -> None:
            self._tasks.add(asyncio.create_task(self._consume(track, self.meters[number])))

        pc.on("connectionstatechange", changed)
        pc.on("track", arrived)

    def _add_sender(self, pc: RTCPeerConnection, codec: str) -> None:
        track = CameraTrack()
        self._tracks.append(track)
        transceiver = pc.addTransceiver("video", "sendonly")
        known = RTCRtpSender.getCapabilities("video").codecs
        transceiver.setCodecPreferences([c for c in known if c.name in (codec, "rtx")])
        self._senders.append(transceiver.sender)

    def _put(self, frame: av.VideoFrame) -> None:
        for track in self._tracks:
            track.put(frame)

    def _describe(self, number: int, pc: RTCPeerConnection) -> None:
        description = pc.localDescription
        say(signal={"kind": description.type, "sdp": description.sdp}, peer=number)

    async def _consume(self, track: MediaStreamTrack, meter: Meter) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if isinstance(frame, av.VideoFrame):
                meter.see(rows_of(frame, 0)[:, : frame.width])


async def _bytes_received(pc: RTCPeerConnection) -> int:
    """By a connection's transports so far."""
    found = [s for s in (await pc.getStats()).values() if isinstance(s, RTCTransportStats)]
    return sum(each.bytesReceived for each in {each.id: each for each in found}.values())


def _ignore(handle: object) -> None:
    """The camera wants nothing back."""


if __name__ == "__main__":
    uvloop.run(serve(Stock))
