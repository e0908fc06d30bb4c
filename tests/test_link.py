"""The link to the hub: over a real hub, and over a wire that the test can cut or stop."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeVar

import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer

from intercom import Event, State, link_backoff, link_requests, link_wire, steps
from intercom import link as link_module
from intercom import protocol as p
from intercom.config import HubConfig, UserConfig
from intercom.errors import CallingError, Code, LoginError
from intercom.hub.server import Hub
from intercom.link import Link, LinkDown, LinkEvent, LinkOver, LinkUp
from intercom.link_backoff import Backoff

from .conftest import USERS, Client
from .hub_rig import Proxy, proxy

T = TypeVar("T")


class User:
    """A link, and what it told."""

    def __init__(self, url: str) -> None:
        self.link = Link(url, self._on_event, client="test")
        self.told: list[LinkEvent] = []
        self._news = asyncio.Event()

    def _on_event(self, event: LinkEvent) -> None:
        self.told.append(event)
        self._news.set()

    async def wait(self, kind: type[T]) -> T:
        """Return the first event of that kind, and forget what came before it."""
        async with asyncio.timeout(8):
            while True:
                while self.told:
                    event = self.told.pop(0)
                    if isinstance(event, kind):
                        return event
                self._news.clear()
                await self._news.wait()


@pytest.fixture
async def wire(hub: Hub) -> AsyncIterator[Proxy]:
    """A wire to the hub."""
    async with proxy(hub.port) as made:
        yield made


@pytest.fixture
async def user(hub: Hub, wire: Proxy) -> AsyncIterator[User]:
    """The door, logged in over the wire."""
    made = User(wire.url)
    await made.link.login("door", hub.keys.mint("door", 1))
    await made.wait(LinkUp)
    yield made
    await made.link.close()


async def refused(user: User, request: p.Request) -> CallingError:
    """Send a request that the hub refuses."""
    user.link.send(request)
    with pytest.raises(CallingError) as error:
        await user.link.answer(request.req)
    return error.value


async def test_a_request_gets_its_answer(user: User) -> None:
    requests = [user.link.next_request() for _ in range(3)]
    assert len(set(requests)) == 3
    error = await refused(user, p.SendText(requests[2], "call-0001", "x"))
    assert error.code is Code.INVITATION_GONE
    user.link.send(p.Invite(requests[0], "call-0001", p.CallType.VIDEO, ["indoor"]))
    await user.link.answer(requests[0])
    assert (await user.wait(p.Ended)).reason is p.Reason.OFFLINE


async def test_an_answer_that_nobody_waits_for_is_no_harm(user: User) -> None:
    user.link.send(p.SendText(77, "call-0001", "x"))
    await refused(user, p.SendText(78, "call-0001", "x"))
    assert user.link.connected


async def test_an_answer_that_does_not_come(
    user: User, wire: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_requests, "REQUEST_TIMEOUT", 0.1)
    wire.stopped.set()
    error = await refused(user, p.OpenDoor(1, "call-0001"))
    assert error.code is Code.HUB_UNREACHABLE
    assert "in time" in error.message


async def test_a_request_is_lost_with_the_wire(user: User, wire: Proxy) -> None:
    wire.stopped.set()
    waiting = asyncio.create_task(refused(user, p.OpenDoor(1, "call-0001")))
    await asyncio.sleep(0)
    wire.cut()
    assert (await waiting).code is Code.HUB_UNREACHABLE
    await user.wait(LinkDown)
    assert not user.link.connected
    with pytest.raises(CallingError, match="no connection"):
        user.link.send(p.Ping())
    wire.stopped.clear()
    await user.wait(LinkUp)
    assert user.link.connected


async def test_it_comes_back_with_its_session(user: User, wire: Proxy, hub: Hub) -> None:
    """The hub sees the same client again, not another login that ends the call."""
    other = User(f"ws://127.0.0.1:{hub.port}")
    await other.link.login("indoor", hub.keys.mint("indoor", 1))
    user.link.send(p.Invite(1, "call-0001", p.CallType.VIDEO, ["indoor"]))
    await user.link.answer(1)
    user.link.call_id = "call-0001"
    wire.cut()
    await user.wait(LinkDown)
    assert (await user.wait(LinkUp)).welcome.call_id == "call-0001"
    assert not any(isinstance(event, p.Ended) for event in other.told)
    await other.link.close()


async def test_an_outage_is_told_once(
    hub: Hub, wire: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it is tried: each telling would start the grace of a call anew."""
    monkeypatch.setattr(link_backoff, "LONGEST_IDLE", 0.05)
    monkeypatch.setattr(link_wire, "LOGIN_TIMEOUT", 0.1)
    user = User(wire.url)
    await user.link.login("door", hub.keys.mint("door", 1))
    await user.wait(LinkUp)
    async with mute_hub() as mute:
        for nobody in (1, mute.port):
            assert nobody is not None
            wire.target = nobody
            wire.cut()
            await wire.tried(4)
        assert [type(event) for event in user.told] == [LinkDown]
        wire.target = hub.port
        await user.wait(LinkUp)
        assert user.told == []
        await user.link.close()


