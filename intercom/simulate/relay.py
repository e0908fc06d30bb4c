"""A TCP wire between a client and the hub that breaks in the ways wires break."""

from __future__ import annotations

import asyncio
import contextlib
from asyncio import StreamReader, StreamWriter

from intercom.tasks import Tasks

CHUNK = 65536


class _Pair:
    """One connection: the client's end and the hub's. `frozen`: it swallows what it is given."""

    def __init__(self, ends: tuple[StreamWriter, StreamWriter]) -> None:
        self.ends = ends
        self.frozen = False

    def abort(self) -> None:
        for end in self.ends:
            end.transport.abort()


class Wire:
    """A listening port of loopback, and what goes through it to the hub's port."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._pairs: set[_Pair] = set()
        self._tasks = Tasks("a wire")
        self._frozen = False
        self._flows = asyncio.Event()
        self._flows.set()
        self.delay = 0.0
        """Seconds that each piece takes, one after the other."""

    async def start(self) -> None:
        """Listen; then `url` is known."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)

    @property
    def url(self) -> str:
        """Where the client connects to."""
        assert self._server is not None, "started first"
        return f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    @property
    def faulty(self) -> bool:
        """Whether it does not carry everything at once."""
        return self._frozen or self.delay > 0 or not self._flows.is_set()

    def cut(self) -> None:
        """Reset every connection, at both ends."""
        for pair in list(self._pairs):
            pair.abort()

    def freeze(self) -> None:
        """Swallow everything, and tell nobody: the wire is half open, new connections too."""
        self._frozen = True
        for pair in self._pairs:
            pair.frozen = True

    def stall(self) -> None:
        """Hold everything back, until it heals."""
        self._flows.clear()

    def heal(self) -> None:
        """Be a good wire again; connections that have lost something are reset."""
        self._frozen, self.delay = False, 0.0
        self._flows.set()
        for pair in list(self._pairs):
            if pair.frozen:
                pair.abort()

    async def close(self) -> None:
        """Reset what is left, and listen no more; idempotent."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
            self.cut()
            await self._tasks.close()
            await server.wait_closed()

    def _accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        if self._tasks.spawn(self._carry(reader, writer)) is None:
            writer.transport.abort()

    async def _carry(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        pair = _Pair((writer, back))
        pair.frozen = self._frozen
        self._pairs.add(pair)
        try:
            await asyncio.gather(self._pump(pair, reader, back), self._pump(pair, there, writer))
        finally:
            self._pairs.discard(pair)
            pair.abort()

    async def _pump(self, pair: _Pair, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            while data := await reader.read(CHUNK):
                if self.delay:
                    await asyncio.sleep(self.delay)
                await self._flows.wait()
                if pair.frozen:
                    continue
                if writer.transport.is_closing():
                    break
                writer.write(data)
                await writer.drain()
        except OSError:
            if not pair.frozen:
                writer.transport.abort()
            return
        if not pair.frozen:
            with contextlib.suppress(OSError):
                writer.close()
