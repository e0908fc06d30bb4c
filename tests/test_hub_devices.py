"""Devices at a running hub: they log in by their keys, and are out the moment they are revoked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from intercom import Calling, Event, State
from intercom import protocol as p
from intercom.enroll.key import DeviceKey
from intercom.enroll.store import Enrolled
from intercom.errors import Code, LoginError
from intercom.hub.devices_schema import FILE
from intercom.link import pinned

from .enroll_rig import House, house
from .hub_rig import Raw, Visitors

REVOKED = "this device was revoked at the hub; enroll it again"


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[House]:
    """A hub."""
    async with house(tmp_path) as made:
        yield made


class Station(Calling):
    """An enrolled station that remembers what it is told."""

    def __init__(self, enrolled: Enrolled) -> None:
        super().__init__(enrolled.url, ssl_context=pinned(enrolled.pin))
        self.heard: asyncio.Queue[tuple[Event, dict[str, object]]] = asyncio.Queue()
        for event in Event:
            self.on(event, self._hear, event)

    def _hear(self, event: Event, payload: dict[str, object]) -> None:
        self.heard.put_nowait((event, payload))

    async def hear(self, wanted: Event) -> dict[str, object]:
        """Return the payload of the next event of that kind."""
        async with asyncio.timeout(10):
            while True:
                event, payload = await self.heard.get()
                if event is wanted:
                    return payload


@pytest.fixture
async def stations(home: House) -> AsyncIterator[dict[str, Station]]:
    """The door and the kitchen, enrolled and logged in."""
    async with contextlib.AsyncExitStack() as stack:
        made = {}
        for user in ("door", "indoor"):
            made[user] = Station(await home.enroll(home.invite(user), user))
            stack.push_async_callback(made[user].logout)
            await made[user].login(user, DeviceKey.load(home.key_file(user)))
        yield made


def revoke(home: House, user: str) -> None:
    """What `intercom revoke` does."""
    with contextlib.closing(home.book) as book:
        [device] = [device for device in book.devices() if device.user_id == user]
        book.revoke(device.device)


async def test_a_revoked_device_is_out_at_once_and_its_call_over(
    home: House, stations: dict[str, Station]
) -> None:
    door, indoor = stations["door"], stations["indoor"]
    await door.call("indoor")
    await indoor.hear(Event.INVITED)
    await indoor.accept()
    await door.hear(Event.USER_ACCEPT)
    revoke(home, "door")
    async with asyncio.timeout(3):
        assert await door.hear(Event.KICKED_OUT) == {"reason": REVOKED}
        assert (await indoor.hear(Event.CALL_END))["reason"] == "hangup"
    assert door.state is State.IDLE
    with pytest.raises(LoginError, match=REVOKED) as error:
        await door.login("door", DeviceKey.load(home.key_file("door")))
    assert error.value.code is Code.UNKNOWN_DEVICE
    assert indoor.state is State.IDLE  # and nobody else was touched
    assert (await indoor.http.request("GET", "/healthz")) is not None


async def test_an_enrolment_does_not_hide_a_revocation(
    home: House, stations: dict[str, Station]
) -> None:
    """The hub reads the book for the one, and must see the other in it, too."""
    code = home.invite()
    revoke(home, "door")
    await home.enroll(code)
    assert await stations["door"].hear(Event.KICKED_OUT) == {"reason": REVOKED}


async def test_a_revoked_device_comes_back_by_a_new_code_only(
    home: House, stations: dict[str, Station]
) -> None:
    revoke(home, "door")
    await stations["door"].hear(Event.KICKED_OUT)
    await home.enroll(home.invite(), "door")
    await stations["door"].login("door", DeviceKey.load(home.key_file("door")))


async def test_the_code_that_enrolled_it_does_not_help_a_revoked_device(home: House) -> None:
    code = home.invite()
    await home.enroll(code)
    revoke(home, "door")
    with pytest.raises(Exception, match="no code of this hub"):
        await home.enroll(code)


async def test_it_comes_back_by_itself_when_the_hub_was_away(tmp_path: Path) -> None:
    async with contextlib.AsyncExitStack() as stack:
        async with house(tmp_path) as home:
            door = Station(await home.enroll(home.invite()))
            stack.push_async_callback(door.logout)
            await home.login(door)
            await door.hear(Event.SDK_READY)
            port = home.hub.port
        async with house(tmp_path, port=port):
            await door.hear(Event.SDK_READY)


async def test_what_is_asked_over_http_needs_no_token(
    home: House, stations: dict[str, Station]
) -> None:
    """A session's secret stands for the login, as long as it lasts."""
    door = stations["door"]
    secret = door.http.user_sig
    assert len(secret) >= 22
    for wrong in ("", secret[:-1], secret + "x", "\u00e4", secrets.token_urlsafe(16)):
        assert await status(home, wrong) == 401
    assert await status(home, secret) == 404  # known, but there is no such message
    revoke(home, "door")
    await door.hear(Event.KICKED_OUT)
    assert await status(home, secret) == 401
    assert await status(home, stations["indoor"].http.user_sig) == 404
    await stations["indoor"].link.close(bye=True)
    assert await status(home, secret) == 401


async def status(home: House, bearer: str) -> int:
    """What the hub answers to a request with that."""
    async with (
        aiohttp.ClientSession() as http,
        http.get(
            f"https://{home.address}/messages/{'x' * 22}/sound.wav",
            headers={"Authorization": f"Bearer {bearer}"},
            ssl=aiohttp.Fingerprint(bytes.fromhex(home.hub.pin)),
        ) as response,
    ):
        return response.status


