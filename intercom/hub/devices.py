"""The devices that may log in, as the running hub knows them, and when that changes."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path

from intercom.enroll import login
from intercom.errors import Code, LoginError
from intercom.hub.devices_book import Device, DeviceBook
from intercom.hub.devices_schema import FILE, DevicesError
from intercom.tasks import Tasks

log = logging.getLogger(__name__)

LOOK = 0.5
"""Seconds between looks at the book: another process may have revoked a device."""
PRUNE_EACH = 1200
"""Looks between two clearings of old invitations."""
SEEN_EACH = 3600.0
"""Seconds between two notes that a device was seen: a card is not to be worn by it."""
BROKEN = (sqlite3.Error, OSError, DevicesError)

ENROLL = "make a code at the hub with `intercom invite {}`, and enroll it"


class Devices:
    """Who may log in by a key of its own. Without its book, it is those it knew last."""

    def __init__(self, state_dir: Path) -> None:
        self.book = DeviceBook(state_dir / FILE)
        self._known: dict[str, Device] = {}
        self._version: tuple[int, int] | None = None
        self._broken = False
        self._changed: Callable[[], None] = lambda: None
        self._reading = asyncio.Lock()
        self._noted: dict[str, float] = {}
        self._to_note: set[str] = set()
        self._tasks = Tasks("the watch over the book of devices")

    async def start(self, changed: Callable[[], None]) -> None:
        """Read the book, and go on watching it; `changed` is called in the loop."""
        await self.refresh()
        self._changed = changed
        await self._write(self.book.prune)
        self._tasks.spawn(self._watch())

    async def close(self) -> None:
        """Watch no more; idempotent."""
        await self._tasks.close()
        await asyncio.to_thread(self.book.close)

    async def refresh(self, mine: bool = False) -> bool:
        """Read the book if another process (or, `mine`, this one) wrote; tell whether it did."""
        try:
            async with self._reading:
                found = await asyncio.to_thread(self._read, mine)
                self._known = self._known if found is None else found
        except BROKEN as error:
            if not self._broken:
                log.error("the book of devices cannot be used: %s: %s", self.book.path, error)
            self._broken = True
            return False
        self._broken = False
        if found is not None:
            self._changed()
        return found is not None

    # -- logins ------------------------------------------------------------------------------

    def refused(self, device: str, user_id: str) -> LoginError | None:
        """Say why that device may not log in as that user, before it has proven anything."""
        known = self._known.get(device)
        if known is None:
            words = f"this device is not enrolled at this hub: {ENROLL.format(user_id)}"
            return LoginError(Code.UNKNOWN_DEVICE, words)
        if known.revoked is not None:
            words = "this device was revoked at the hub; enroll it again"
            return LoginError(Code.UNKNOWN_DEVICE, words)
        if known.user_id != user_id:
            words = f'this device is enrolled as "{known.user_id}", not as "{user_id}"'
            return LoginError(Code.TOKEN_OTHER_USER, f"{words}: see [station] user")
        return None

    def check(self, device: str, user_id: str, user_sig: str, nonce: str, certificate: str) -> None:
        """Raise LoginError unless the device has answered the hub's challenge."""
        if (refused := self.refused(device, user_id)) is not None:
            raise refused
        login.verify(self._known[device].public, user_sig, user_id, nonce, certificate)
        now = asyncio.get_running_loop().time()
        if now - self._noted.get(device, -SEEN_EACH) >= SEEN_EACH:
            self._noted[device] = now
            self._to_note.add(device)

    # -- inside ------------------------------------------------------------------------------

    async def _watch(self) -> None:
        looks = 0
        while True:
            await asyncio.sleep(LOOK)
            looks += 1
            if looks % PRUNE_EACH == 0:
                await self._write(self.book.prune)
            await self.refresh()
            noted, self._to_note = self._to_note, set()
            if noted:
                await self._write(partial(self.book.seen, noted))

    async def _write(self, work: Callable[[], None]) -> None:
        """Write what is nice to have."""
        try:
            await asyncio.to_thread(work)
        except BROKEN as error:
            log.debug("the book of devices cannot be written: %s", error)

    def _read(self, mine: bool) -> dict[str, Device] | None:
        version = self.book.version()
        if version == self._version and not mine:
            return None
        found = {device.device: device for device in self.book.devices()}
        self._version = version
        return found
