"""A client's wire to the hub: it can be cut, frozen, slowed and led to another hub."""

from __future__ import annotations

import asyncio
import contextlib

from ..hub_rig import Proxy

NOBODY = 1
"""A port of loopback at which nobody listens."""


class Wire(Proxy):
    """A TCP wire to a hub. What a frozen wire holds back arrives when it thaws."""

    def __init__(self, target: int) -> None:
        super().__init__(target)
        self.delay = 0.0
        self._up, self._down = asyncio.Event(), asyncio.Event()
        self.thaw()

    def freeze(self, up: bool = True) -> None:
        """Let nothing through, and say so to nobody: a cable that was pulled.

        Without `up`, only what the hub says is held back.
        """
        self._down.clear()
        if up:
            self._up.clear()

    def thaw(self) -> None:
        """Let everything through again."""
        self._up.set()
        self._down.set()

    def unplug(self) -> None:
        """Cut it, and refuse every further try, until `plug`."""
        self.target = NOBODY
        self.cut()

    def plug(self, target: int) -> None:
        """Lead to this port from now on."""
        self.target = target

    async def close(self) -> None:
        """Cut, and listen no more."""
        self.thaw()
        await super().close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upwards = writer.get_extra_info("peername")[1] == self.target
        flows = self._up if upwards else self._down
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await asyncio.sleep(self.delay)
                await flows.wait()
                writer.write(data)
                await writer.drain()
        writer.close()
