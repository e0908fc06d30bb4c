"""A station that belongs to no hub waits for one; in this process, with a screen nobody sees."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest

from intercom.config import (
    CameraConfig,
    Config,
    HubConfig,
    PanelConfig,
    ScreenConfig,
    Secret,
    SoundConfig,
    StationConfig,
)
from intercom.enroll import client, pending, store
from intercom.enroll.code import parse
from intercom.health import Health
from intercom.station.daemon import serve
from intercom.station.enrolling import Moving, Waiting, attempt, until_enrolled
from intercom.station.layout_enroll import enroll as layout
from intercom.station.scene import Enroll

from .enroll_rig import House, house, with_other_secret


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[House]:
    """A hub."""
    async with house(tmp_path) as made:
        yield made


def config(home: House) -> Config:
    """A station that was told nothing."""
    return Config(
        station=StationConfig(key_file=str(home.key_file())),
        screen=ScreenConfig(driver="dummy"),
        panel=PanelConfig(driver="simulated"),
    )


@contextlib.asynccontextmanager
async def waiting(home: House) -> AsyncIterator[tuple[Waiting, asyncio.Task[store.Enrolled]]]:
    """A station that waits, its screen open."""
    async with AsyncExitStack() as stack:
        made = Waiting(config(home), Health(lambda: ""))
        made.sign.open(stack)
        task = asyncio.create_task(made.run())
        try:
            yield made, task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def shown(made: Waiting) -> Enroll:
    """What is on its screen."""
    assert isinstance(made.sign.scene, Enroll)
    return made.sign.scene


async def said(made: Waiting, words: str) -> None:
    """Wait until its screen says that."""
    async with asyncio.timeout(20):
        while words not in shown(made).said:  # noqa: ASYNC110 (said by a task of its own)
            await asyncio.sleep(0.02)


def touch(made: Waiting, text: str) -> None:
    """Touch the keys, in the middle of each."""
    keys = layout((800, 480)).keys
    for key in text.lower().replace("-", ""):
        area = keys[key]
        made.sign.touched(area.x + area.w // 2, area.y + area.h // 2)


async def test_a_code_is_touched_key_by_key(home: House) -> None:
    async with waiting(home) as (made, task):
        async with asyncio.timeout(20):
            await made.sign.opened.wait()
        made.typed("tab")
        for _ in "hub.local":
            made.typed("backspace")
        for key in home.address:
            made.typed(key)
        places = layout((800, 480))
        made.sign.touched(places.code.x + 5, places.code.y + 5)
        touch(made, home.invite())
        await asyncio.sleep(0)
        await said_complete(made)
        made.sign.touched(places.go.x + 5, places.go.y + 5)
        enrolled = await asyncio.wait_for(task, 20)
    assert (enrolled.user, enrolled.pin) == ("door", home.hub.pin)
    assert pending.take(home.key_file()) is None


async def said_complete(made: Waiting) -> None:
    """Wait until the touches, which come from the screen's thread, were taken."""
    async with asyncio.timeout(10):
        while not shown(made).complete:  # noqa: ASYNC110 (as above)
            await asyncio.sleep(0.01)


async def test_what_is_wrong_is_told_and_tried_no_more(home: House) -> None:
    code = home.invite()
    async with waiting(home) as (made, task):
        made.typed("return")  # there is nothing to try
        pending.put(home.key_file(), home.address, with_other_secret(code))
        await said(made, "4 more attempts")
        assert not pending.path_of(home.key_file()).exists()
        pending.put(home.key_file(), home.address, code)
        assert (await asyncio.wait_for(task, 20)).user == "door"


