"""One measured call: both sides are brought up, joined, watched and ended."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import av
import numpy as np

from bench import clip, code, procfs, stats
from bench.clip import ClipFile
from bench.relay import Network, Relay
from bench.side import Side, SideError
from bench.spec import Outcome, Spec
from bench.ssim import ssim
from hw.cells import Luma

MakeSide = Callable[[Spec, Path, str], Side]


class Call:
    """The sides of one call and what is known of it."""

    def __init__(self, spec: Spec, work: Path, clip_path: Path, make: MakeSide) -> None:
        self.spec = spec
        self.outcome = Outcome.of(spec)
        self._folder = Path(tempfile.mkdtemp(prefix=f"{spec.peer}-", dir=work))
        self._clip = clip_path
        self._network = Network(spec.loss, spec.rtt_ms / 2000, spec.seed)
        self._relays = [Relay(self._network) for _ in range(spec.receivers if spec.relayed else 0)]
        self._sides = [make(spec, self._folder, role) for role in ("send", "receive")]
        self._gate = 0.0
        self._window = (0.0, 0.0)

    async def run(self, limit: float) -> Outcome:
        """Measure; what goes wrong stands in the outcome."""
        self.outcome.load = round(os.getloadavg()[0], 2)
        try:
            async with AsyncExitStack() as stack, asyncio.timeout(limit):
                for relay in self._relays:
                    stack.callback(relay.close)
                for side in self._sides:
                    stack.push_async_callback(side.close)
                await self._bring_up()
                await self._connect()
                await self._watch()
                await self._conclude()
        except SideError as error:
            self.outcome.error = str(error)
        except TimeoutError:
            self.outcome.error = f"not done within {limit:.0f} s"
        shutil.rmtree(self._folder, ignore_errors=True)
        return self.outcome

    async def _bring_up(self) -> None:
        spec, picture = self.spec, self.spec.picture
        await asyncio.gather(*(side.open() for side in self._sides))
        for number, (side, role) in enumerate(zip(self._sides, ("send", "receive"), strict=True)):
            side.on_signal = self._carrier(number)
            side.order(
                "prepare", role=role, peers=spec.receivers, codec=spec.codec, clip=str(self._clip),
                quality=spec.quality, width=picture.width, height=picture.height, fps=picture.fps,
                bitrate=picture.bitrate, rtt_ms=spec.rtt_ms, on_screen=spec.on_screen,
            )  # fmt: skip
        for side in self._sides:
            await side.answer("ready")

    def _carrier(self, number: int) -> Callable[[int, dict[str, Any]], None]:
        def carry(peer: int, body: dict[str, Any]) -> None:
            passed = self._relays[peer].rewrite(number, body) if self._relays else body
            if passed is not None:
                self._sides[1 - number].order("signal", peer=peer, body=passed)

        return carry

    async def _connect(self) -> None:
        sender, _ = self._sides
        sender.order("start")
        began = sender.monotonic((await sender.answer("started"))["started"])
        up = [
            side.monotonic((await side.answer("connected"))["at"])
            for side in self._sides
            for _ in range(self.spec.receivers)
        ]
        self.outcome.setup_ms = (max(up) - began) * 1000
        await asyncio.sleep(0.5)  # "transports are up while it rings"
        self._network.lossy = True
        sender.order("gate")
        self._gate = sender.monotonic((await sender.answer("gate"))["gate"])

    async def _watch(self) -> None:
        """The window in which CPU, memory and pictures are counted."""
        await asyncio.sleep(self.spec.warm_up)
        size = await self._bytes()
        began, used = time.monotonic(), [procfs.cpu_seconds(side.pid) for side in self._sides]
        await asyncio.sleep(self.spec.seconds)
        ended, spent = time.monotonic(), [procfs.cpu_seconds(side.pid) for side in self._sides]
        span = ended - began
        self.outcome.kbps = (await self._bytes() - size) * 8 / 1000 / span / self.spec.receivers
        cpu = [procfs.cpu_percent(a, b, span) for a, b in zip(used, spent, strict=True)]
        self.outcome.sender_cpu, self.outcome.receiver_cpu = cpu
        memory = [procfs.memory(side.pid) for side in self._sides]
        self.outcome.sender_rss, self.outcome.receiver_rss = (m.rss for m in memory)
        self.outcome.sender_pss, self.outcome.receiver_pss = (m.pss for m in memory)
        self._window = began, ended

    async def _bytes(self) -> int:
        self._sides[1].order("count")
        return int((await self._sides[1].answer("bytes"))["bytes"])

    async def _conclude(self) -> None:
        receiver = self._sides[1]
        if self.spec.samples:
            receiver.order("sample", folder=str(self._folder), count=self.spec.samples)
            await asyncio.sleep(self.spec.samples / 6 + 0.5)  # one in five pictures
        receiver.order("report")
        report = await receiver.answer("report")
        self.outcome.detail = str(report.get("detail", ""))
        self._read_logs(receiver, report["report"])
        if self._relays:
            passed, dropped = map(sum, zip(*(r.received for r in self._relays), strict=True))
            self.outcome.packet_loss = dropped / max(1, passed + dropped)
        if self.spec.samples:
            await asyncio.to_thread(self._compare)

    def _read_logs(self, receiver: Side, reports: list[dict[str, Any]]) -> None:
        """Pictures of the first receiver; the first frame is that of the last to see one."""
        firsts = []
        for report in reports:
            times = [receiver.monotonic(entry[0]) for entry in report["log"]]
            if not times:
                raise SideError(f"{receiver.name}: no picture arrived")
            firsts.append(times[0])
        out, log = self.outcome, reports[0]["log"]
        begin, end = self._window
        inside = [e for e in log if begin <= receiver.monotonic(e[0]) <= end]
        ages = [entry[1] for entry in inside if entry[1] is not None]
        gaps = stats.gaps_ms([receiver.monotonic(entry[0]) for entry in log], begin, end)
        out.first_frame_ms = (max(firsts) - self._gate) * 1000
        out.p50_ms, out.p95_ms = stats.percentile(ages, 0.5), stats.percentile(ages, 0.95)
        out.ages_ms = stats.quantiles(ages)
        out.fps = len(inside) / (end - begin)
        out.damaged = 1 - len(ages) / len(inside) if inside else None
        out.longest_gap_ms = max(gaps)
        out.freezes = sum(gap > stats.FREEZE_MS for gap in gaps)
        out.reading_ms = reports[0]["reading_ms"]
        if inside:
            out.width, out.height = inside[-1][2], inside[-1][3]

    def _compare(self) -> None:
        """The samples with the clip's pictures of the same index, below the codes."""
        source = ClipFile(str(self._clip))
        values = []
        for path in sorted(self._folder.glob("0-*.npy")):
            received = _resized(np.load(path), source.width, source.height)
            top = code.height(source.width)
            wanted = source.luma(int(path.stem.split("-")[2]))
            values.append(ssim(received[top:], wanted[top:]))
        source.close()
        if values:
            self.outcome.ssim, self.outcome.ssim_low = sum(values) / len(values), min(values)


def _resized(luma: Luma, width: int, height: int) -> Luma:
    """As a viewer would show it that has room for width x height."""
    if luma.shape == (height, width):
        return luma
    frame = av.VideoFrame.from_ndarray(luma, format="gray")
    return np.asarray(frame.reformat(width, height, interpolation="BICUBIC").to_ndarray(), np.uint8)


def clip_of(spec: Spec, work: Path) -> Path:
    """The clip in the size of `spec`, made once."""
    picture = spec.picture
    path = work / f"clip-{picture.width}x{picture.height}-{picture.fps}.y4m"
    if not path.exists():
        clip.make(path, picture.width, picture.height, picture.fps)
    return path
