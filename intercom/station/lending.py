"""Lends the panel and the screen to another program of this machine, such as the doctor.

What is lent is closed here, and opened again when it is given back, or after a while by itself:
a borrower that dies must not leave a station without its button.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Protocol

from intercom.errors import IntercomError
from intercom.tasks import Tasks

log = logging.getLogger(__name__)

LONGEST = 120.0
"""Seconds after which a lent device is taken back."""


class LendingError(IntercomError):
    """It cannot be lent."""


class Slot(Protocol):
    """What keeps a device open."""

    kind: str

    async def open(self) -> None:
        """Open it, or go on trying."""

    async def close(self) -> None:
        """Close it."""


class Lending:
    """The devices that can be lent; all in the loop's thread."""

    def __init__(self) -> None:
        self._slots: dict[str, Slot] = {}
        self._lent: dict[str, asyncio.Task[None]] = {}
        self._tasks = Tasks("taking a lent device back")

    def add(self, slot: Slot) -> None:
        """This one can be lent, by its kind."""
        self._slots[slot.kind] = slot

    async def lend(self, kinds: Iterable[str], seconds: float) -> list[str]:
        """Close these for at most `seconds`; return those there are. LendingError for none."""
        lent = [kind for kind in kinds if kind in self._slots]
        if not lent:
            raise LendingError("this station has no such device")
        for kind in lent:
            self._stop(kind)
            # Before it is closed: who borrows may be gone in the middle of that.
            task = self._tasks.spawn(self._return_after(kind, min(seconds, LONGEST)))
            if task is not None:
                self._lent[kind] = task
            await self._slots[kind].close()
        log.info("lent for %.0f s at most: %s", min(seconds, LONGEST), ", ".join(lent))
        return lent

    async def take_back(self) -> None:
        """Open again what is lent."""
        for kind in list(self._lent):
            self._stop(kind)
            await self._slots[kind].open()

    async def close(self) -> None:
        """Open nothing any more; idempotent."""
        await self._tasks.close()

    def _stop(self, kind: str) -> None:
        task = self._lent.pop(kind, None)
        if task is not None:
            task.cancel()

    async def _return_after(self, kind: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        log.warning("the %s was lent and not given back: taking it back", kind)
        del self._lent[kind]
        await self._slots[kind].open()
