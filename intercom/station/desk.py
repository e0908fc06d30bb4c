"""What the parts of a station's behaviour work with: the API, and what is known."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from intercom.calling import Calling
from intercom.errors import CallingError
from intercom.station.control import Trace
from intercom.station.model import Facts
from intercom.tasks import Tasks

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Desk:
    """One station's; `refresh()` shows what has changed."""

    calling: Calling
    facts: Facts
    trace: Trace
    tasks: Tasks
    refresh: Callable[[], None]

    def attempt(self, action: Callable[..., Awaitable[Any]], *arguments: Any) -> None:
        """Do what a person asked for; what the API refuses is logged, and shown where it can be."""
        self.tasks.spawn(self._attempt(action, *arguments))

    def refused(self, error: CallingError) -> None:
        """Log and trace that the API refused something."""
        log.warning("%s", error)
        self.trace.tell("refused", code=int(error.code), message=error.message)

    async def _attempt(self, action: Callable[..., Awaitable[Any]], *arguments: Any) -> None:
        try:
            await action(*arguments)
        except CallingError as error:
            self.refused(error)
        self.refresh()
