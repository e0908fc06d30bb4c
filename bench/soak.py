"""Two processes in a call for a long time: does anything grow?

    python -m bench.soak [--minutes 120] [--quality 480p] [--every 60] [--json FILE]

Each minute prints resident memory, threads, descriptors and tasks of both processes, the latency of
the picture and the pictures shown a second; at the end, what grew from the first quarter of the
lines to the last (medians: a busy machine delays a few pictures, a leak delays all that follow).
Fails when something did, or when a side ended early.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvloop

from bench import stats
from hw import timecode
from intercom.config import CameraConfig, SoundConfig
from intercom.media import QUALITIES, Media, MediaEvent, Peer, PeerConnected
from intercom.station.devices import StationDevices

SETTLED = 1  # the first line is of warming up
CONNECT = 30.0  # s, till there are transports
GROWTH_MB, GROWTH_COUNT = 10.0, 2  # from the first quarter to the last


def now_ms() -> int:
    """CLOCK_MONOTONIC in ms, the same in both processes."""
    return time.monotonic_ns() // 1_000_000


def devices() -> StationDevices:
    """A station's, simulated, with a time code in the picture."""
    camera = CameraConfig(driver="simulated", time_code=True)
    return StationDevices(camera, SoundConfig(driver="simulated"), lambda event: None)


class Meter:
    """A view that reads the time codes."""

    def __init__(self) -> None:
        self._latencies: list[int] = []
        self._shown = 0
        self._began = time.monotonic()

    def show(self, frame: Any) -> None:
        """One decoded picture."""
        self._shown += 1
        code = timecode.read(frame)
        if code is not None:
            self._latencies.append((now_ms() - code) & 0xFFFFFFFF)

    def clear(self) -> None:
        """Nothing to clear."""

    def take(self) -> dict[str, float]:
        """Latency in ms and pictures a second since the last time."""
        seen, self._latencies = self._latencies, []
        shown, self._shown = self._shown, 0
        span, self._began = time.monotonic() - self._began, time.monotonic()
        found = {"fps": round(shown / span, 1)}
        if seen:
            found["p50"] = round(statistics.median(seen), 1)
            found["p95"] = stats.percentile(seen, 0.95) or 0
        return found


def footprint() -> dict[str, float]:
    """What this process holds."""
    gc.collect()
    status = Path("/proc/self/status").read_text()
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return {
        "rss_mb": round(int(resident.split()[1]) / 1024, 1),
        "threads": threading.active_count(),
        "fds": sum(1 for _ in os.scandir("/proc/self/fd")),
        "tasks": len(asyncio.all_tasks()),
    }


Row = Callable[[dict[str, float]], None]


class End:
    """One side of the call; `out` carries what it says to the other process."""

    def __init__(self, out: Callable[[dict[str, Any]], None], told: Row) -> None:
        self.over = asyncio.Event()
        self._out, self._told = out, told
        self._connected, self._meter = asyncio.Event(), Meter()

    async def run(
        self, stream: asyncio.StreamReader, offerer: bool, quality: str, every: float
    ) -> None:
        """Call, and tell the numbers each `every` seconds until it is over."""
        media = Media(devices(), self._event, quality)
        peer = media.peer("soak", "other", 1, offerer, self._out)
        peer.view(self._meter)
        peer.listen(True)
        try:
            async with asyncio.TaskGroup() as group:
                reading = group.create_task(self._read(stream, peer))
                async with asyncio.timeout(CONNECT):
                    await peer.start()
                    await self._connected.wait()
                await asyncio.gather(media.open_camera(), media.open_sound())
                peer.send(True, True)
                await self._tell(offerer, every)
                reading.cancel()
        finally:
            await media.close()

    async def _tell(self, offerer: bool, every: float) -> None:
        self._meter.take()
        while not self.over.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(every):
                    await self.over.wait()
                    break
            cpu = {"cpu_s": round(time.process_time(), 1)}
            numbers = {**footprint(), **self._meter.take(), **cpu}
            if offerer:
                self._out({"numbers": numbers})
            else:
                self._told({"here": 1.0, **numbers})

    def _event(self, event: MediaEvent) -> None:
        if isinstance(event, PeerConnected):
            self._connected.set()

    async def _read(self, stream: asyncio.StreamReader, peer: Peer) -> None:
        while line := await stream.readline():
            body = json.loads(line)
            if "stop" in body:
                self.over.set()
            elif "numbers" in body:
                self._told({"here": 0.0, **body["numbers"]})
            else:
                await peer.handle(body)
        self.over.set()  # the other process is gone


async def child(quality: str, every: float) -> None:
    """The other process."""
    stream = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), sys.stdin
    )

    def out(body: dict[str, Any]) -> None:
        sys.stdout.buffer.write(json.dumps(body).encode() + b"\n")
        sys.stdout.buffer.flush()

    await End(out, lambda numbers: None).run(stream, True, quality, every)


async def parent(minutes: float, quality: str, every: float, report: Path | None) -> int:
    """This process; returns 0 when nothing grew."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.soak", "--child", "--quality", quality, "--every", str(every),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 20,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    pipe = process.stdin
    rows: dict[str, list[dict[str, float]]] = {"here": [], "there": []}
    began = time.monotonic()

    def told(numbers: dict[str, float]) -> None:
        who = "here" if numbers.pop("here") else "there"
        rows[who].append(numbers)
        text = "  ".join(f"{key} {value:g}" for key, value in numbers.items())
        print(f"{(time.monotonic() - began) / 60:6.1f} min  {who:5}  {text}", flush=True)  # noqa: T201

    end = End(lambda body: pipe.write(json.dumps(body).encode() + b"\n"), told)
    asyncio.get_running_loop().call_later(minutes * 60 + 2, end.over.set)
    await end.run(process.stdout, False, quality, every)
    lasted = (time.monotonic() - began) / 60
    if process.returncode is None:
        pipe.write(b'{"stop": true}\n')
    await process.wait()
    if report:
        found = {"minutes": round(lasted, 1), "quality": quality, **rows}
        await asyncio.to_thread(report.write_text, json.dumps(found) + "\n")
    if lasted < minutes:
        print(f"The other side ended after {lasted:.1f} min, with {process.returncode}.")  # noqa: T201
        return 1
    return verdict(rows)


def verdict(rows: dict[str, list[dict[str, float]]]) -> int:
    """Say what grew; 0 when nothing did."""
    grown = 0
    for who, seen in rows.items():
        for key in ("rss_mb", "threads", "fds", "tasks", "p50"):
            values = [numbers[key] for numbers in seen[SETTLED:] if key in numbers]
            if len(values) < 2:
                continue
            quarter = max(1, len(values) // 4)
            growth = statistics.median(values[-quarter:]) - statistics.median(values[:quarter])
            flat = growth <= (GROWTH_MB if key == "rss_mb" else GROWTH_COUNT)
            grown += not flat
            print(f"{who:5}  {key:8} {growth:+g}  {'flat' if flat else 'GROWS'}")  # noqa: T201
    return int(grown > 0)


def main() -> None:
    """Run both processes and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--every", type=float, default=60.0, help="seconds between two lines")
    parser.add_argument("--quality", choices=list(QUALITIES), default="480p")
    parser.add_argument("--json", type=Path, help="where to write all lines as JSON")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        uvloop.run(child(options.quality, options.every))
        return
    sys.exit(uvloop.run(parent(options.minutes, options.quality, options.every, options.json)))


if __name__ == "__main__":
    main()
