"""Keeps a device open: opens it, reopens it with backoff when it fails, and says so."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

import hw

log = logging.getLogger(__name__)

BACKOFF = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)


class Closable(Protocol):
    """What a device is to its keeper."""

    def close(self) -> None:
        """Give the device back."""


CLOSE_WITHIN = 3.0
"""Seconds that a device has to close: a driver that hangs must not hold up the station's end."""

D = TypeVar("D", bound=Closable)


class Keeper(Generic[D]):
    """One device of the station. `changed(device, message)` is called in the loop's thread.

    `device` is None while it is down, and `message` then says why and what helps; it is empty
    when the station itself closes the device.
    """

    def __init__(
        self,
        kind: str,
        opener: Callable[[Callable[[str], None]], D],
        changed: Callable[[D | None, str], None],
    ) -> None:
        self._kind = kind
        self._opener = opener
        self._changed = changed
        self._failed = asyncio.Event()
        self._why = ""

    async def run(self) -> None:
        """Keep the device open until cancelled, and close it then."""
        loop = asyncio.get_running_loop()
        attempt = 0
        while True:
            self._failed.clear()
            self._why = ""
            try:
                device = await asyncio.to_thread(self._opener, self._fault(loop))
            except hw.DeviceError as error:
                self._tell(None, str(error), attempt)
            else:
                self._tell(device, "", 0)
                attempt = 0
                try:
                    await self._failed.wait()
                finally:
                    self._changed(None, self._why)  # no words: closed on purpose
                    await _closed(device, self._kind)
                log.warning("%s failed: %s", self._kind, self._why)
            await asyncio.sleep(BACKOFF[min(attempt, len(BACKOFF) - 1)])
            attempt += 1

    def _tell(self, device: D | None, message: str, attempt: int) -> None:
        if device is None and attempt == 0:
            log.warning("no %s: %s", self._kind, message)
        elif device is not None:
            log.info("%s is open", self._kind)
        self._changed(device, message)

    def _fault(self, loop: asyncio.AbstractEventLoop) -> Callable[[str], None]:
        def fault(message: str) -> None:
            loop.call_soon_threadsafe(self._fail, message)

        return fault

    def _fail(self, message: str) -> None:
        self._why = message
        self._failed.set()


async def _closed(device: Closable, kind: str) -> None:
    """Close in a thread: joining the device's own threads may take its time."""
    closing = asyncio.get_running_loop().run_in_executor(None, device.close)
    done, _ = await asyncio.wait({closing}, timeout=CLOSE_WITHIN)
    if not done:
        log.warning("the %s does not close", kind)
