"""The hub of a simulation: a process of its own, started, ended, killed and looked at."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import aiohttp

from intercom.errors import IntercomError
from intercom.simulate.check_size import HubSize

START_WITHIN, STOP_WITHIN = 30.0, 15.0


class SimulationError(IntercomError):
    """The simulation itself could not be run."""


class HubProcess:
    """`intercom hub` with a configuration; its output is appended to `log`."""

    def __init__(self, config: Path, port: int, log: Path) -> None:
        self._config, self._port, self._log = config, port, log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it and wait until it answers; SimulationError when it does not."""
        arguments = ["-m", "intercom", "hub", "--config", str(self._config)]
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, *arguments, stdout=log, stderr=log
            )
        with suppress(TimeoutError):
            async with asyncio.timeout(START_WITHIN):
                while self._process.returncode is None:
                    if await self._get("/healthz"):
                        return
                    await asyncio.sleep(0.05)
        await self.kill()
        raise SimulationError(f"the hub did not start: {self._log.read_text()[-2000:]}")

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.returncode is None

    async def stop(self) -> int:
        """End it by SIGTERM; return its exit code (killed, and so negative, if it is too slow)."""
        process = self._process
        if process is None:
            return 0
        if process.returncode is not None:
            return process.returncode
        process.terminate()
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_WITHIN):
                return await process.wait()
        await self.kill()
        return -signal.SIGKILL

    async def kill(self) -> None:
        """SIGKILL; idempotent."""
        process = self._process
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def size(self) -> HubSize:
        """Look at it; SimulationError when it is not there."""
        if self._process is None or not self.alive:
            raise SimulationError("the hub has died")
        folder = Path(f"/proc/{self._process.pid}")
        numbers = dict(
            line.rsplit(" ", 1) for line in (await self._get("/metrics")).splitlines() if line
        )
        return HubSize(
            rss=_resident(folder / "status"),
            fds=len(os.listdir(folder / "fd")),  # noqa: PTH208 (the number alone is asked for)
            clients=int(float(numbers.get("intercom_hub_clients", -1))),
            calls=int(float(numbers.get("intercom_hub_calls", -1))),
        )

    async def _get(self, path: str) -> str:
        """Return a page; empty when it cannot be had."""
        url = f"http://127.0.0.1:{self._port}{path}"
        connector = aiohttp.TCPConnector(force_close=True)
        limit = aiohttp.ClientTimeout(total=5)
        async with aiohttp.ClientSession(connector=connector, timeout=limit) as http:
            try:
                async with http.get(url) as answer:
                    return await answer.text()
            except (aiohttp.ClientError, OSError, TimeoutError):
                return ""


def cpu_seconds(pid: int | str = "self") -> float:
    """Return the CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident(status: Path) -> float:
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024