async def test_a_call_without_a_hub_ends_after_the_grace(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "LOST_GRACE", 0.8)
    monkeypatch.setattr(link_backoff, "LONGEST_CALL", 0.1)
    async with proxy(hub.port) as wire:
        door, indoor = Client(wire.url), Client(f"ws://127.0.0.1:{hub.port}")
        for client, name in ((door, "door"), (indoor, "indoor")):
            await client.login(name, hub.keys.mint(name, 1))
        await door.call("indoor")
        await indoor.wait(Event.INVITED)
        await indoor.accept()
        await door.wait(Event.USER_ACCEPT)
        wire.target = 1
        wire.cut()
        assert (await door.wait(Event.CALL_END))["reason"] == "lost"
        assert door.state is State.IDLE
        await door.logout()
        await indoor.logout()


async def test_pauses_are_bounded_and_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Full jitter under a doubling ceiling: the ceilings are what the hub's survival hangs on."""
    asked: list[float] = []

    def ceiling(low: float, high: float) -> float:
        asked.append(high)
        return 0.001

    monkeypatch.setattr(random, "uniform", ceiling)
    backoff = Backoff()
    for _ in range(8):
        await backoff.rest(lasted=0.1, in_call=False)
    assert asked == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0, 5.0]
    asked.clear()
    await backoff.rest(lasted=4.9, in_call=True)
    await backoff.rest(lasted=5.1, in_call=False)  # that was a good connection
    backoff.told(10.0)  # once
    await backoff.rest(lasted=0.1, in_call=False)
    await backoff.rest(lasted=0.1, in_call=False)
    assert asked == [1.0, 0.25, 10.0, 1.0]


async def test_a_hub_that_takes_everybody_and_keeps_nobody_is_not_stormed(
    hub: Hub, wire: Proxy, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: high)
    for attempt in (1, 2):
        loop = asyncio.get_running_loop()
        began = loop.time()
        wire.cut()
        await user.wait(LinkUp)
        assert loop.time() - began > 0.25 * 2**attempt - 0.05


async def test_a_new_call_does_not_wait_for_the_pause(
    wire: Proxy, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: 60.0)
    wire.cut()
    await user.wait(LinkDown)
    await asyncio.sleep(0.05)
    user.link.hurry()
    await user.wait(LinkUp)


