"""One client's socket at the hub: its bounded send queue, its pace, its silence."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from intercom import protocol as p
from intercom.errors import Code, ProtocolError
from intercom.hub.pace import Bucket

log = logging.getLogger(__name__)

SEND_QUEUE = 64
PASSED_ON = 32
"""How many messages may wait for a client so that others still get theirs passed on to it: the rest
of its queue is for the hub's own words, without which it would not know what it is in."""
RATE, BURST = 60.0, 240.0
"""Messages a second that a client may send for long, and at once."""


FREE = p.Signaled | p.PeerAvailable | p.Texted | p.TypeAsked | p.DoorOpened
"""What a client can make the hub tell others as often as it likes."""
CLOSE_WITHIN = 2.0
"""Seconds that a client has to read what was queued before it is closed."""


def text_of(frame: WSMessage) -> str:
    """Return a text frame's text; ProtocolError for any other frame."""
    if frame.type is WSMsgType.ERROR:
        raise ProtocolError(f"frame not understood: {frame.data}")
    if frame.type is not WSMsgType.TEXT:
        raise ProtocolError("only text frames are spoken here")
    return str(frame.data)


class Client:
    """A connected socket. `close` may be called from anywhere, at once and often."""

    def __init__(self, number: int, ws: web.WebSocketResponse) -> None:
        self.number = number
        self.user_id = self.device = self.secret = ""
        self.heard = asyncio.get_running_loop().time()
        self._in_call_since: float | None = None
        self._ws = ws
        self._queue: asyncio.Queue[str | None] = asyncio.Queue(SEND_QUEUE)
        self._bucket = Bucket(RATE, BURST)
        self._code: int = WSCloseCode.OK
        self._gone = asyncio.Event()

    def send(self, message: p.HubMessage) -> bool:
        """Queue a message; a client that does not read is closed with 1013.

        False: it was of another client, and was dropped, since too many wait to be read.
        """
        if self._gone.is_set():
            return True
        if isinstance(message, FREE) and self._queue.qsize() >= PASSED_ON:
            return False
        try:
            self._queue.put_nowait(p.encode(message))
        except asyncio.QueueFull:
            log.warning("%s does not read its messages: closed", self.user_id or "a client")
            self.abort(WSCloseCode.TRY_AGAIN_LATER)
        except ProtocolError as error:  # no client's fault, and no reason to lose one
            kind = type(message).__name__
            log.error("%s to %s is dropped: %s", kind, self.user_id or "a client", error)
        return True

    def close(self, code: int = WSCloseCode.OK) -> None:
        """Close after what is queued has gone out, or soon if that is not read."""
        self._code = code
        try:
            self._queue.put_nowait(None)
        except asyncio.QueueFull:
            self._gone.set()
        else:
            asyncio.get_running_loop().call_later(CLOSE_WITHIN, self._gone.set)

    def abort(self, code: int) -> None:
        """Close now, whatever is queued."""
        self._code = code
        self._gone.set()

    def silent(self, in_call: bool) -> bool:
        """Tell whether the client must be taken for dead: a pulled cable sends no FIN.

        One whose call has just begun has not heard of it yet, and still pings at the idle pace.
        """
        now = asyncio.get_running_loop().time()
        if not in_call:
            self._in_call_since = None
            return now - self.heard > p.DEAD_IDLE
        if self._in_call_since is None:
            self._in_call_since = now
        return now - max(self.heard, self._in_call_since) > p.DEAD_CALL

    async def serve(self, on_message: Callable[[p.ClientMessage], None]) -> None:
        """Read and write until either side closes; ProtocolError for what may not be sent."""
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(self._write())
            reader = group.create_task(self._read(on_message))
            gone = group.create_task(self._gone.wait())
            await asyncio.wait({writer, reader, gone}, return_when=asyncio.FIRST_COMPLETED)
            for task in (writer, reader, gone):
                task.cancel()

    async def _read(self, on_message: Callable[[p.ClientMessage], None]) -> None:
        loop = asyncio.get_running_loop()
        async for frame in self._ws:
            self.heard = loop.time()
            if not self._bucket.take(self.heard):
                raise ProtocolError(
                    f"too many messages: at most {RATE:.0f} a second", Code.RATE_LIMITED
                )
            on_message(p.decode_client(text_of(frame)))
            await asyncio.sleep(0)  # lets the writers run: a burst read here fills no queue there

    async def _write(self) -> None:
        with contextlib.suppress(ConnectionError):
            while (text := await self._queue.get()) is not None:
                await self._ws.send_str(text)

    async def finish(self, fault: ProtocolError | None = None) -> None:
        """Say what was wrong, if anything, and close the socket."""
        code = self._code
        with contextlib.suppress(ConnectionError, RuntimeError, TimeoutError):
            async with asyncio.timeout(1.0):
                if fault is not None:
                    code = WSCloseCode.POLICY_VIOLATION
                    await self._ws.send_str(p.encode(p.Error(0, fault.code, fault.message)))
                await self._ws.close(code=code)
