"""A station finds its hub and logs in there, however long it takes. With a real hub."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from intercom.calling import Calling
from intercom.config import Config, HubConfig, Secret, StationConfig
from intercom.demo.stage import free_port
from intercom.enroll.client import enroll
from intercom.enroll.key import DeviceKey
from intercom.hub.devices_book import DeviceBook
from intercom.hub.devices_schema import FILE
from intercom.hub.server import Hub
from intercom.link import pinned
from intercom.station import login as module
from intercom.station.login import Access, Login, News, NoHub, Ready, Refused

from .conftest import USERS


class Station:
    """A station's login, and what it says."""

    def __init__(self, config: Config, access: Access) -> None:
        self.news: asyncio.Queue[News] = asyncio.Queue()
        self.kicked: asyncio.Queue[str] = asyncio.Queue(1)
        self.calling = Calling(access.url, ssl_context=pinned(access.pin))
        login = Login(self.calling, config.station.user, access, self.kicked, self.news.put_nowait)
        self.task = asyncio.create_task(login.run())

    async def hear(self) -> News:
        return await asyncio.wait_for(self.news.get(), 10)

    async def close(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.calling.logout()


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as made:
        yield made


async def start(config: Config, stack: AsyncExitStack) -> Station:
    """A station whose end the stack takes care of."""
    station = Station(config, await Access.open(config, stack))
    stack.push_async_callback(station.close)
    return station


@pytest.mark.parametrize("listen", ["127.0.0.1", "0.0.0.0", "::", "::1"])
async def test_a_station_with_the_hub_in_it_needs_no_token(
    tmp_path: Path, stack: AsyncExitStack, listen: str
) -> None:
    hub = HubConfig(embedded=True, listen=listen, port=0, state_dir=str(tmp_path), users=USERS)
    station = await start(Config(station=StationConfig(user="indoor"), hub=hub), stack)
    assert await station.hear() == Ready()


async def test_it_waits_for_a_hub_and_comes_back_after_a_logout(
    tmp_path: Path, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REFUSED_RETRY", 0.01)
    port, token = free_port(), tmp_path / "token"
    hub = Hub(HubConfig(port=port, state_dir=str(tmp_path / "state"), users=USERS))
    token.write_text(hub.keys.mint("door", 1) + "\n")
    config = Config(
        station=StationConfig(user="door", token_file=str(token)),
        hub=HubConfig(url=f"ws://127.0.0.1:{port}"),
    )
    station = await start(config, stack)
    assert isinstance(await station.hear(), NoHub)
    await hub.start()
    stack.push_async_callback(hub.stop)
    while (news := await station.hear()) != Ready():
        assert isinstance(news, NoHub)
    station.kicked.put_nowait("somebody else logged in")
    assert await station.hear() == Refused("This station was logged out", "somebody else logged in")
    assert await station.hear() == Ready()


async def test_a_hub_whose_name_no_resolver_takes_is_no_hub(stack: AsyncExitStack) -> None:
    config = Config(
        station=StationConfig(user="door", token=Secret("t")),
        hub=HubConfig(url="wss://hub..local:8443"),  # from an enrolment: the file is checked
    )
    station = await start(config, stack)
    news = await station.hear()
    assert isinstance(news, NoHub)
    assert "hub..local" in news.message
    assert isinstance(await station.hear(), NoHub)  # and is tried again


@pytest.mark.parametrize(
    ("content", "title"),
    [
        (None, "No token for the hub"),
        (b"nonsense", "The hub refuses this station"),
        (b"\xff\xfe\x00", "The hub refuses this station"),
    ],
)
async def test_a_token_that_is_none_is_told_and_read_anew(
    tmp_path: Path,
    stack: AsyncExitStack,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes | None,
    title: str,
) -> None:
    monkeypatch.setattr(module, "REFUSED_RETRY", 0.05)
    hub = Hub(HubConfig(port=0, state_dir=str(tmp_path / "state"), users=USERS))
    await hub.start()
    stack.push_async_callback(hub.stop)
    token = tmp_path / "token"
    if content is not None:
        token.write_bytes(content)
    config = Config(
        station=StationConfig(user="door", token_file=str(token)), hub=HubConfig(url=hub.url)
    )
    station = await start(config, stack)
    refused = await station.hear()
    assert isinstance(refused, Refused)
    assert refused.title == title
    assert "nonsense" not in refused.message
    token.write_text(hub.keys.mint("door", 1))
    while (news := await station.hear()) != Ready():
        assert isinstance(news, Refused)


async def test_a_key_that_is_not_there_or_not_enrolled_is_told_with_the_remedy(
    tmp_path: Path, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REFUSED_RETRY", 0.05)
    hub = Hub(HubConfig(port=0, state_dir=str(tmp_path / "state"), users=USERS))
    await hub.start()
    stack.push_async_callback(hub.stop)
    key_file = tmp_path / "device.key"
    config = Config(
        station=StationConfig(user="door", key_file=str(key_file)), hub=HubConfig(url=hub.url)
    )
    station = await start(config, stack)
    no_key = await station.hear()
    assert isinstance(no_key, Refused)
    assert (no_key.title, no_key.remedy) == ("No key for the hub", module.ENROLL)
    DeviceKey.load_or_make(key_file)
    while (news := await station.hear()) == no_key:
        pass
    assert isinstance(news, Refused)
    assert "not enrolled at this hub" in news.message
    assert news.remedy == module.ENROLL
    with contextlib.closing(DeviceBook(tmp_path / "state" / FILE)) as book:
        code = book.invite("door", 900).text()
    await enroll(hub.url, code, key_file)
    while (news := await station.hear()) != Ready():
        assert isinstance(news, Refused)
