"""What a client has not read yet, and who pays for it: send queues, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
from collections.abc import AsyncIterator

import aiohttp
import msgspec
import pytest

from intercom import protocol as p
from intercom.errors import Code
from intercom.hub import client as hub_client
from intercom.hub.server import Hub

from .hub_rig import Visitors, hello


@pytest.fixture
async def visitors(hub: Hub) -> AsyncIterator[Visitors]:
    """Raw connections to the hub."""
    async with Visitors(hub) as made:
        yield made


class Deaf:
    """A client that logs in, and then reads nothing: its kernel takes a few kilobytes."""

    def __init__(self, hub: Hub, user: str) -> None:
        self.hub, self.user = hub, user
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.setblocking(False)

    async def login(self) -> None:
        """Shake hands and say hello, by hand (RFC 6455, masked with zeros)."""
        loop = asyncio.get_running_loop()
        await loop.sock_connect(self._socket, ("127.0.0.1", self.hub.port))
        head = "GET /ws HTTP/1.1\r\nHost: hub\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        await loop.sock_sendall(self._socket, (head + key).encode())
        assert b"101" in await loop.sock_recv(self._socket, 4096)
        await self.say(hello(self.hub, self.user))
        assert b"welcome" in await loop.sock_recv(self._socket, 65536)

    async def say(self, text: str) -> None:
        """Send a text frame."""
        data = text.encode()
        frame = b"\x81\xfe" + len(data).to_bytes(2, "big") + b"\0\0\0\0" + data
        if len(data) < 126:
            frame = bytes([0x81, 0x80 + len(data)]) + b"\0\0\0\0" + data
        await asyncio.get_running_loop().sock_sendall(self._socket, frame)

    async def catch_up(self, until: bytes) -> None:
        """Read after all, as far as that."""
        loop, tail = asyncio.get_running_loop(), b""
        while until not in tail:
            chunk = await asyncio.wait_for(loop.sock_recv(self._socket, 1 << 20), 5)
            assert chunk, "closed"
            tail = (tail + chunk)[-len(chunk) - len(until) :]

    async def rest(self) -> bytes:
        """Read after all, to the end."""
        loop = asyncio.get_running_loop()
        data = b""
        while chunk := await asyncio.wait_for(loop.sock_recv(self._socket, 1 << 20), 5):
            data = (data + chunk)[-64:]
        return data

    def close(self) -> None:
        """Go."""
        self._socket.close()


def signal(call_id: str, user_id: str) -> p.Signal:
    """A big one."""
    return p.Signal(call_id, user_id, 0, msgspec.Raw(b'"%s"' % (b"x" * 60_000)))


@pytest.fixture
async def deaf(hub: Hub) -> AsyncIterator[Deaf]:
    """The kitchen, logged in and deaf."""
    made = Deaf(hub, "indoor")
    await made.login()
    yield made
    made.close()


async def flood(visitors: Visitors) -> None:
    """Let the door signal to the kitchen until the hub has enough of it."""
    raw = await visitors.login("door")
    await raw.say(p.Invite(1, "call-0001", p.CallType.VIDEO, ["indoor"]))
    await raw.hear_a(p.Ok)
    with contextlib.suppress(ConnectionError):
        for _ in range(int(hub_client.BURST) - 20):  # some megabytes fit into the kernel
            await raw.say(signal("call-0001", "indoor"))
    heard, closed = await raw.end()
    [error] = [message for message in heard if isinstance(message, p.Error)]
    assert error.code == Code.RATE_LIMITED
    assert "the others can read" in error.msg
    assert closed == aiohttp.WSCloseCode.POLICY_VIOLATION


async def test_who_sends_more_than_another_reads_is_closed_itself(
    visitors: Visitors, deaf: Deaf, caplog: pytest.LogCaptureFixture
) -> None:
    """The other one's Wi-Fi is slow, and that is no reason to lose the hub."""
    await flood(visitors)
    await deaf.say('{"t":"ping"}')
    await deaf.catch_up(b'"pong"')
    assert "does not read" not in caplog.text
    again = await visitors.login("door")
    await again.say(p.Invite(1, "call-0002", p.CallType.VIDEO, ["indoor"]))
    await deaf.catch_up(b'"call-0002"')


@pytest.mark.parametrize("kind", ["devices", "signals"])
async def test_a_burst_of_one_does_not_close_another(visitors: Visitors, kind: str) -> None:
    """All of it is read at once: the hub must not read it all before it writes any."""
    door, indoor = await visitors.login("door"), await visitors.login("indoor")
    await door.say(p.Invite(1, "call-0001", p.CallType.VIDEO, ["indoor"]))
    await indoor.hear_a(p.Invited)
    await indoor.say(p.Accept(2, "call-0001"))
    await door.hear_a(p.Accepted)
    message: p.Message = p.Available("call-0001", video=True, audio=True)
    if kind == "signals":
        message = p.Signal("call-0001", "indoor", 2000, msgspec.Raw(b"{}"))
    for _ in range(200):
        await door.ws.send_str(p.encode(message))
    await door.alive()
    await indoor.alive()


async def test_who_never_reads_is_closed(
    visitors: Visitors, deaf: Deaf, caplog: pytest.LogCaptureFixture
) -> None:
    await flood(visitors)
    for _ in range(hub_client.SEND_QUEUE):  # the hub's own words
        await deaf.say('{"t":"ping"}')
    assert b"\x03\xf5" in await deaf.rest()  # close frame with 1013, behind all that
    assert [r.getMessage() for r in caplog.records if "does not read" in r.getMessage()] == [
        "indoor does not read its messages: closed"
    ]


async def test_who_never_reads_can_be_kicked(
    hub: Hub, visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its queue cannot drain, so its socket would stay for as long as it says something."""
    monkeypatch.setattr(hub_client, "SEND_QUEUE", 1000)
    monkeypatch.setattr(hub_client, "PASSED_ON", 1000)
    monkeypatch.setattr(hub_client, "CLOSE_WITHIN", 0.2)
    deaf = Deaf(hub, "indoor")
    await deaf.login()
    raw = await visitors.login("door")
    await raw.say(p.Invite(1, "call-0001", p.CallType.VIDEO, ["indoor"]))
    for _ in range(int(hub_client.BURST) - 20):
        await raw.say(signal("call-0001", "indoor"))
    await raw.alive()
    newer = await visitors.login("indoor")
    async with asyncio.timeout(5):
        while json.loads((await visitors.get("/healthz"))[1])["clients"] != 2:
            await deaf.say('{"t":"ping"}')
            await asyncio.sleep(0.1)
    await newer.alive()
    deaf.close()


async def test_what_cannot_be_said_is_our_fault_and_costs_nobody_anything(
    visitors: Visitors, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    door, indoor = await visitors.login("door"), await visitors.login("indoor")
    invite = p.Invite(1, "call-0001", p.CallType.VIDEO, ["indoor", "desk"], group=True)
    monkeypatch.setattr(p, "MAX_MESSAGE", len(p.encode(invite)))  # an `Invited` is longer
    await door.say(invite)
    assert (await door.hear_a(p.Ok)).req == 1
    assert (await door.hear_a(p.Invitees)).user_ids == ["indoor"]  # this comes behind
    for raw in (door, indoor):
        await raw.alive()
    [error] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert error.getMessage().startswith("Invited to indoor is dropped: message of ")
    caplog.clear()  # this error was wanted
