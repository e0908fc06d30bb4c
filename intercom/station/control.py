"""A Unix socket by which scripts, and the demo, watch and work a station. JSON, a line each.

In: `{"do": "press", "button": "call"}` and the others of `commands`.
Out: an answer to each, `{"ok": true, ...}` or `{"error": ...}`, and between them what happens:
`{"event": ..., "t": <CLOCK_MONOTONIC seconds>, ...}`. The socket is its owner's alone, mode 0600.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import time
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from intercom.errors import IntercomError

log = logging.getLogger(__name__)

QUEUE = 256
HISTORY = 1000
Command = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


def place(named: str) -> str:
    """The socket's path: as it is named, or in the folder that systemd made; "" is none."""
    folder = os.environ.get("RUNTIME_DIRECTORY", "")
    return named or (f"{folder}/control" if folder else "")


class ControlError(IntercomError):
    """The control socket cannot be made."""


class Trace:
    """What happened, for whoever listens; `tell` may be called from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._history: deque[dict[str, Any]] = deque(maxlen=HISTORY)
        self._listeners: set[asyncio.Queue[dict[str, Any]]] = set()

    def tell(self, event: str, **fields: Any) -> None:
        """Record an event with the time of now."""
        entry = {"event": event, "t": time.monotonic(), **fields}
        self._loop.call_soon_threadsafe(self._add, entry)

    def listen(self) -> asyncio.Queue[dict[str, Any]]:
        """Return a queue of all events, the past ones first; hand it to `leave` in the end."""
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(QUEUE + HISTORY)
        for entry in self._history:
            queue.put_nowait(entry)
        self._listeners.add(queue)
        return queue

    def leave(self, queue: asyncio.Queue[dict[str, Any]]) -> None:
        """Stop listening."""
        self._listeners.discard(queue)

    def _add(self, entry: dict[str, Any]) -> None:
        self._history.append(entry)
        for queue in list(self._listeners):
            if queue.full():
                queue.get_nowait()  # who does not read loses the oldest
            queue.put_nowait(entry)


class Control:
    """Serves the socket until `close`."""

    def __init__(self, path: Path, trace: Trace, command: Command) -> None:
        self._path, self._trace, self._command = path, trace, command
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen; ControlError when the socket cannot be made."""
        if self._path.is_socket():  # of a run before; anything else there is not ours to remove
            self._path.unlink()
        before = os.umask(0o177)  # nobody may connect before the mode is set
        try:
            self._server = await asyncio.start_unix_server(self._accept, str(self._path))
        except OSError as error:
            raise ControlError(
                f"control socket {self._path}: {error.strerror}: see [station] control"
            ) from None
        finally:
            os.umask(before)

    async def close(self) -> None:
        """Stop, and remove the socket."""
        if self._server is not None:
            self._server.close()
        for client in list(self._clients):
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        with contextlib.suppress(OSError):
            self._path.unlink()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        events = self._trace.listen()
        try:
            async with asyncio.TaskGroup() as group:
                pump = group.create_task(self._pump(events, writer))
                await self._serve(reader, writer)
                pump.cancel()
        except* (ConnectionError, ValueError) as gone:
            log.debug("control client left: %s", gone.exceptions[0])
        finally:
            self._trace.leave(events)
            self._clients.discard(task)
            writer.close()

    async def _pump(self, events: asyncio.Queue[dict[str, Any]], writer: Any) -> None:
        while True:
            await self._write(writer, await events.get())

    async def _serve(self, reader: asyncio.StreamReader, writer: Any) -> None:
        while line := await reader.readline():
            try:
                request = json.loads(line)
                if not isinstance(request, dict):
                    raise TypeError("a command is an object")
                answer = {"ok": True, **await self._command(request)}
            except (IntercomError, OSError, RuntimeError, ValueError, TypeError, KeyError) as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            await self._write(writer, answer)

    async def _write(self, writer: Any, entry: dict[str, Any]) -> None:
        writer.write(json.dumps(entry).encode() + b"\n")
        await writer.drain()