async def test_a_hub_that_accepts_and_is_silent_is_noticed(
    wire: Proxy, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(p, "PING_CALL", 0.1)
    monkeypatch.setattr(p, "DEAD_CALL", 0.5)
    user.link.call_id = "call-0001"
    wire.stopped.set()
    assert "silent" in (await user.wait(LinkDown)).why


async def test_an_idle_link_is_watched_too(
    hub: Hub, wire: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(p, "PING_CALL", 0.05)
    monkeypatch.setattr(p, "PING_IDLE", 0.1)
    monkeypatch.setattr(p, "DEAD_IDLE", 0.5)
    user = User(wire.url)
    await user.link.login("door", hub.keys.mint("door", 1))
    await asyncio.sleep(0.8)
    assert user.link.connected
    wire.stopped.set()
    assert "silent" in (await user.wait(LinkDown)).why
    await user.link.close()


async def test_the_silence_before_a_call_is_not_held_against_the_hub(
    wire: Proxy, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Idle, the hub says something every 15 s; its first answer in a call may be slow."""
    monkeypatch.setattr(p, "PING_CALL", 0.05)
    monkeypatch.setattr(p, "DEAD_CALL", 0.6)
    await asyncio.sleep(0.8)
    wire.stopped.set()
    user.link.call_id = "call-0001"
    await asyncio.sleep(0.3)
    wire.stopped.clear()
    await asyncio.sleep(0.8)
    assert user.link.connected
    assert user.told == []


async def test_a_login_during_silence_is_given_up(
    hub: Hub, wire: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "CONNECT_TIMEOUT", 0.2)
    wire.stopped.set()
    user = User(wire.url)
    with pytest.raises(CallingError) as error:
        await user.link.login("door", hub.keys.mint("door", 1))
    assert error.value.code is Code.HUB_UNREACHABLE


@contextlib.asynccontextmanager
async def mute_hub() -> AsyncIterator[BaseTestServer]:
    """What takes a WebSocket and never says a word."""

    async def listen(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(timeout=0.1)
        await ws.prepare(request)
        async for _ in ws:
            pass
        return ws

    app = web.Application()
    app.router.add_get("/ws", listen)
    async with TestServer(app) as server:
        yield server


async def test_a_welcome_that_does_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_wire, "LOGIN_TIMEOUT", 0.2)
    async with mute_hub() as server:
        user = User(f"ws://127.0.0.1:{server.port}")
        with pytest.raises(CallingError, match="TimeoutError") as error:
            await user.link.login("door", "x")
        assert error.value.code is Code.HUB_UNREACHABLE


async def test_a_login_refused_later_ends_the_link(tmp_path: Path) -> None:
    """The account was deleted while the hub restarted."""
    first = Hub(HubConfig(port=0, state_dir=str(tmp_path), users=USERS))
    await first.start()
    user = User(f"ws://127.0.0.1:{first.port}")
    await user.link.login("door", first.keys.mint("door", 1))
    await first.stop()
    users = {"indoor": UserConfig()}
    second = Hub(HubConfig(port=first.port, state_dir=str(tmp_path), users=users))
    await second.start()
    over = await user.wait(LinkOver)
    assert isinstance(over.error, LoginError)
    assert over.error.code is Code.UNKNOWN_USER
    assert not user.link.connected
    await user.link.close()
    await second.stop()


async def test_the_older_session_stays_away(user: User, hub: Hub, wire: Proxy) -> None:
    newer = User(wire.url)
    await newer.link.login("door", hub.keys.mint("door", 1))
    assert "elsewhere" in (await user.wait(LinkOver)).why
    await asyncio.sleep(0.5)
    assert not user.link.connected
    assert user.told == []
    assert newer.link.connected
    await user.link.login("door", hub.keys.mint("door", 1))  # but it may be told to come back
    await user.wait(LinkUp)
    await newer.wait(LinkOver)
    await newer.link.close()


async def test_logging_out_says_so_after_what_was_said_before(hub: Hub, user: User) -> None:
    other = User(f"ws://127.0.0.1:{hub.port}")
    await other.link.login("indoor", hub.keys.mint("indoor", 1))
    user.link.send(p.Invite(1, "call-0001", p.CallType.VIDEO, ["indoor"]))
    await user.link.close(bye=True)
    assert (await other.wait(p.Invited)).call_id == "call-0001"
    assert (await other.wait(p.Ended)).reason is p.Reason.CANCELED
    await other.link.close()
    await other.link.close()


async def test_a_hub_that_takes_nothing_is_given_up(user: User) -> None:
    for _ in range(link_wire.SEND_QUEUE + 1):
        user.link.send(p.Ping())
    assert "does not take" in (await user.wait(LinkDown)).why
    await user.wait(LinkUp)


@pytest.mark.parametrize("url", ["http://", "ws://[", "nonsense", "ws://127.0.0.1:99999"])
async def test_an_address_that_is_none(url: str) -> None:
    user = User(url)
    with pytest.raises(CallingError) as error:
        await user.link.login("door", "x")
    assert error.value.code is Code.HUB_UNREACHABLE


async def test_what_answers_is_no_hub() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    user = User(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    with pytest.raises(CallingError, match="no hub at"):
        await user.link.login("door", "x")
    server.close()
