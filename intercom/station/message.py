"""A visitor leaves a message when nobody answers: a tone, the recording, one picture, and off."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence

from intercom.errors import CallingError, Code
from intercom.media import Media
from intercom.plan import Plan
from intercom.station.desk import Desk
from intercom.station.model import Leaving

log = logging.getLogger(__name__)

PROMPT = 1.2
"""Seconds before the recording begins: the tone, and its echo."""
PAUSES = (2.0, 5.0)
"""Seconds until sending is tried again."""
AGAIN = frozenset({Code.HUB_UNREACHABLE, Code.RATE_LIMITED, Code.PROTOCOL})
"""Errors after which it is."""
OUTCOME_SECONDS = 4.0
"""How long the visitor is told what became of it."""


class VisitorsMessage:
    """Takes messages with this station's devices: the `Messages` of a dialer.

    `using` are the devices, `plan.RECORDING` where there is a camera.
    """

    def __init__(self, media: Media, using: Plan) -> None:
        self._media, self._using = media, using
        self._finished = asyncio.Event()

    def finish(self) -> None:
        """End the present step: what was said by now is sent."""
        self._finished.set()

    async def take(self, desk: Desk, seconds: int, calls: Sequence[str]) -> None:
        """Take one of at most `seconds`, and leave it with these calls."""
        desk.facts.ended = None
        try:
            desk.calling.rest(self._using)
            self._show(desk, Leaving("wait"))
            if not await self._finishes(PROMPT):
                sound, picture = await self._record(desk, seconds)
                desk.calling.rest(None)
                self._show(desk, Leaving("send"))
                sent = await self._send(desk, calls, sound, picture)
                self._show(desk, Leaving("sent" if sent else "failed"))
                await self._finishes(OUTCOME_SECONDS)
        finally:
            self._media.recorder.stop()
            desk.calling.rest(None)
            desk.facts.leaving = None
            desk.refresh()

    async def _record(self, desk: Desk, seconds: int) -> tuple[bytes, bytes]:
        """Return what was said (WAV) and who stood there (JPEG); empty what there is not."""
        self._media.recorder.start(seconds)
        self._show(desk, Leaving("speak", time.monotonic() + seconds))
        log.info("a visitor leaves a message")
        async with asyncio.TaskGroup() as group:
            picture = group.create_task(self._picture())
            await self._finishes(seconds)
            sound = await asyncio.to_thread(self._media.recorder.stop)
        return sound, picture.result()

    async def _picture(self) -> bytes:
        if not self._using.camera:
            return b""
        try:
            return await self._media.snapshot()
        except CallingError as error:
            log.warning("the message has no picture: %s", error.message)
            return b""

    async def _send(self, desk: Desk, calls: Sequence[str], sound: bytes, picture: bytes) -> bool:
        for pause in (*PAUSES, None):
            try:
                message_id = await desk.calling.leave_message(calls, sound, picture)
            except CallingError as error:
                desk.refused(error)
                if error.code not in AGAIN or pause is None:
                    return False
            else:
                log.info("the message was left: %d kB", (len(sound) + len(picture)) // 1000)
                desk.trace.tell("message_left", message=message_id)
                return True
            await asyncio.sleep(pause)
        return False

    async def _finishes(self, seconds: float) -> bool:
        """Wait; whether the visitor ended it before."""
        self._finished.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._finished.wait()
        except TimeoutError:
            return False
        return True

    def _show(self, desk: Desk, leaving: Leaving) -> None:
        desk.facts.leaving = leaving
        desk.refresh()
