"""Brings the media to what the call's state plans, and never blocks the calls.

Each transport has a worker of its own (`intercom.transport`), and so have the devices here: opening
a camera takes a second on a Pi, and must hold nothing else up. All look at the newest plan only.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from intercom.mesh import Mesh
from intercom.plan import Plan
from intercom.tasks import Tasks
from intercom.transport import Peer, SendSignal, Signal


class MediaLike(Protocol):
    """What the conductor uses of `intercom.media.Media`."""

    async def open_camera(self) -> None: ...
    async def close_camera(self) -> None: ...
    async def open_sound(self) -> None: ...
    async def open_speaker(self) -> None: ...
    async def close_sound(self) -> None: ...
    async def close_microphone(self) -> None: ...
    def set_mic_mute(self, muted: bool) -> None: ...
    def peer(
        self, call_id: str, user_id: str, epoch: int, offerer: bool, signal: Signal
    ) -> Peer: ...


class Conductor:
    """Applies plans to one `Media`; `signal(call_id, user_id, epoch, body)` goes to the hub.

    After a call the speaker stays open for `tail` seconds, for the tone that tells of the end.
    """

    def __init__(
        self,
        media: MediaLike,
        signal: SendSignal,
        tail: float = 1.0,
    ) -> None:
        self.mesh = Mesh(media.peer, signal)
        self._media = media
        self._tail = tail
        self._plan: Plan | None = None
        self._changed = asyncio.Event()
        self._work = Tasks("devices")

    def start(self) -> None:
        """Begin to work; `close` ends it."""
        self._work.spawn(self._devices())

    async def close(self) -> None:
        """Close the peers and the devices, whatever fails on the way."""
        self.mesh.follow(None)
        await self._work.close()
        await self.mesh.close()
        await asyncio.gather(self._media.close_camera(), self._media.close_sound())

    def apply(self, plan: Plan | None) -> None:
        """Make `plan` the aim; returns at once."""
        if plan == self._plan:
            return
        self._plan = plan
        # At once, not behind a slow camera: what may not be heard any more.
        self._media.set_mic_mute(plan is None or plan.muted)
        self.mesh.follow(plan)
        self._changed.set()

    async def _devices(self) -> None:
        while True:
            await self._changed.wait()
            await asyncio.sleep(0)  # one call may follow another at once: devices stay open
            self._changed.clear()
            plan = self._plan
            if plan is None:
                await asyncio.gather(self._media.close_camera(), self._media.close_microphone())
                await self._fall_silent()
                continue
            camera = self._media.open_camera if plan.camera else self._media.close_camera
            if plan.microphone:
                await asyncio.gather(camera(), self._media.open_sound())
            else:
                await asyncio.gather(
                    camera(), self._media.close_microphone(), self._media.open_speaker()
                )

    async def _fall_silent(self) -> None:
        """Close the speaker once the tone at the end has been heard, unless a call comes first."""
        try:
            async with asyncio.timeout(self._tail):
                await self._changed.wait()
        except TimeoutError:
            await self._media.close_sound()
