"""Notices within seconds that a peer has vanished; the library takes half a minute."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from aiortc import RTCPeerConnection

from .aiortc_seams import packets_received
from .events import MediaEvent, PeerConnected, PeerLost, PeerRestored

logger = logging.getLogger(__name__)

SILENCE = 3.0  # seconds without RTP or RTCP
CONNECT_WITHIN = 10.0  # seconds from the answer to the first packet's possibility
_POLL = 0.25


class Watchdog:
    """Counts packets of one connection and tells of connected, lost and restored."""

    def __init__(
        self,
        call_id: str,
        user_id: str,
        pc: RTCPeerConnection,
        report: Callable[[MediaEvent], None],
    ) -> None:
        self._who = (call_id, user_id)
        self._pc = pc
        self._report = report
        self._task: asyncio.Task[None] | None = None
        self._connected = False
        self._lost = False
        self._closed = False
        pc.on("connectionstatechange", self._state_changed)

    def start(self) -> None:
        """Watch from now on; idempotent."""
        if self._task is None and not self._closed:
            self._task = asyncio.create_task(self._watch(), name=f"watchdog {self._who[1]}")

    async def close(self) -> None:
        """Stop watching; nothing is reported afterwards."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def _state_changed(self) -> None:
        state = self._pc.connectionState
        logger.debug("= %s %s: %s", *self._who, state)
        if self._closed:
            return
        if state == "connected" and not self._connected:
            self._connected = True
            logger.info("connected to %s", self._who[1])
            self._report(PeerConnected(*self._who))
        elif state == "failed":
            self._set_lost(True)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        seen, since = packets_received(self._pc), loop.time()
        while True:
            await asyncio.sleep(_POLL)
            now, count = loop.time(), packets_received(self._pc)
            if count != seen:
                seen, since = count, now
                self._set_lost(False)
            elif self._pc.connectionState == "failed" or now - since > (
                SILENCE if self._connected else CONNECT_WITHIN
            ):
                self._set_lost(True)

    def _set_lost(self, lost: bool) -> None:
        if lost == self._lost:
            return
        self._lost = lost
        logger.log(
            logging.WARNING if lost else logging.INFO,
            "the line to %s %s",
            self._who[1],
            "is dead" if lost else "is back",
        )
        self._report(PeerLost(*self._who) if lost else PeerRestored(*self._who))
