"""What systemd is told: READY=1 once it can be rung, STATUS=, and the watchdog's food."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import sdnotify

log = logging.getLogger(__name__)

FRAME_LIMIT = 10.0
"""Seconds without a picture from an open camera after which the watchdog is starved."""

START_EXTENSION = 30.0
"""Seconds more to start that are asked for, again and again, while there is no hub."""


STATION, HUB = "intercom.service", "intercom-hub.service"
"""The units of systemd that this program runs as."""

WAS_READY = "was-ready."
"""With a unit's name, a file in the state directory: it tells the next boot that this one came so
far."""

STEADY = "steady"
"""A file in the state directory that tells preinit, at the next boot, that this one held out."""
HOLD = 60.0
"""Seconds after which it has."""


class Health:
    """Feeds systemd's watchdog while `ails()` names nothing that only a new process mends.

    Does nothing without systemd. `unit` is what it is run as, which systemd does not tell it."""

    def __init__(self, ails: Callable[[], str], unit: str = STATION) -> None:
        # sdnotify leaks a socket when there is no systemd
        under_systemd = "NOTIFY_SOCKET" in os.environ
        self._notifier = sdnotify.SystemdNotifier() if under_systemd else None
        self._ails = ails
        self._unit = unit
        self._ready = False

    def status(self, text: str) -> None:
        """Show `text` in `systemctl status`."""
        self._notify(f"STATUS={text}")

    def ready(self) -> None:
        """The station can be rung."""
        if not self._ready:
            self._ready = True
            log.info("ready")
            self._notify("READY=1")
            self._remember(f"{WAS_READY}{self._unit}")

    def stopping(self) -> None:
        """The station goes down on purpose."""
        self._notify("STOPPING=1")

    def close(self) -> None:
        """Give the socket back."""
        if self._notifier is not None and self._notifier.socket is not None:
            self._notifier.socket.close()
            self._notifier = None

    def _notify(self, state: str) -> None:
        if self._notifier is not None:
            self._notifier.notify(state.encode("ascii", "replace").decode())

    def _remember(self, name: str) -> None:
        """Leave a mark for the next boot: it is judged by this one."""
        folder = os.environ.get("STATE_DIRECTORY")
        if self._notifier is not None and folder:
            with suppress(OSError):  # a full disk ends no station
                Path(folder, name).touch()

    async def run(self) -> None:
        """Feed the watchdog three times in its interval; being run at all proves the loop.

        Until it is ready, which without a hub may take for ever, ask for more time to start
        instead: who hangs before is still found out.
        """
        watchdog = int(os.environ.get("WATCHDOG_USEC", "0")) / 1e6
        begin: float | None = time.monotonic()
        while self._notifier is not None:
            if not self._ready:
                self._notify(f"EXTEND_TIMEOUT_USEC={int(START_EXTENSION * 1e6)}")
            why = self._ails()
            if watchdog and not why:
                self._notify("WATCHDOG=1")
            elif watchdog:
                log.error("%s: not feeding the watchdog", why)
            if begin is not None and time.monotonic() - begin >= HOLD:
                await asyncio.to_thread(self._remember, STEADY)
                begin = None
            await asyncio.sleep(watchdog / 3 or START_EXTENSION / 3)
