"""Sets a simulation up, and takes it down: folder, hub, wires, devices."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, Self

from intercom.hub.keys import Keys
from intercom.simulate.cast import hub_config, make_cast
from intercom.simulate.check_size import HubSize, OwnSize
from intercom.simulate.checker import Checker, line_of
from intercom.simulate.device import Device
from intercom.simulate.entries import Entry, Snapshot, Violation
from intercom.simulate.hub_process import HubProcess
from intercom.simulate.options import Options
from intercom.simulate.relay import Wire
from intercom.simulate.summary import Tally
from intercom.tasks import Tasks


class Errors(logging.Handler):
    """Hears what the clients log as an error; they have nothing to complain of here."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        """Pass the message on."""
        self._say(record.getMessage())


class Stage:
    """Everything that a run needs; `async with` starts it, and ends it whatever happened."""

    def __init__(self, options: Options, folder: Path) -> None:
        self.options, self.folder = options, folder
        self.rng = Random(options.seed)
        self.cast = make_cast(self.rng, options.users)
        self.port = free_port()
        self.state_dir = folder / "state"
        self.log = folder / "hub.log"
        self.hub = HubProcess(folder / "hub.toml", self.port, self.log)
        self.checker = Checker(self.cast)
        self.tally = Tally(self.checker.facts)
        self.devices: list[Device] = []
        self.room: dict[str, list[Device]] = {user: [] for user in self.cast.users}
        self.tasks = Tasks("the simulation")
        self.restarts = Tasks("a restart of the hub")
        self.fresh: HubSize | None = None
        self.before: OwnSize | None = None
        self._history = (folder / "history.log").open("w") if options.keep else None
        self._began = 0.0
        self._loggers: list[logging.Handler] = []

    async def __aenter__(self) -> Self:
        try:
            await self._set_up()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def _set_up(self) -> None:
        config = hub_config(self.cast, self.port, self.state_dir)
        (self.folder / "hub.toml").write_text(config)
        keys = Keys(self.state_dir)
        self._listen()
        await self.hub.start()
        loop = asyncio.get_running_loop()
        self._began = loop.time()
        loop.set_exception_handler(self._failed)
        self.fresh, self.before = await self.hub.size(), own_size()
        for spec in self.cast.devices:
            wire = Wire(self.port)
            await wire.start()
            token = keys.mint(spec.user, days=1)
            device = Device(spec, token, wire, self.cast, tell=self.tell, clock=self.clock)
            self.devices.append(device)
            self.room[spec.user].append(device)

    async def __aexit__(self, *exc: object) -> None:
        await self.restarts.close()
        await self.tasks.close()
        await self.leave()
        await self.hub.kill()
        asyncio.get_running_loop().set_exception_handler(None)
        log = logging.getLogger("intercom")
        for handler in self._loggers:
            log.removeHandler(handler)
            handler.close()
        log.propagate = True
        if self._history is not None:
            self._history.close()

    async def leave(self) -> None:
        """Log everybody out and take the wires down; idempotent."""
        for device in self.devices:
            device.wire.heal()
        await asyncio.gather(*(device.close() for device in self.devices))
        await asyncio.gather(*(device.wire.close() for device in self.devices))

    def clock(self) -> float:
        """Return the seconds since the start."""
        return asyncio.get_running_loop().time() - self._began

    def tell(self, entry: Entry) -> None:
        """Take the next entry of the history."""
        self.checker.take(entry)
        self.tally.take(entry)
        if self._history is not None:
            self._history.write(line_of(entry) + "\n")

    def broken(self, rule: str, text: str, device: str = "", call_id: str = "") -> None:
        """Report what the shell has seen to be wrong."""
        self.checker.report([Violation(rule, self.clock(), device, call_id, text)])

    def snapshots(self) -> list[Snapshot]:
        """Return what all clients think now."""
        return [device.snapshot() for device in self.devices]

    def _listen(self) -> None:
        log = logging.getLogger("intercom")
        self._loggers = [Errors(lambda text: self.broken("9b", f"a client logs an error: {text}"))]
        if self.options.keep:
            file = logging.FileHandler(self.folder / "clients.log")
            file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
            self._loggers.append(file)
        for handler in self._loggers:
            log.addHandler(handler)
        log.propagate = False

    def _failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self.broken("9a", f"{context.get('message')}: {error!r}")
        loop.default_exception_handler(context)


def own_size() -> OwnSize:
    """Look at this process."""
    files = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 (the number alone is asked for)
    return OwnSize(len(asyncio.all_tasks()), files, threading.active_count())


def free_port() -> int:
    """Return a TCP port of loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
