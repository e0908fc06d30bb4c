"""A house for scenarios: a real hub, and clients that each reach it by a wire of their own."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import msgspec

from intercom import CallType, Event, State
from intercom.config import GroupConfig, HubConfig, UserConfig
from intercom.hub.server import Hub

from ..media_rig import TestDevices, until
from . import check, records
from .guest import Guest
from .wire import Wire

USERS = {
    "anna": UserConfig(name="Anna", open_door=True),
    "ben": UserConfig(name="Ben"),
    "cleo": UserConfig(name="Cleo"),
    "dora": UserConfig(name="Dora"),
    "emil": UserConfig(name="Emil"),
    "fay": UserConfig(name="Fay", multi_device=True),
    "door": UserConfig(name="Front door", may_call=("anna", "ben", "family")),
}
GROUPS = {
    "family": GroupConfig(members=("anna", "ben", "cleo")),
    "office": GroupConfig(members=("anna", "ben", "cleo", "dora", "emil"), mode="conference"),
}


class House:
    """A hub, its users, two groups (`family`: first_answer, `office`: conference), and guests.

    `settings`: those of [hub] that differ, for the hub of the next `restart`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings: dict[str, int] = {}
        self.guests: list[Guest] = []
        self.hub = self._make()
        self.up = False
        self._wires: list[Wire] = []

    async def start(self) -> None:
        """Start the hub; wires lead to it."""
        await self.hub.start()
        self.up = True
        for wire in self._wires:
            wire.plug(self.hub.port)

    async def restart(self) -> None:
        """Stop the hub, which says goodbye, and start another in its place."""
        await self.hub.stop()
        self.hub = self._make()
        await self.start()

    async def crash(self) -> None:
        """Let the hub be gone at once, for all that its clients can tell."""
        for wire in self._wires:
            wire.unplug()
        self.up = False
        await self.hub.stop()
        self.hub = self._make()

    async def client(self, user: str, *, media: bool = False, login: bool = True) -> Guest:
        """Return a client of that user; with media, it has devices of its own."""
        guest = Guest(user, await self.wire(), TestDevices() if media else None)
        self.guests.append(guest)
        if login:
            await guest.login(user, self.token(user))
        return guest

    async def clients(self, *users: str, media: bool = False) -> list[Guest]:
        """Return one client for each."""
        return [await self.client(user, media=media) for user in users]

    async def wire(self) -> Wire:
        """Return a wire to the hub."""
        wire = Wire(self.hub.port)
        await wire.start()
        self._wires.append(wire)
        return wire

    def token(self, user: str, days: float = 1) -> str:
        """Return a token with which that user logs in."""
        return self.hub.keys.mint(user, days)

    async def settle(self) -> None:
        """Wait until everything that was said has been heard, also by way of the hub."""
        for _ in range(2):
            await asyncio.gather(*(g.settled() for g in self.guests if not g.dead and g.user_id))

    async def quiet(self) -> None:
        """Wait until nothing is under way: everybody is idle, and the hub has no call."""
        alive = [guest for guest in self.guests if not guest.dead]
        await until(lambda: all(guest.state is State.IDLE for guest in alive))
        await until(lambda: not any(guest.sending for guest in alive))
        async with asyncio.timeout(20):
            while self.up and await self.calls():  # noqa: ASYNC110 - it is asked as anybody can ask
                await asyncio.sleep(0.05)
        await self.settle()

    async def calls(self) -> int:
        """Return how many calls the hub has, as it tells its operator."""
        url = f"http://127.0.0.1:{self.hub.port}/metrics"
        async with aiohttp.ClientSession() as http, http.get(url) as page:
            lines = (await page.text()).splitlines()
        [count] = [line.split()[1] for line in lines if line.startswith("intercom_hub_calls ")]
        return int(float(count))

    async def records(self) -> list[records.Record]:
        """Return what is recorded in the end; stops the hub, which writes all of it."""
        await self.quiet()
        self.up = False
        await self.hub.stop()
        return records.read(self.folder)

    async def close(self) -> None:
        """End every call, see that all is as it must be at the end, and go."""
        async with AsyncExitStack() as stack:
            for wire in self._wires:
                stack.push_async_callback(wire.close)
            stack.push_async_callback(self.hub.stop)
            for guest in self.guests:
                stack.push_async_callback(_close, guest)
            await self._check()

    async def _check(self) -> None:
        alive = [guest for guest in self.guests if not guest.dead]
        for wire in self._wires:
            wire.delay = 0.0
        for guest in alive:
            await guest.hangup()
        await self.quiet()
        for guest in alive:
            check.check_guest(guest)
        assert not self.hub._exchange.claims  # noqa: SLF001 - nobody may be left busy
        for guest in self.guests:
            await _close(guest)
        await check.check_devices()
        check.check_records(self.guests, await self.records())

    def _make(self) -> Hub:
        config = HubConfig(
            listen="127.0.0.1", port=0, state_dir=str(self.folder), users=USERS, groups=GROUPS
        )
        return Hub(msgspec.structs.replace(config, **self.settings))


async def _close(guest: Guest) -> None:
    await guest.logout()
    if guest.media is not None:
        await guest.media.close()


async def ring(caller: Guest, callee: Guest, type: CallType = CallType.VIDEO) -> str:
    """Let it ring; return the call's ID."""
    call_id = await caller.call(callee.user, type)
    await callee.wait(Event.INVITED, invite_id=call_id)
    await caller.wait(Event.RINGING, invite_id=call_id)
    return call_id


async def connect(caller: Guest, callee: Guest, type: CallType = CallType.VIDEO) -> str:
    """Let them talk; return the call's ID."""
    call_id = await ring(caller, callee, type=type)
    await callee.accept()
    await caller.wait(Event.USER_ACCEPT, invite_id=call_id)
    return call_id