async def test_a_hub_that_is_away_is_tried_until_it_is_there(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        code, port = home.invite(), home.hub.port
    pending.put(home.key_file(), home.address, code)
    async with waiting(home) as (made, task):
        await said(made, "no hub at")
        async with house(tmp_path, port=port):
            assert (await asyncio.wait_for(task, 20)).user == "door"


async def test_a_broken_enrolment_is_told_and_can_be_made_anew(home: House) -> None:
    file = store.path_of(config(home))
    file.parent.mkdir()
    file.write_text("garbage")
    async with waiting(home) as (made, task):
        await said(made, "enroll this station anew")
        pending.put(home.key_file(), home.address, home.invite())
        assert (await asyncio.wait_for(task, 20)).user == "door"


async def test_who_needs_no_enrolment_does_not_wait(home: House) -> None:
    token = Config(station=StationConfig(user="a", token=Secret("t")), hub=HubConfig(url="wss://h"))
    embedded = Config(station=StationConfig(user="a"), hub=HubConfig(embedded=True))
    for some in (token, embedded):
        assert await until_enrolled(some) is some


async def test_an_enrolled_station_starts_at_once_with_a_new_code_on_its_card(
    home: House,
) -> None:
    """Its button and its screen must not wait for a hub that may not answer."""
    await home.enroll(home.invite())
    told = await until_enrolled(config(home))
    assert told is not None
    assert (told.hub.url, told.station.user) == (f"wss://{home.address}", "door")
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, says nothing
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        pending.put(home.key_file(), address, home.invite("desk"))
        async with asyncio.timeout(2):
            assert await until_enrolled(config(home)) == told
    assert pending.take(home.key_file()) is not None  # for `Moving`


@pytest.mark.parametrize("hub", ["hub.local::8443", ".", "[1.2.3.4]", "hub..local"])
async def test_an_address_that_is_none_is_told_once_and_forgotten(home: House, hub: str) -> None:
    """An earlier version, or a hand, has left it: it must not end the daemon at each start."""
    file = pending.path_of(home.key_file())
    file.parent.mkdir()
    file.write_bytes(msgspec.json.encode(pending.Pending(hub, home.invite())))
    heard: list[str] = []
    assert await attempt(config(home), heard.append) is None
    assert len(heard) == 1
    assert "no address" in heard[0]
    assert not file.exists()


async def test_what_no_library_takes_is_final(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def lenient(text: str, plain: bool = False) -> str:
        return f"wss://{text}"

    pending.put(home.key_file(), "hub.local", home.invite())
    monkeypatch.setattr(client, "hub_url", lenient)  # the check of the address has a hole
    file = pending.path_of(home.key_file())
    text = file.read_text().replace("hub.local", "hub..local")
    file.write_text(text)
    heard: list[str] = []
    assert await attempt(config(home), heard.append) is None
    assert len(heard) == 1
    assert not file.exists()


async def test_a_moved_station_tries_its_new_hub_until_it_answers(
    home: House, tmp_path: Path
) -> None:
    await home.enroll(home.invite())
    async with house(tmp_path / "other") as other:
        code, address, port = other.invite("desk"), other.address, other.hub.port
    pending.put(home.key_file(), address, code)
    told = await until_enrolled(config(home))  # there is no network yet
    assert told is not None
    assert told.station.user == "door"
    heard: list[str] = []
    ended, busy = asyncio.Event(), [True]
    moving = Moving(told, heard.append, lambda: busy[0], ended.set)
    task = asyncio.create_task(moving.run())
    async with asyncio.timeout(30):
        while not heard:  # noqa: ASYNC110 (said by a task of its own)
            await asyncio.sleep(0.02)
        assert "no hub at" in heard[0]
        async with house(tmp_path / "other", port=port):
            while pending.take(home.key_file()) is not None:  # noqa: ASYNC110 (as above)
                await asyncio.sleep(0.02)
            assert not ended.is_set()  # a call is on
            busy[0] = False
            await task
    assert ended.is_set()
    anew = await until_enrolled(config(home))
    assert anew is not None
    assert (anew.hub.url, anew.station.user) == (f"wss://{address}", "desk")


async def test_the_daemon_ends_itself_to_start_anew_as_another_device(
    home: House, tmp_path: Path
) -> None:
    await home.enroll(home.invite())
    async with house(tmp_path / "other") as other:
        pending.put(home.key_file(), other.address, other.invite("desk"))
        port = other.hub.port
    bare = Config(
        station=StationConfig(key_file=str(home.key_file())),
        camera=CameraConfig(driver="none"),
        sound=SoundConfig(driver="none"),
        panel=PanelConfig(driver="none"),
        screen=ScreenConfig(driver="none"),
    )
    told = await until_enrolled(bare)
    assert told is not None
    async with house(tmp_path / "other", port=port), asyncio.timeout(30):
        await serve(told)  # comes back by itself
    assert pending.take(home.key_file()) is None


async def test_a_code_that_is_refused_ends_nobody(home: House) -> None:
    await home.enroll(home.invite())
    pending.put(home.key_file(), home.address, "0000-0000-0000-0000")
    heard: list[str] = []
    ended = asyncio.Event()
    await Moving(config(home), heard.append, lambda: False, ended.set).run()
    assert len(heard) == 1
    assert not ended.is_set()


async def test_nothing_pending_is_nothing_to_do(home: House) -> None:
    heard: list[str] = []
    assert await attempt(config(home), heard.append) is None
    assert heard == []
    assert parse(home.invite())
