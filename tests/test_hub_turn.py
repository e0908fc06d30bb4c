"""Time-limited TURN credentials: made by the hub, judged by a real coturn."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from intercom import Calling
from intercom import protocol as p
from intercom.config import HubConfig, IceServer, InvalidConfig, Secret, dump, load
from intercom.hub import server as hub_server
from intercom.hub import turn
from intercom.hub.server import Hub
from intercom.hub.turn import Renewals, credentials
from intercom.media import Media, Route
from intercom.media.servers import Servers

from .conftest import USERS
from .hub_rig import Raw, Visitors, hello
from .media_rig import TestDevices, until
from .turn_server import SECRET, TurnServer, available, turn_server

NOW = 1_790_000_000.0
needs_coturn = pytest.mark.skipif(not available(), reason="coturn and openssl are not installed")

# -- who gets what, and when -----------------------------------------------------------------


def test_the_credentials_are_those_that_openssl_makes() -> None:
    # printf 1790000600:door | openssl dgst -sha1 -hmac "north gate" -binary | base64
    assert credentials("north gate", "door", NOW + 0.9) == (
        "1790000600:door",
        "Svo2oZ5Tp6EjAacxViQdWUuYK0U=",
    )


def test_each_is_due_in_time_and_once() -> None:
    renewals = Renewals(0.0, NOW)
    renewals.add(1, 0.0)
    renewals.add(2, 10.0)
    assert renewals.due(turn.RENEW - 1, NOW + turn.RENEW - 1) == []
    assert renewals.due(turn.RENEW, NOW + turn.RENEW) == [1]
    renewals.add(1, turn.RENEW)
    assert renewals.due(turn.RENEW + 10, NOW + turn.RENEW + 10) == [2]
    assert renewals.due(turn.RENEW + 11, NOW + turn.RENEW + 11) == []
    assert turn.RENEW < turn.LIFETIME / 1.9


@pytest.mark.parametrize("step", [-3600.0, 1e9])
def test_all_are_due_when_the_clock_was_set(step: float) -> None:
    renewals = Renewals(0.0, NOW)
    for number in (1, 2):
        renewals.add(number, 0.0)
    assert renewals.due(1.0, NOW + 1 + turn.STEP / 2) == []
    assert renewals.due(2.0, NOW + 2 + step) == [1, 2]
    for number in (1, 2):
        renewals.add(number, 2.0)
    assert renewals.due(3.0, NOW + 3 + step) == []


# -- the configuration -----------------------------------------------------------------------


def configured(entry: str) -> HubConfig:
    return load(f"[hub]\nlisten = '127.0.0.1'\nice_servers = [{entry}]", "hub.toml", "hub").hub


def test_a_secret_is_kept() -> None:
    text = "[hub]\nlisten = '127.0.0.1'\nice_servers = [{urls = ['turn:t'], secret = 'hush'}]"
    config = load(text, "hub.toml", "hub")
    assert config.hub.ice_servers[0].secret.reveal() == "hush"
    assert "hush" not in dump(config)
    assert "hush" not in repr(config)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{urls=['turn:t'], secret='s', username='u'}", "[0].secret: excludes username"),
        ("{urls=['turn:t'], secret='s', credential='c'}", "[0].secret: excludes username"),
        ("{urls=['stun:t'], secret='s'}", "[0].secret: needs a turn: or turns: URL"),
        ("{urls=['stun:t'], username='s', credential='c'}", "[0].username: needs a turn:"),
    ],
)
def test_what_contradicts_itself_is_refused(entry: str, words: str) -> None:
    with pytest.raises(InvalidConfig) as error:
        configured(entry)
    assert words in str(error.value)


@pytest.mark.parametrize("urls", ["'turns:t'", "'stun:t', 'turn:t?transport=tcp'"])
def test_what_can_be_used_is_taken(urls: str) -> None:
    assert len(configured(f"{{urls=[{urls}], secret='s'}}").ice_servers) == 1


# -- hub, client and TURN server -------------------------------------------------------------


@pytest.fixture(scope="module")
def coturn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TurnServer]:
    with turn_server(tmp_path_factory.mktemp("coturn")) as server:
        yield server


@asynccontextmanager
async def hub_with(folder: Path, *servers: IceServer) -> AsyncIterator[Visitors]:
    """Visitors of a hub that tells of these servers."""
    hub = Hub(HubConfig(port=0, state_dir=str(folder), users=USERS, ice_servers=servers))
    await hub.start()
    try:
        async with Visitors(hub) as visitors:
            yield visitors
    finally:
        await hub.stop()


async def login(visitors: Visitors) -> tuple[Raw, list[dict[str, Any]]]:
    """Log the door in; return what it is told of servers."""
    raw = await visitors.open()
    await raw.say(hello(visitors.hub, "door"))
    welcome = await raw.hear()
    assert isinstance(welcome, p.Welcome)
    return raw, [dict(server) for server in welcome.ice_servers]


async def route(servers: list[dict[str, Any]]) -> Route:
    """What a client may use, after it has asked these servers."""
    asked = Servers(Route())
    asked.configure(servers)
    found = await asked.route()
    await asked.close()
    return found


def said(caplog: pytest.LogCaptureFixture) -> str:
    lines = (r.getMessage() for r in caplog.records if r.name == "intercom.media.servers")
    return " | ".join(lines)


@needs_coturn
async def test_what_the_hub_makes_is_accepted(coturn: TurnServer, tmp_path: Path) -> None:
    server = IceServer(urls=(coturn.udp, coturn.tcp), secret=Secret(SECRET))
    stun = IceServer(urls=(f"stun:127.0.0.1:{coturn.port}",))
    async with hub_with(tmp_path, stun, server) as visitors:
        _, told = await login(visitors)
    assert told[0] == {"urls": [f"stun:127.0.0.1:{coturn.port}"]}
    until, _, user = told[1]["username"].partition(":")
    assert user == "door"
    assert 590 < int(until) - time.time() <= 600
    for url in server.urls:
        found = await route([told[1] | {"urls": url}])
        assert found.turn is not None
        assert found.turn.url == url


@needs_coturn
async def test_expired_ones_are_refused(
    coturn: TurnServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(turn, "LIFETIME", -120.0)
    async with hub_with(tmp_path, IceServer(urls=(coturn.udp,), secret=Secret(SECRET))) as visitors:
        _, told = await login(visitors)
    assert (await route(told)).turn is None
    assert "the credentials expired 2 min ago" in said(caplog)


@needs_coturn
async def test_another_secret_is_refused(
    coturn: TurnServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with hub_with(tmp_path, IceServer(urls=(coturn.udp,), secret=Secret("other"))) as hub:
        _, told = await login(hub)
    assert (await route(told)).turn is None
    assert "it does not accept username and credential" in said(caplog)
    assert "other" not in caplog.text


@needs_coturn
async def test_clients_get_new_ones_again_and_again(
    coturn: TurnServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "RENEW", 0.3)
    monkeypatch.setattr(hub_server, "SWEEP", 0.02)
    async with hub_with(tmp_path, IceServer(urls=(coturn.udp,), secret=Secret(SECRET))) as visitors:
        raw, first = await login(visitors)
        gone, _ = await login(visitors)  # takes the place of the first: that one hears no more
        await raw.hear_a(p.Kicked)
        seen = {first[0]["username"]}
        while len(seen) < 3:  # a new one each second: they count whole seconds
            servers = (await gone.hear_a(p.IceServers)).ice_servers
            seen.add(servers[0]["username"])
        found = await route(servers)
        assert found.turn is not None


async def test_lasting_ones_are_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "RENEW", 0.01)
    monkeypatch.setattr(hub_server, "SWEEP", 0.01)
    server = IceServer(urls=("turn:t",), username="u", credential=Secret("c"))
    async with hub_with(tmp_path, server) as visitors:
        raw, told = await login(visitors)
        assert told == [{"urls": ["turn:t"], "username": "u", "credential": "c"}]
        await asyncio.sleep(0.2)
        await raw.say(p.Ping())
        assert isinstance(await raw.hear(), p.Pong)


@needs_coturn
async def test_a_client_uses_the_new_ones(
    coturn: TurnServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A station that was logged in for hours, by a hub whose clock was wrong: and then right."""
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(turn, "RENEW", 1.0)
    monkeypatch.setattr(turn, "LIFETIME", -60.0)
    async with hub_with(tmp_path, IceServer(urls=(coturn.udp,), secret=Secret(SECRET))) as visitors:
        hub = visitors.hub
        client = Calling(hub=hub.url, media=Media(TestDevices()))
        await client.login("door", hub.keys.mint("door", 1))
        await until(lambda: "TURN server: none; left out" in said(caplog))
        monkeypatch.setattr(turn, "LIFETIME", 600.0)
        await until(lambda: said(caplog).endswith(f"TURN server: {coturn.udp}"))
        await client.logout()
