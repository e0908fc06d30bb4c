"""What the tests of enrolment share: a hub with TLS, its owner at the command line, a man in the
middle who has a certificate of his own, and requests with something wrong in them."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from intercom.calling import Calling
from intercom.config import HubConfig
from intercom.enroll import proof, wire
from intercom.enroll.client import enroll
from intercom.enroll.code import EnrollCode, parse
from intercom.enroll.key import DeviceKey
from intercom.enroll.store import Enrolled
from intercom.hub.devices_book import DeviceBook
from intercom.hub.devices_schema import FILE
from intercom.hub.server import Hub
from intercom.hub.tls import server_context
from intercom.link import pinned

from .conftest import USERS


@dataclass
class House:
    """A hub that runs, and the folder of everything."""

    hub: Hub
    folder: Path

    @property
    def address(self) -> str:
        """What a person types."""
        return f"127.0.0.1:{self.hub.port}"

    @property
    def book(self) -> DeviceBook:
        """The hub's book, as another process opens it."""
        return DeviceBook(self.folder / "hub" / FILE)

    def invite(self, user: str = "door", seconds: float = 900) -> str:
        """What `intercom invite` does."""
        with contextlib.closing(self.book) as book:
            return book.invite(user, seconds).text()

    def key_file(self, station: str = "station") -> Path:
        """Where a station has its key."""
        return self.folder / station / "device.key"

    async def enroll(self, code: str, station: str = "station", hub: str = "") -> Enrolled:
        """What `intercom enroll` does."""
        return await enroll(hub or self.address, code, self.key_file(station), name=station)

    def devices(self) -> list[str]:
        """Who is in the book, as users."""
        with contextlib.closing(self.book) as book:
            return [device.user_id for device in book.devices() if device.revoked is None]

    @contextlib.asynccontextmanager
    async def client(self, enrolled: Enrolled, station: str = "station") -> AsyncIterator[Calling]:
        """An enrolled station, not logged in yet."""
        calling = Calling(enrolled.url, ssl_context=pinned(enrolled.pin))
        try:
            yield calling
        finally:
            await calling.logout()

    async def login(self, calling: Calling, user: str = "door", station: str = "station") -> None:
        """Log in by the station's key."""
        await calling.login(user, DeviceKey.load(self.key_file(station)))


@contextlib.asynccontextmanager
async def house(folder: Path, **config: Any) -> AsyncIterator[House]:
    """A hub on every network, and so with TLS."""
    settings: dict[str, Any] = {
        "listen": "0.0.0.0",
        "port": 0,
        "state_dir": str(folder / "hub"),
        "users": USERS,
    }
    hub = Hub(HubConfig(**(settings | config)))
    await hub.start()
    try:
        yield House(hub, folder)
    finally:
        await hub.stop()


@contextlib.asynccontextmanager
async def man_in_the_middle(hub: Hub, folder: Path) -> AsyncIterator[str]:
    """One who reads and passes on everything, behind a certificate of his own; his address."""
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    theirs.check_hostname, theirs.verify_mode = False, ssl.CERT_NONE
    mine, _ = server_context("", "", folder)
    tasks: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.transport.abort()

    async def between(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", hub.port, ssl=theirs)
        for ends in ((reader, back), (there, writer)):
            tasks.add(asyncio.create_task(pump(*ends)))

    server = await asyncio.start_server(between, "127.0.0.1", 0, ssl=mine)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Raw:
    """A station of one's own make: it asks what it is told to."""

    def __init__(self, house: House, key: DeviceKey) -> None:
        self.house, self.key = house, key

    async def post(self, body: object) -> tuple[int, bytes]:
        """Post that, as JSON if it is not bytes; return status and body."""
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        async with (
            aiohttp.ClientSession() as http,
            http.post(
                f"https://{self.house.address}/enroll",
                data=data,
                ssl=aiohttp.Fingerprint(bytes.fromhex(self.house.hub.pin)),
            ) as response,
        ):
            return response.status, await response.read()

    async def nonce(self, code: EnrollCode) -> bytes:
        """Ask for a nonce."""
        status, body = await self.post(wire.Ask(1, code.id))
        assert status == 200, body
        return msgspec.json.decode(body, type=wire.Nonce).hub_nonce

    async def proof(
        self, code: str, change: Callable[[wire.Prove], wire.Prove] = lambda said: said
    ) -> wire.Prove:
        """A good proof, changed."""
        parsed = parse(code)
        nonce = await self.nonce(parsed)
        exchange = proof.Exchange(
            parsed.id, self.house.hub.pin, self.key.public, "raw", nonce, b"s" * 16
        )
        secret = await asyncio.to_thread(proof.derive, parsed, nonce)
        return change(
            wire.Prove(
                1,
                parsed.id,
                nonce,
                exchange.station_nonce,
                self.key.public,
                proof.station_proof(secret, exchange),
                self.key.private.sign(proof.to_sign(exchange)),
                "raw",
            )
        )


def with_other_secret(code: str) -> str:
    """A code that names the same invitation, and has another secret."""
    parsed = parse(code)
    turned = parsed.secret[1:] + parsed.secret[0]
    return replace(parsed, secret=turned if turned != parsed.secret else "0" * 12).text()
