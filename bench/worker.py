"""What the processes of Python peers have in common: orders from stdin, answers to stdout.

Needs nothing of aiortc: the system's Python, which runs GStreamer's peer, has none.

One JSON object a line. Orders: prepare, start, signal, gate, count, sample, report, close.
Answers: ready, started, signal, connected, gate, bytes, report. Times are CLOCK_MONOTONIC seconds.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

from bench.meter import Meter


class Worker(Protocol):
    """One side with all its connections, numbered from 0."""

    meters: list[Meter]

    async def prepare(self, order: dict[str, Any]) -> None:
        """Make ready to send or to receive."""

    async def start(self) -> None:
        """As the sender: offer."""

    async def signal(self, peer: int, body: dict[str, Any]) -> None:
        """What the other side says."""

    async def gate(self) -> None:
        """As the sender: let the pictures out."""

    async def received(self) -> int:
        """Bytes from all peers so far."""

    async def close(self) -> None:
        """End."""


def say(**answer: Any) -> None:
    """One line to who runs the measurement."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def connected(peer: int) -> None:
    """Tell that the connection's transports are up."""
    say(connected=peer, at=time.monotonic())


async def serve(make: Callable[[], Worker]) -> None:
    """Obey until told to close or until stdin ends."""
    reader = asyncio.StreamReader(limit=1 << 20)
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    worker = make()
    while line := await reader.readline():
        order = json.loads(line)
        if order["do"] == "close":
            break
        await obey(worker, order)
    await worker.close()


async def obey(worker: Worker, order: dict[str, Any]) -> None:
    """Carry out one order."""
    match order["do"]:
        case "prepare":
            await worker.prepare(order)
            say(ready=True)
        case "start":
            say(started=time.monotonic())
            await worker.start()
        case "signal":
            await worker.signal(order["peer"], order["body"])
        case "gate":
            say(gate=time.monotonic())
            await worker.gate()
        case "count":
            say(bytes=await worker.received())
        case "sample":
            worker.meters[0].sample(order["folder"], order["count"])
        case "report":
            say(report=[meter.report() for meter in worker.meters])
