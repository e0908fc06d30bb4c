"""What the tests of the media part share: small synthetic devices, and two stations joined."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import av
import numpy as np
from aiortc import RTCPeerConnection

from intercom.media import Media, MediaEvent, Peer, Quality, Route, VoiceSettings, VoiceVolume
from intercom.media.aiortc_seams import Encoded
from intercom.media.codec import TIME_BASE, open_codec
from intercom.media.devices import Fill, OnFault, OnFrame, OnPacket, OnSamples
from intercom.media.tracks import PacketTrack

PLAIN = VoiceSettings("off", noise_suppression=False, gain=False)  # a tone passes
WAIT = 10.0  # seconds; generous, nothing is measured by it


def picture(width: int = 320, height: int = 240, shift: int = 0) -> av.VideoFrame:
    """A yuv420p frame with a pattern that moves with `shift`."""
    ramp = np.add.outer(np.arange(height * 3 // 2), np.arange(width)) * 2 % 200
    return av.VideoFrame.from_ndarray(np.roll(ramp.astype(np.uint8), shift, 1), format="yuv420p")


def coded(count: int, keys: tuple[int, ...] = (0,), width: int = 320) -> list[bytes]:
    """`count` H.264 access units in Annex B; key frames at the indices `keys`."""
    context = open_codec("H264", width, 240, 30, 300_000)
    units = []
    for index in range(count):
        frame = picture(width, shift=index * 3)
        frame.pts, frame.time_base = index * 3000, TIME_BASE
        frame.pict_type = (
            av.video.frame.PictureType.I if index in keys else av.video.frame.PictureType.NONE
        )
        units += [bytes(packet) for packet in context.encode(frame)]
    return units


class Device:
    """Calls `step` every `period` seconds from a thread of its own."""

    def __init__(self, period: float, step: Callable[[int], None]) -> None:
        self.xruns = 0
        self._step = step
        self._period = period
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="test-device")
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it delivers."""
        return self._thread.is_alive()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        count, due = 0, time.monotonic()
        while not self._stop.is_set():
            self._step(count)
            count += 1
            due += self._period
            self._stop.wait(max(0.0, due - time.monotonic()))


class TestCamera(Device):
    """A raw camera, or with `encoded` one that delivers H.264 and obeys `force_key_frame`."""

    __test__ = False

    def __init__(self, quality: Quality, on_frame: OnFrame, on_packet: OnPacket, encoded: bool):
        self.encoded = encoded
        self.quality = quality
        self.forced = 0
        self.bitrates: list[int] = []
        self.rates: list[int] = []
        self._on_frame, self._on_packet = on_frame, on_packet
        self._context = open_codec("H264", quality.width, quality.height, quality.fps, 300_000)
        self._key = False
        super().__init__(1 / quality.fps, self._picture)

    def force_key_frame(self) -> None:
        self.forced += 1
        self._key = True

    def set_bitrate(self, bps: int) -> None:
        self.bitrates.append(bps)

    def set_rate(self, fps: int) -> None:
        self.rates.append(fps)

    def scene(self, count: int) -> av.VideoFrame:
        """What it sees in picture number `count`."""
        return picture(self.quality.width, self.quality.height, count * 3)

    def _picture(self, count: int) -> None:
        self._on_frame(self.scene(count))
        if not self.encoded:
            return
        frame = self.scene(count)
        kind = av.video.frame.PictureType
        frame.pts, frame.time_base = count * 3000, TIME_BASE
        frame.pict_type, self._key = kind.I if self._key else kind.NONE, False
        for packet in self._context.encode(frame):
            self._on_packet(packet)


class TestDevices:
    """Camera, microphone with a tone of 440 Hz, and a speaker that remembers."""

    __test__ = False

    def __init__(self, encoded: bool = False) -> None:
        self.encoded = encoded
        self.ids = ["test"]
        self.camera: TestCamera | None = None
        self.broken: set[str] = set()
        self.played: list[bytes] = []
        self.played_at: list[float] = []
        self.voice: Callable[[int], bytes] = tone
        self.faults: dict[str, OnFault] = {}
        self.opened: list[str] = []
        self.selected: list[tuple[str, str]] = []

    def open_camera(
        self, quality: Quality, on_frame: OnFrame, on_packet: OnPacket, on_fault: OnFault
    ) -> TestCamera:
        self._open("camera", on_fault)
        self.camera = TestCamera(quality, on_frame, on_packet, self.encoded)
        return self.camera

    def open_microphone(self, on_samples: OnSamples, on_fault: OnFault) -> Device:
        self._open("microphone", on_fault)
        return Device(0.01, lambda count: on_samples(self.voice(count)))

    def open_speaker(self, fill: Fill, on_fault: OnFault) -> Device:
        self._open("speaker", on_fault)

        def play(count: int) -> None:
            self.played_at.append(time.monotonic())
            self.played.append(fill(480))

        return Device(0.01, play)

    def cameras(self) -> list[tuple[str, str]]:
        return [(known, "a camera") for known in self.ids]

    def microphones(self) -> list[tuple[str, str]]:
        return [(known, "a microphone") for known in self.ids]

    def select(self, kind: str, device_id: str) -> str:
        before = self.selected_of(kind)
        self.selected.append((kind, device_id))
        return before

    def selected_of(self, kind: str) -> str:
        """The device of `kind` that was selected last."""
        return next((it for other, it in reversed(self.selected) if other == kind), "test")

    def _open(self, kind: str, on_fault: OnFault) -> None:
        self.opened.append(kind)
        if kind in self.broken:
            raise OSError(f"no {kind}: plug one in")
        self.faults[kind] = on_fault


