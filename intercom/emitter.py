"""Handlers of events: plain or async, in order, each on its own."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from intercom.events import Event
from intercom.tasks import Tasks

log = logging.getLogger(__name__)

Payload = dict[str, Any]
Handler = Callable[..., Awaitable[None] | None]


class Emitter:
    """Calls the handlers of an event from the loop, after the code that emitted it is done.

    A handler may therefore call the API again. One that raises is reported to the loop's exception
    handler and disturbs nobody. Async handlers run as tasks that `close` cancels.
    """

    def __init__(self) -> None:
        self._handlers: dict[Event, list[tuple[Handler, Any]]] = {}
        self.tasks = Tasks("an event handler")

    def on(self, event: Event, handler: Handler, context: Any = None) -> None:
        """Call `handler(payload)`, or `handler(context, payload)` with a context, at `event`."""
        self._handlers.setdefault(Event(event), []).append((handler, context))

    def off(self, event: Event, handler: Handler) -> None:
        """Call `handler` at `event` no more, also not for what was emitted just now."""
        kept = [entry for entry in self._handlers.get(event, []) if entry[0] != handler]
        self._handlers[event] = kept

    def emit(self, event: Event, payload: Payload) -> None:
        """Call the handlers soon; the payload is a copy for each."""
        log.debug("= %s %s", event, payload)
        loop = asyncio.get_running_loop()
        for handler, context in list(self._handlers.get(event, [])):
            loop.call_soon(self._call, event, handler, context, dict(payload))

    def close(self) -> None:
        """Cancel the async handlers that still run."""
        self.tasks.cancel()

    def _call(self, event: Event, handler: Handler, context: Any, payload: Payload) -> None:
        if (handler, context) not in self._handlers[event]:  # off() came in between
            return
        result = handler(payload) if context is None else handler(context, payload)
        if inspect.iscoroutine(result):
            self.tasks.spawn(result)
