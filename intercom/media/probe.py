"""Asks STUN and TURN servers whether they work, before a call depends on them.

One that is dead costs aioice 5 s a call, and one that refuses fails without a word.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import replace

from aioice import stun, turn

from .route import Server

TIMEOUT = 1.0  # seconds
REPEAT = 0.25  # seconds between two questions by UDP


class ProbeError(Exception):
    """The server cannot be used; the text says why."""


async def probe(servers: Sequence[Server]) -> list[tuple[Server, str]]:
    """Each server, its name resolved, with what is wrong with it ("" = it works); in a second."""
    return list(await asyncio.gather(*(_one(server) for server in servers)))


async def _one(server: Server) -> tuple[Server, str]:
    try:
        async with asyncio.timeout(TIMEOUT):
            found = await _resolve(server)
            await (_allocate(found) if server.turn else _bind(found))
    except TimeoutError:
        return server, f"no answer within {TIMEOUT:g} s"
    except ProbeError as error:
        return server, str(error)
    except stun.TransactionError as error:
        return server, _words(server, error)
    except ssl.SSLError as error:
        return server, f"its certificate is not accepted: {error.reason or error}"
    except OSError as error:
        return server, error.strerror or str(error)
    return found, ""


async def _resolve(server: Server) -> Server:
    """`server` by number, but for TLS, which checks the name."""
    loop = asyncio.get_running_loop()
    kind = socket.SOCK_STREAM if server.transport == "tcp" else socket.SOCK_DGRAM
    family = socket.AF_UNSPEC if server.turn else socket.AF_INET  # aioice asks STUN by IPv4
    try:
        found = await loop.getaddrinfo(server.host, server.port, family=family, type=kind)
    except socket.gaierror:
        raise ProbeError(f'the name "{server.host}" is not known') from None
    return server if server.tls else replace(server, host=str(found[0][4][0]))


class _Questioner(asyncio.DatagramProtocol):
    """Waits for the answer to one STUN request."""

    def __init__(self, request: stun.Message) -> None:
        self._request = request
        self.answer: asyncio.Future[stun.Message] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: object) -> None:
        try:
            message = stun.parse_message(data)
        except ValueError:
            return
        if message.transaction_id == self._request.transaction_id and not self.answer.done():
            self.answer.set_result(message)

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc)


async def _bind(server: Server) -> None:
    """A binding request (RFC 8489, 3)."""
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Questioner(request), remote_addr=(server.host, server.port)
    )
    try:
        while not protocol.answer.done():
            transport.sendto(bytes(request))
            await asyncio.wait([protocol.answer], timeout=REPEAT)
        if protocol.answer.result().message_class is not stun.Class.RESPONSE:
            raise ProbeError("it refuses to answer")
    finally:
        transport.close()


class _Released(asyncio.DatagramProtocol):
    """Hears when the allocation was given back."""

    def __init__(self) -> None:
        self.lost = asyncio.get_running_loop().create_future()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(None)


async def _allocate(server: Server) -> None:
    """An allocation (RFC 8656, 7), given back at once."""
    transport, protocol = await turn.create_turn_endpoint(
        _Released,
        (server.host, server.port),
        username=server.username,
        password=server.credential,
        ssl=server.tls or None,
        transport=server.transport,
    )
    transport.close()
    await protocol.lost


def _words(server: Server, error: stun.TransactionError) -> str:
    """Why a TURN server refuses; a username of time-limited credentials begins with their end."""
    if error.response is None:
        return "no answer"
    code, reason = error.response.attributes.get("ERROR-CODE", (0, ""))
    if code != 401:
        return f"it refuses: {reason or 'no reason given'} ({code})"
    until = (server.username or "").partition(":")[0]
    if until.isdigit() and int(until) < time.time():
        ago = round((time.time() - int(until)) / 60)
        return f"the credentials expired {ago} min ago"
    return "it does not accept username and credential"
