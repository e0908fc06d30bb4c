"""What carries the exchange's decisions. `Memory`: one hub, everything in its process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from intercom import protocol as p
from intercom.hub.calls import (
    AnsweredBy,
    CloseSession,
    Fact,
    Finished,
    Input,
    Opened,
    SendTo,
    StartTimer,
    StopTimer,
    TimerFired,
)
from intercom.hub.exchange import Exchange

log = logging.getLogger(__name__)


class Backplane(Protocol):
    """Feeds events to the one who decides, and brings back what is to be done here."""

    def feed(self, event: Input) -> bool:
        """Take an event; ProtocolError when it is refused (nothing changed).

        False: all was done, but somebody has too much to read to be told of it.
        """

    def close(self) -> None:
        """Stop the timers."""


class Memory:
    """The exchange of a single hub. `deliver` (False: dropped) and `hang_up` act on this process's
    sockets; `note` takes what goes into the records.
    """

    def __init__(
        self,
        exchange: Exchange,
        deliver: Callable[[int, p.HubMessage], bool],
        hang_up: Callable[[int], None],
        note: Callable[[Fact], None],
    ) -> None:
        self.exchange = exchange
        self._deliver = deliver
        self._hang_up = hang_up
        self._note = note
        self._timers: dict[tuple[str, str], asyncio.TimerHandle] = {}

    def feed(self, event: Input) -> bool:
        """Take an event; ProtocolError when it is refused (nothing changed).

        False: all was done, but somebody has too much to read to be told of it.
        """
        loop, told = asyncio.get_running_loop(), True
        for effect in self.exchange.feed(event, loop.time()):
            match effect:
                case SendTo(session=session, message=message):
                    told = self._deliver(session, message) and told
                case CloseSession(session=session):
                    self._hang_up(session)
                case StartTimer(key=key, seconds=seconds):
                    self._stop(key)
                    self._timers[key] = loop.call_later(seconds, self._fire, key)
                case StopTimer(key=key):
                    self._stop(key)
                case Opened() | AnsweredBy() | Finished():
                    self._note(effect)
        return told

    def close(self) -> None:
        """Stop the timers."""
        for key in list(self._timers):
            self._stop(key)

    def _fire(self, key: tuple[str, str]) -> None:
        del self._timers[key]
        self.feed(TimerFired(key))

    def _stop(self, key: tuple[str, str]) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