async def test_a_device_is_that_of_one_user(home: House) -> None:
    enrolled = await home.enroll(home.invite())
    async with home.client(enrolled) as calling:
        with pytest.raises(LoginError, match='enrolled as "door", not as "indoor"') as error:
            await home.login(calling, "indoor")
    assert error.value.code is Code.TOKEN_OTHER_USER


# -- what a device may say ----------------------------------------------------------------------


@pytest.fixture
async def plain(tmp_path: Path) -> AsyncIterator[tuple[House, Visitors, DeviceKey]]:
    """A hub without TLS, raw connections to it, and the key of a device it knows."""
    async with house(tmp_path, listen="127.0.0.1") as home, Visitors(home.hub) as visitors:
        await home.enroll(home.invite(), hub=home.hub.url)
        yield home, visitors, DeviceKey.load(home.key_file())


def hello(key: DeviceKey, sig: str = "", user: str = "door", device: str = "") -> str:
    """The hello of a device."""
    raw = {"t": "hello", "versions": [1, 1], "user_id": user, "user_sig": sig}
    return json.dumps(raw | {"device": device or key.device})


async def challenged(raw: Raw, key: DeviceKey) -> str:
    """Say hello; return the hub's nonce."""
    await raw.say(hello(key))
    challenge = await raw.hear()
    assert isinstance(challenge, p.Challenge)
    return challenge.nonce


async def test_an_answer_is_good_for_one_challenge(
    plain: tuple[House, Visitors, DeviceKey],
) -> None:
    _, visitors, key = plain
    first, second = await visitors.open(), await visitors.open()
    nonce, other = await challenged(first, key), await challenged(second, key)
    assert nonce != other
    answer = key.sign_login("door", nonce, "")
    await first.say(hello(key, answer))
    assert isinstance(await first.hear(), p.Welcome)
    await second.say(hello(key, answer))  # heard on the wire, and played again
    [error] = [m for m in (await second.end())[0] if isinstance(m, p.Error)]
    assert error.code == Code.TOKEN_EXPIRED


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ('{"t":"ping"}', Code.NOT_LOGGED_IN),
        ('{"t":"hello","versions":[1,1],"user_id":"door","user_sig":""}', Code.TOKEN_MALFORMED),
        (
            '{"t":"hello","versions":[1,1],"user_id":"door","user_sig":"x.y.z"}',
            Code.TOKEN_MALFORMED,
        ),
        ("garbage", Code.PROTOCOL),
    ],
)
async def test_what_is_no_answer(
    plain: tuple[House, Visitors, DeviceKey], answer: str, code: Code
) -> None:
    _, visitors, key = plain
    raw = await visitors.open()
    await challenged(raw, key)
    await raw.say(answer)
    [error] = [m for m in (await raw.end())[0] if isinstance(m, p.Error)]
    assert error.code == code


async def test_a_token_of_the_hub_is_no_answer_of_a_device(
    plain: tuple[House, Visitors, DeviceKey],
) -> None:
    home, visitors, key = plain
    raw = await visitors.open()
    await challenged(raw, key)
    await raw.say(hello(key, home.hub.keys.mint("door", days=1)))
    [error] = [m for m in (await raw.end())[0] if isinstance(m, p.Error)]
    assert error.code == Code.TOKEN_MALFORMED


@pytest.mark.parametrize("device", ["a" * 16, "x", "\u00e4", "' OR 1=1 --"])
async def test_a_device_that_nobody_knows(
    plain: tuple[House, Visitors, DeviceKey], device: str
) -> None:
    _, visitors, key = plain
    raw = await visitors.open()
    await raw.say(hello(key, device=device))
    [error] = [m for m in (await raw.end())[0] if isinstance(m, p.Error)]
    assert error.code == Code.UNKNOWN_DEVICE
    assert "intercom invite door" in error.msg


# -- a book that cannot be used -----------------------------------------------------------------


async def test_a_hub_runs_without_its_book_and_with_it_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "hub").mkdir()
    book = tmp_path / "hub" / FILE
    book.write_bytes(b"garbage" * 1000)
    async with house(tmp_path) as home:
        assert any("book of devices cannot be used" in r.getMessage() for r in caplog.records)
        with pytest.raises(sqlite3.DatabaseError):
            home.invite()
        token = home.hub.keys.mint("door", days=1)
        calling = Calling(home.hub.url, ssl_context=pinned(home.hub.pin))
        await calling.login("door", token)
        await calling.logout()
        book.unlink()
        enrolled = await home.enroll(home.invite())
        async with home.client(enrolled) as device:
            await home.login(device)


async def test_a_disk_that_fails_logs_nobody_out(
    home: House, stations: dict[str, Station], caplog: pytest.LogCaptureFixture
) -> None:
    book = home.folder / "hub" / FILE
    with book.open("r+b") as file:
        kept = file.read()
        file.seek(0)
        file.write(b"x" * len(kept))
    async with asyncio.timeout(10):
        while not any("book of devices" in r.getMessage() for r in caplog.records):  # noqa: ASYNC110 (a log has no event)
            await asyncio.sleep(0.05)
    await stations["door"].call("indoor")
    await stations["indoor"].hear(Event.INVITED)
    book.write_bytes(kept)
    revoke(home, "door")
    assert await stations["door"].hear(Event.KICKED_OUT) == {"reason": REVOKED}