def tone(block: int, size: int = 480) -> bytes:
    """`size` samples of a 440 Hz sine, block number `block`."""
    at = np.arange(block * size, (block + 1) * size)
    return (8000 * np.sin(2 * np.pi * 440 * at / 48000)).astype(np.int16).tobytes()


def loudness(blocks: list[bytes]) -> int:
    """The greatest sample of `blocks`."""
    return max((int(np.abs(np.frombuffer(b, np.int16)).max()) for b in blocks), default=0)


class TestView:
    """Remembers the last frame and how many there were."""

    __test__ = False

    def __init__(self) -> None:
        self.count = 0
        self.cleared = 0
        self.last: av.VideoFrame | None = None

    def show(self, frame: av.VideoFrame) -> None:
        self.count += 1
        self.last = frame

    def clear(self) -> None:
        self.cleared += 1
        self.last = None


class Side:
    """One station of a pair."""

    def __init__(self, name: str, quality: str, encoded: bool, route: Route | None = None) -> None:
        self.name = name
        self.devices = TestDevices(encoded)
        self.events: list[MediaEvent] = []
        self.volumes: list[VoiceVolume] = []
        self.media = Media(self.devices, self._report, quality=quality, route=route, voice=PLAIN)
        self.inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.view = TestView()
        self.peer: Peer

    @property
    def pc(self) -> RTCPeerConnection:
        """aiortc's connection under the peer, to break and to count."""
        return self.peer._pc  # noqa: SLF001 - faults are injected below the part under test

    @property
    def transport(self) -> Any:
        """The DTLS transport of the connection."""
        return self.pc.getTransceivers()[0].sender.transport

    def saw(self, kind: type) -> bool:
        """Whether an event of `kind` was reported."""
        return any(isinstance(event, kind) for event in self.events)

    def _report(self, event: MediaEvent) -> None:
        if isinstance(event, VoiceVolume):
            self.volumes.append(event)
        else:
            self.events.append(event)


class Line:
    """Two stations in this process, in a call over real transports."""

    def __init__(
        self, quality: str = "240p", encoded: bool = False, route: Route | None = None
    ) -> None:
        self.door = Side("door", quality, encoded, route)
        self.flat = Side("flat", quality, encoded, route)
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Line:
        door, flat = self.door, self.flat
        door.peer = door.media.peer("call", "flat", 1, True, flat.inbox.put_nowait)
        flat.peer = flat.media.peer("call", "door", 1, False, door.inbox.put_nowait)
        for side in (door, flat):
            side.peer.view(side.view)
            self._tasks.append(asyncio.create_task(self._carry(side)))
        return self

    async def __aexit__(self, *error: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        await asyncio.gather(self.door.media.close(), self.flat.media.close())

    async def connect(self) -> None:
        """Bring the transports up; all gates stay shut."""
        await self.door.peer.start()
        await until(lambda: self.door.pc.connectionState == self.flat.pc.connectionState)
        await until(lambda: self.flat.pc.connectionState == "connected")
        await until(lambda: self.door.pc.connectionState == "connected")

    async def _carry(self, side: Side) -> None:
        while True:
            await side.peer.handle(await side.inbox.get())


async def whole(track: PacketTrack) -> Encoded:
    """The next frame of `track`, its pieces put together."""
    piece = await track.recv()
    payloads = list(piece.payloads)
    while not piece.whole:
        piece = await track.recv()
        payloads += piece.payloads
    return Encoded(payloads, piece.timestamp, piece.key)


async def until(true: Callable[[], object]) -> None:
    """Wait for `true()`; fails after a generous time."""
    async with asyncio.timeout(WAIT):
        while not true():  # noqa: ASYNC110 - what is waited for happens in other threads
            await asyncio.sleep(0.01)


@contextmanager
def no_new_threads() -> Iterator[None]:
    """Fails when a thread of ours outlives the block."""
    ours = ("encode", "decode", "microphone", "test-device", "audio-decoder", "video-decoder")
    before = set(threading.enumerate())
    yield
    left = [t.name for t in set(threading.enumerate()) - before if t.name.startswith(ours)]
    assert not left, left
