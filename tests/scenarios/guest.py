"""A client of a scenario: a real `Calling` that remembers all that it was told, in order."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any

from intercom import Calling, CallingError, Event, State
from intercom import phases as ph
from intercom import protocol as p
from intercom.media import Media

from ..media_rig import PLAIN, TestDevices, TestView, loudness, until
from .wire import Wire

NO_CALL = "no-such-call"
PATIENCE = 8.0
"""Seconds that anything may take; nothing is measured by it."""


@dataclass(frozen=True)
class Heard:
    """An event, the call that the client was in when it came, and the number of the turn."""

    event: Event
    payload: dict[str, Any]
    call_id: str
    turn: int


class Guest(Calling):
    """One user's device.

    `stays`: the calls that it was in, each with the number of events heard before (one may come
    back into a call); `merged`: what became of calls by glare; `refused`: calls that failed.
    """

    def __init__(self, user: str, wire: Wire, devices: TestDevices | None = None) -> None:
        media = None
        if devices is not None:
            media = Media(devices, quality="240p", fps=15, voice=PLAIN)
        super().__init__(wire.url, media, client="scenario")
        self.user = user
        self.wire = wire
        self.devices = devices or TestDevices()
        self.heard: list[Heard] = []
        self.stays: list[tuple[str, int]] = []
        self.merged: dict[str, str] = {}
        self.refused: set[str] = set()
        self.dead = False
        self._turn = 0
        self._taken: set[int] = set()
        self._news = asyncio.Event()

    def __repr__(self) -> str:
        return f"<{self.user}>"

    # -- what it hears -----------------------------------------------------------------------

    def emit(self, event: Event, payload: dict[str, Any]) -> None:
        """Tell the handlers, and remember it."""
        self.heard.append(Heard(event, dict(payload), self.phase.call_id, self._turn))
        self._news.set()
        super().emit(event, payload)

    def feed(self, event: ph.Input) -> None:
        """Go on, and note which call this client is in."""
        self._turn += 1
        before, mark = self.phase.call_id, self.mark()
        super().feed(event)
        present = self.phase.call_id
        match event:
            case p.Merged(call_id=call_id, old_id=old) if call_id != old:
                self.merged[old] = call_id
                if (before, present) == (old, call_id):
                    self.stays[-1] = call_id, self.stays[-1][1]
                    return
            case ph.DialFailed(call_id=call_id):
                self.refused.add(call_id)
        if present not in {before, ""}:
            self.stays.append((present, mark))

    async def wait(self, event: Event, **expected: Any) -> dict[str, Any]:
        """Return the payload of the first such event that was not waited for before."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while True:
                    self._news.clear()
                    if (payload := self._take(event, expected)) is not None:
                        return payload
                    await self._news.wait()
        raise AssertionError(f"{self.user} did not hear {event} {expected}, but {self.told()}")

    def all(self, event: Event) -> list[dict[str, Any]]:
        """Return the payloads of all such events so far."""
        return [heard.payload for heard in self.heard if heard.event is event]

    def told(self, since: int = 0) -> list[Event]:
        """Return which events were heard, in order, from the index `since` on."""
        return [heard.event for heard in self.heard[since:]]

    def mark(self) -> int:
        """Return an index for `told`: what comes from now on."""
        return len(self.heard)

    async def ended(self, **expected: Any) -> dict[str, Any]:
        """Wait for the end of a call; return its payload."""
        return await self.wait(Event.CALL_END, **expected)

    async def settled(self) -> None:
        """Wait until the hub has heard all that it said, and it all that the hub has said."""
        if not self.link.connected:
            return
        req = self.link.next_request()
        self.link.send(p.SendText(req, NO_CALL, "."))
        with contextlib.suppress(CallingError):
            await self.link.answer(req)

    # -- what it sees and hears ---------------------------------------------------------------

    async def watch(self, user: str) -> TestView:
        """Show that user's picture from now on, and return where."""
        view = TestView()
        await self.start_remote_view(user, view)
        return view

    async def hears(self) -> None:
        """Wait until its speaker plays a voice."""
        since = len(self.devices.played)
        await until(lambda: loudness(self.devices.played[since:]) > 2000)

    @property
    def sending(self) -> bool:
        """Whether its camera or its microphone is open."""
        media = self.media
        return media is not None and (media.camera_open or media.microphone_open)

    def die(self) -> None:
        """Be gone like a process that was killed: its socket closes without a goodbye."""
        self.dead = True
        self.wire.unplug()

    def _take(self, event: Event, expected: dict[str, Any]) -> dict[str, Any] | None:
        for index, heard in enumerate(self.heard):
            if index in self._taken or heard.event is not event:
                continue
            if all(heard.payload.get(key) == value for key, value in expected.items()):
                self._taken.add(index)
                return heard.payload
        return None


async def sees(view: TestView, frames: int = 3) -> None:
    """Wait until that many more pictures were shown."""
    aim = view.count + frames
    await until(lambda: view.count >= aim)


async def online(guest: Guest) -> None:
    """Wait until it is logged in (again)."""
    await until(lambda: guest.link.connected)


async def shut(guest: Guest) -> None:
    """Wait until it is idle, with its devices released."""
    await until(lambda: guest.state is State.IDLE and not guest.sending)
