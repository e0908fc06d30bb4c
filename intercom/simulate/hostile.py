"""A stranger at the hub's door: connections that say what no client says."""

from __future__ import annotations

import asyncio
import contextlib
from random import Random

import aiohttp

TRIES = ("bytes", "text", "binary", "token", "huge", "silent", "half")
"""The ways to be a nuisance."""


class Stranger:
    """Draws what it does from a seed of its own, so that it takes nothing from the decisions."""

    def __init__(self, port: int, seed: int) -> None:
        self._port = port
        self._rng = Random(seed)

    async def annoy(self) -> None:
        """Connect, say something wrong, and go when the hub hangs up, or after some seconds."""
        how = self._rng.choice(TRIES)
        noise = self._rng.randbytes(self._rng.randint(1, 2000))
        with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
            async with asyncio.timeout(8):
                if how in {"bytes", "half"}:
                    await self._raw(noise if how == "bytes" else b"GET /ws HTTP/1.1\r\nHost:")
                else:
                    await self._socket(how, noise)

    async def _raw(self, data: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(data)
            await reader.read(65536)
        finally:
            writer.transport.abort()

    async def _socket(self, how: str, noise: bytes) -> None:
        url = f"ws://127.0.0.1:{self._port}/ws"
        hello = '{"t":"hello","versions":[1,1],"user_id":"u000","user_sig":"e30.e30.e30"}'
        async with aiohttp.ClientSession() as http, http.ws_connect(url) as ws:
            match how:
                case "text":
                    await ws.send_str(noise.decode("latin-1"))
                case "binary":
                    await ws.send_bytes(noise)
                case "token":
                    await ws.send_str(hello)
                case "huge":
                    await ws.send_str("x" * 70_000)
                case _:
                    pass  # says nothing
            while (await ws.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
