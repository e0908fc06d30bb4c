"""Raw clients of a hub, and a wire that can be cut or stopped: for the shells' tests."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any, Self

import aiohttp
from aiohttp import WSMsgType

from intercom import protocol as p
from intercom.hub.server import Hub


def hello(hub: Hub, user: str, **more: Any) -> str:
    """The hello of a user with a good token, with whatever is to be wrong in it."""
    raw = {
        "t": "hello",
        "versions": [1, 1],
        "user_id": user,
        "user_sig": hub.keys.mint(user, days=1),
    }
    return json.dumps(raw | more)


class Raw:
    """A WebSocket that says what it is told to, and tells what it hears."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws

    async def say(self, text: str | p.Message) -> None:
        """Send a text frame."""
        await self.ws.send_str(text if isinstance(text, str) else p.encode(text))

    async def hear(self) -> p.HubMessage:
        """Return the next message."""
        frame = await self.ws.receive(timeout=5)
        assert frame.type is WSMsgType.TEXT, frame
        return p.decode_hub(frame.data)

    async def hear_a(self, kind: type[p.Message]) -> Any:
        """Return the next message of that kind."""
        while not isinstance(message := await self.hear(), kind):
            pass
        return message

    async def end(self) -> tuple[list[p.HubMessage], int | None]:
        """Return what else is heard, and the code with which the hub closes."""
        heard = []
        while (frame := await self.ws.receive(timeout=10)).type is WSMsgType.TEXT:
            heard.append(p.decode_hub(frame.data))
        return heard, self.ws.close_code

    async def alive(self) -> None:
        """See that the hub still answers."""
        await self.say(p.Ping())
        await self.hear_a(p.Pong)


class Visitors:
    """Opens raw connections to a hub, and closes them all."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._http = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=20),
            connector=aiohttp.TCPConnector(force_close=True),
        )
        self._open: list[Raw] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        for raw in self._open:
            await raw.ws.close()
        await self._http.close()

    @property
    def url(self) -> str:
        """Where the hub is."""
        return f"http://127.0.0.1:{self.hub.port}"

    async def open(self, **options: Any) -> Raw:
        """Connect, and say nothing yet."""
        wait = aiohttp.ClientWSTimeout(ws_close=0.2)
        raw = Raw(await self._http.ws_connect(f"{self.url}/ws", timeout=wait, **options))
        self._open.append(raw)
        return raw

    async def login(self, user: str, **more: Any) -> Raw:
        """Connect and log in."""
        raw = await self.open()
        await raw.say(hello(self.hub, user, **more))
        assert isinstance(await raw.hear(), p.Welcome)
        return raw

    async def get(self, path: str) -> tuple[int, str]:
        """Return the status and the text of a page."""
        async with self._http.get(self.url + path) as response:
            return response.status, await response.text()


class Proxy:
    """A TCP wire to a port of loopback. `stopped` lets nothing through, `cut` aborts it."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.stopped = asyncio.Event()
        self.accepted = 0
        self._news = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._wires: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where to connect to."""
        assert self._server is not None
        return f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._wire, "127.0.0.1", 0)

    async def tried(self, times: int) -> None:
        """Wait until somebody has connected so many times more."""
        aim = self.accepted + times
        while self.accepted < aim:
            self._news.clear()
            await asyncio.wait_for(self._news.wait(), 5)

    def cut(self) -> None:
        """Abort every connection: no goodbye, no FIN."""
        for writer in self._wires:
            writer.transport.abort()

    async def close(self) -> None:
        """Cut, and listen no more."""
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _wire(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self._news.set()
        self._wires.add(writer)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._wires.add(back)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(self._pump(reader, back), self._pump(there, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if not self.stopped.is_set():
                    writer.write(data)
                    await writer.drain()
        writer.transport.abort()


@contextlib.asynccontextmanager
async def proxy(target: int) -> AsyncIterator[Proxy]:
    """A wire to a port, closed in the end."""
    made = Proxy(target)
    await made.start()
    try:
        yield made
    finally:
        await made.close()
