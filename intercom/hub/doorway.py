"""The hub's front: it accepts connections, and keeps those few who have not shown who they are.

The law: nobody without a login can use up the process's file descriptors, which a station with the
hub inside needs for its camera, sound and calls. A handshake and a request have their time, and of
connections by which nobody has logged in there are only so many, in all and from one address but
this machine's: a proxy may stand there. Addresses are counted one by one, also those of IPv6: by
networks, one machine in the house could keep the others of its network out.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import resource
import socket
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import cast

from aiohttp import web

from intercom.tasks import Tasks

log = logging.getLogger(__name__)

PATIENCE = 10.0
"""Seconds for a TLS handshake, and for a whole request from then on, or from the last answer."""
EACH, ALL = 32, 512
"""Connections without a login that one address, and all together, may have: a house behind one
router comes back at once when the hub restarts, but each is logged in within moments."""
TELL = 60.0
"""Seconds between two lines of the log about connections that were refused."""
REST = 1.0
_NO_ROOM = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


class Crowd:
    """Counts the strangers by address; "" is this machine, which counts in the sum alone."""

    def __init__(self, each: int = EACH, most: int = ALL) -> None:
        self._each, self._most = each, most
        self._there: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        """Count one more, if there is room."""
        full = bool(address) and self._there[address] >= self._each
        if full or self._there.total() >= self._most:
            return False
        self._there[address] += 1
        return True

    def leave(self, address: str) -> None:
        """Count one less."""
        self._there[address] -= 1
        if self._there[address] <= 0:
            del self._there[address]


class Guest(asyncio.Protocol):
    """A connection: hands all of it to aiohttp, and is counted until it is known or lost.

    One that does not ask anything in time is cut off.
    """

    def __init__(self, inner: asyncio.Protocol, leave: Callable[[], None]) -> None:
        self._inner, self._leave = inner, leave
        self._counted = True
        self._impatience: asyncio.TimerHandle | None = None

    def asked(self) -> None:
        """The first request is here, whole; aiohttp waits for the next ones."""
        if self._impatience is not None:
            self._impatience.cancel()

    def known(self) -> None:
        """Somebody has logged in by it, or it is gone; idempotent."""
        if self._counted:
            self._counted = False
            self._leave()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        abort = cast(asyncio.Transport, transport).abort  # uvloop's are none of asyncio's
        self._impatience = asyncio.get_running_loop().call_later(PATIENCE, abort)
        self._inner.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self.asked()
        self.known()
        self._inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """See asyncio.Protocol."""
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        self._inner.resume_writing()


@web.middleware
async def arrivals(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Note that a request has come."""
    if (guest := _guest(request)) is not None:
        guest.asked()
    return await handler(request)


def known(request: web.Request) -> None:
    """Who asks that has logged in: the connection is no stranger's any more."""
    if (guest := _guest(request)) is not None:
        guest.known()


def _guest(request: web.Request) -> Guest | None:
    guest = None if request.transport is None else request.transport.get_protocol()
    return guest if isinstance(guest, Guest) else None


class Doorway:
    """Accepts at `listeners`, by TLS with a context; `serve` makes a connection's protocol."""

    def __init__(
        self,
        listeners: Sequence[socket.socket],
        serve: Callable[[], asyncio.Protocol],
        context: ssl.SSLContext | None,
    ) -> None:
        self._listeners, self._serve, self._context = listeners, serve, context
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._crowd = Crowd(EACH, min(ALL, files // 2))
        self._tasks = Tasks("the hub's doorway")
        self._told = -TELL

    def open(self) -> None:
        """Accept from now on."""
        for listener in self._listeners:
            self._tasks.spawn(self._accept(listener))

    async def close(self) -> None:
        """Accept no more; idempotent. Connections that are served go on."""
        await self._tasks.close()
        for listener in self._listeners:
            listener.close()

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, peer = await loop.sock_accept(listener)
            except OSError as error:
                self._tell("nobody can come in now: %s", str(error.strerror))
                await asyncio.sleep(REST if error.errno in _NO_ROOM else 0)
                continue
            address = counted(str(peer[0]))
            if self._crowd.enter(address):
                self._tasks.spawn(self._receive(connection, address))
            else:
                connection.close()
                self._tell("too many connections without a login, one of %s is refused", address)

    async def _receive(self, connection: socket.socket, address: str) -> None:
        guest = Guest(self._serve(), lambda: self._crowd.leave(address))
        tls = self._context
        seconds = None if tls is None else PATIENCE
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: guest,
                connection,
                ssl=tls,
                ssl_handshake_timeout=seconds,
                ssl_shutdown_timeout=None if tls is None else 1.0,
            )
        except OSError as error:  # also what TLS has to say
            log.debug("no connection with %s: %s", address, error)
            guest.known()
        except asyncio.CancelledError:
            guest.known()
            raise

    def _tell(self, words: str, what: str) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._told >= TELL:
            self._told = now
            log.warning(words, what)


def counted(host: str) -> str:
    """Return under which name the strangers of an address are counted; "": this machine."""
    try:
        found = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return "" if found.is_loopback else str(found)
