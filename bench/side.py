"""One side of a measured call as its conductor sees it: orders out, answers in."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import procfs

ROOT = Path(__file__).parent.parent
CLOSE_WITHIN = 3.0  # seconds


class SideError(Exception):
    """A side cannot run or has failed; the message says why."""


class Side(ABC):
    """A process tree that sends or receives; `on_signal(peer, body)` hears its signalling."""

    epoch = False  # whether its times are since 1970 and not CLOCK_MONOTONIC

    def __init__(self, work: Path, name: str) -> None:
        self.name = name
        self.work = work
        self.pid = 0
        self.on_signal: Callable[[int, dict[str, Any]], None] = lambda peer, body: None
        self._answers: dict[str, asyncio.Queue[dict[str, Any]]] = defaultdict(asyncio.Queue)
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @abstractmethod
    async def open(self) -> None:
        """Start the processes. Raises SideError."""

    @abstractmethod
    def order(self, do: str, **more: Any) -> None:
        """Tell it to do something; returns at once."""

    @abstractmethod
    async def close(self) -> None:
        """End every process of it; idempotent."""

    async def answer(self, key: str, seconds: float = 20.0) -> dict[str, Any]:
        """The next answer of that kind. Raises SideError when it fails or says nothing."""
        getting = asyncio.ensure_future(self._answers[key].get())
        either: list[asyncio.Future[Any]] = [getting, self._failure]
        try:
            await asyncio.wait(either, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if getting.done():
                return getting.result()
        finally:
            getting.cancel()
        if self._failure.done():
            self._failure.result()
        raise SideError(f"{self.name}: no {key} within {seconds:.0f} s")

    def monotonic(self, at: float) -> float:
        """A time of that side as CLOCK_MONOTONIC seconds."""
        return at - (time.time() - time.monotonic()) if self.epoch else at

    def take(self, answer: dict[str, Any]) -> None:
        """Sort in what it says."""
        if "signal" in answer:
            self.on_signal(answer["peer"], answer["signal"])
        elif "error" in answer:
            self.fail(str(answer["error"]))
        else:
            self._answers[next(iter(answer))].put_nowait(answer)

    def fail(self, reason: str) -> None:
        """Nothing more is to be expected."""
        if not self._failure.done():
            self._failure.set_exception(SideError(f"{self.name}: {reason}"))
            self._failure.exception()  # looked at, should nobody wait for an answer any more


class ProcessSide(Side):
    """A worker process that takes orders on stdin."""

    def __init__(self, work: Path, name: str, command: list[str], env: dict[str, str]) -> None:
        super().__init__(work, name)
        self._command, self._env = command, env
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._log = work / f"{name}.log"

    async def open(self) -> None:
        """Start the process. Raises SideError."""
        with self._log.open("wb") as log:
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command, cwd=ROOT, env={**os.environ, **self._env}, limit=1 << 24,
                    stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log,
                    start_new_session=True,
                )  # fmt: skip
            except OSError as error:
                raise SideError(f"{self.name}: {error}") from error
        self.pid = self._process.pid
        self._reading = asyncio.create_task(self._read(self._process))

    def order(self, do: str, **more: Any) -> None:
        """One line to its stdin."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(json.dumps({"do": do, **more}).encode() + b"\n")

    async def close(self) -> None:
        """Ask it to end, or end it."""
        process, self._process = self._process, None
        if process is None or self._reading is None:
            return
        if process.stdin is not None and process.returncode is None:
            process.stdin.write(b'{"do": "close"}\n')
            process.stdin.close()
        await end(process, gently=False)
        self._reading.cancel()
        await asyncio.wait([self._reading])

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            try:
                self.take(json.loads(line))
            except json.JSONDecodeError:
                continue  # a library's chatter
        lines = self._log.read_text(errors="replace").strip().splitlines()
        self.fail(f"ended: {lines[-1] if lines else 'without a word'}")


async def end(process: asyncio.subprocess.Process, gently: bool) -> None:
    """Wait for the end of a process and its tree, and bring it about after CLOSE_WITHIN."""
    pids = procfs.tree(process.pid)
    if gently:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), CLOSE_WITHIN)
    for pid in set(pids) & set(procfs.tree(process.pid)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    await process.wait()


def python_side(work: Path, name: str, module: str, env: dict[str, str] | None = None) -> Side:
    """A side that is a module of this package, run by this Python."""
    return ProcessSide(work, name, [sys.executable, "-m", f"bench.{module}"], env or {})
