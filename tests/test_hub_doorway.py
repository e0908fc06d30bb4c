"""Who does not log in cannot hold the hub's file descriptors. Real sockets, in both loops."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop

from intercom.calling import Calling
from intercom.config import HubConfig
from intercom.hub import doorway, server
from intercom.hub.doorway import Crowd, counted
from intercom.hub.server import Hub
from intercom.link import pinned

from .conftest import USERS

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Run = Callable[[Coroutine[Any, Any, None]], None]

anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE

loops = pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])


@contextlib.asynccontextmanager
async def hub(folder: Path) -> AsyncIterator[Hub]:
    """A hub with TLS."""
    made = Hub(HubConfig(listen="0.0.0.0", port=0, state_dir=str(folder), users=USERS))
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


@contextlib.asynccontextmanager
async def strangers(made: Hub) -> AsyncIterator[Callable[..., Coroutine[Any, Any, Streams]]]:
    """Lend what opens a connection that says nothing; all are closed in the end."""
    opened: list[Streams] = []

    async def connect(tls: bool = True) -> Streams:
        ssl_context = anybody if tls else None
        opened.append(await asyncio.open_connection("127.0.0.1", made.port, ssl=ssl_context))
        return opened[-1]

    try:
        yield connect
    finally:
        for _, writer in opened:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def ended(streams: Streams) -> bytes:
    """Return what else is heard until the hub ends it."""
    async with asyncio.timeout(8):  # less than it would be without the tests' own patience
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            return await streams[0].read()
    return b""


async def ask(streams: Streams, path: bytes = b"/healthz", header: bytes = b"") -> bytes:
    """Ask for a page, and return the first line of the answer; the connection stays."""
    reader, writer = streams
    writer.write(b"GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n" % (path, header))
    async with asyncio.timeout(10):
        line = await reader.readline()
        while await reader.readline() != b"\r\n":
            pass
    return line


@loops
@pytest.mark.parametrize(
    ("tls", "said"),
    [
        (False, b""),
        (False, b"\x16\x03\x01\x02\x00"),
        (True, b""),
        (True, b"GET /ws HTTP/1.1\r\nHost: x\r\n"),
        (True, b"POST /messages HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"),
        (True, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /"),
        (True, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
    ],
)
def test_who_does_not_ask_in_time_is_cut_off(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tls: bool, said: bytes
) -> None:
    asks = b"healthz" in said  # for what comes then it is aiohttp that waits
    monkeypatch.setattr(doorway, "PATIENCE", 30 if asks else 0.3)
    monkeypatch.setattr(server, "PATIENCE", 0.3 if asks else 30)

    async def scenario() -> None:
        async with hub(tmp_path) as made, strangers(made) as connect:
            streams = await connect(tls)
            streams[1].write(said)
            heard = await ended(streams)
            assert heard.startswith(b"HTTP/1.1 200" if asks else b"")

    run(scenario())


@loops
def test_strangers_have_so_many_connections_and_who_logs_in_counts_no_more(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorway, "EACH", 3)
    monkeypatch.setattr(doorway, "counted", lambda host: host)  # loopback, too

    async def scenario() -> None:
        async with hub(tmp_path) as made, contextlib.AsyncExitStack() as stack:
            for user in USERS:  # four
                calling = Calling(made.url, ssl_context=pinned(made.pin))
                stack.push_async_callback(calling.logout)
                await calling.login(user, made.keys.mint(user, 1))
            connect = await stack.enter_async_context(strangers(made))
            three = [await connect() for _ in range(3)]
            for stranger in three:
                assert b"200" in await ask(stranger)
            for tls in (True, False):
                with pytest.raises((OSError, asyncio.IncompleteReadError)):
                    await (await connect(tls))[0].readexactly(1)
            three[0][1].transport.abort()
            async with asyncio.timeout(10):
                while True:  # the hub hears of it in a moment
                    with contextlib.suppress(OSError):
                        assert b"200" in await ask(await connect())
                        break
                    await asyncio.sleep(0.02)

    run(scenario())


async def test_this_machine_may_hold_what_all_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorway, "EACH", 1)
    monkeypatch.setattr(doorway, "ALL", 5)
    async with hub(tmp_path) as made, strangers(made) as connect:
        for streams in [await connect() for _ in range(5)]:
            assert b"200" in await ask(streams)
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            await (await connect())[0].readexactly(1)


async def test_who_carries_a_token_by_http_is_no_stranger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorway, "ALL", 2)
    async with hub(tmp_path) as made, strangers(made) as connect:
        token = made.keys.mint("door", 1).encode()
        for _ in range(5):
            streams = await connect()
            assert b"200" in await ask(streams, b"/me", b"Authorization: Bearer " + token + b"\r\n")


@pytest.mark.parametrize("unit", ["intercom", "intercom-hub"])
def test_the_units_allow_more_files_than_strangers_can_hold(unit: str) -> None:
    text = (Path(__file__).parent.parent / "systemd" / f"{unit}.service").read_text()
    found = re.search(r"^LimitNOFILE=(\d+)$", text, re.MULTILINE)
    assert found is not None
    assert int(found[1]) >= doorway.ALL + 1024


def test_the_crowd_has_its_size_in_all_and_by_address() -> None:
    crowd = Crowd(each=2, most=6)
    entered = [crowd.enter(who) for who in ("a", "a", "a", "", "", "", "b", "c", "")]
    assert entered == [True, True, False, True, True, True, True, False, False]
    crowd.leave("b")
    assert crowd.enter("c")
    for who in ("a", "c", "", "", ""):
        crowd.leave(who)
    assert crowd.enter("a")
    assert not crowd.enter("a")


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("127.0.0.1", ""),
        ("127.8.8.8", ""),
        ("::1", ""),
        ("::ffff:127.0.0.1", ""),
        ("::ffff:10.0.0.5", "10.0.0.5"),
        ("10.0.0.5", "10.0.0.5"),
        ("fe80::1%eth0", "fe80::1"),
        ("fd00::5", "fd00::5"),
    ],
)
def test_an_address_is_counted_as_itself(host: str, name: str) -> None:
    assert counted(host) == name
