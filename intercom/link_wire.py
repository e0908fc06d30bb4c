"""One connection to the hub: hello, then messages both ways, and a heartbeat."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Callable

import aiohttp
from msgspec.structs import replace

from intercom import protocol as p
from intercom.enroll.key import DeviceKey
from intercom.errors import Code, LoginError, ProtocolError

LOGIN_TIMEOUT = 5.0
BYE_TIMEOUT = 0.5
SEND_QUEUE = 64
LOGIN_CODES = frozenset(
    {
        Code.TOKEN_EXPIRED,
        Code.TOKEN_MALFORMED,
        Code.TOKEN_BAD_SIGNATURE,
        Code.TOKEN_OTHER_USER,
        Code.UNKNOWN_USER,
        Code.UNKNOWN_DEVICE,
        Code.VERSION,
        Code.NOT_PERMITTED,
    }
)


class Wire:
    """A connected socket; `serve` lasts as long as it does. `take` gets what the hub says."""

    def __init__(
        self,
        ws: aiohttp.ClientWebSocketResponse,
        take: Callable[[p.HubMessage], None],
        in_call: bool,
    ) -> None:
        self._ws = ws
        self._take = take
        self._in_call = in_call
        self._out: asyncio.Queue[p.Message] = asyncio.Queue(SEND_QUEUE)
        self._wake = asyncio.Event()
        self._dropped = ""
        self._heard = self._paced = 0.0

    @property
    def address(self) -> str:
        """Our own address of the connection, or an empty string."""
        name = self._ws.get_extra_info("sockname")
        return str(name[0]) if isinstance(name, tuple) else ""

    async def hello(self, hello: p.Hello, key: DeviceKey | None = None) -> p.Welcome:
        """Log in; LoginError when the hub refuses for good, ProtocolError when it is not well."""
        async with asyncio.timeout(LOGIN_TIMEOUT):
            answer = await self._ask(hello)
            if isinstance(answer, p.Challenge) and key is not None:
                proof = key.sign_login(hello.user_id, answer.nonce, self._certificate())
                answer = await self._ask(replace(hello, user_sig=proof))
        if isinstance(answer, p.Welcome):
            return answer
        if isinstance(answer, p.Error) and answer.code in LOGIN_CODES:
            raise LoginError(Code(answer.code), answer.msg)
        raise ProtocolError(f"the hub did not welcome us: {answer}")

    async def _ask(self, hello: p.Hello) -> p.HubMessage:
        await self._ws.send_str(p.encode(hello))
        frame = await self._ws.receive()
        if frame.type is not aiohttp.WSMsgType.TEXT:
            raise ProtocolError(f"the hub closed the login ({frame.data or frame.extra})")
        return p.decode_hub(frame.data)

    def _certificate(self) -> str:
        """Return the SHA-256 (hex) of the certificate at the other end, "" without TLS."""
        tls = self._ws.get_extra_info("ssl_object")
        return "" if tls is None else hashlib.sha256(tls.getpeercert(True)).hexdigest()

    async def serve(self) -> None:
        """Read, write and ping; return when the hub closes, raise when it must be given up."""
        self._heard = asyncio.get_running_loop().time()
        try:
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(self._write())
                beat = group.create_task(self._beat())
                await self._read()
                writer.cancel()
                beat.cancel()
        except BaseExceptionGroup as group_error:
            raise group_error.exceptions[0] from None

    def send(self, message: p.Message) -> None:
        """Queue a message; a hub that does not take them is given up."""
        try:
            self._out.put_nowait(message)
        except asyncio.QueueFull:
            self.drop("the hub does not take our messages")

    def pace(self, in_call: bool) -> None:
        """Ping at the pace of a call, or not; at once in any case."""
        if in_call and not self._in_call:
            self._paced = asyncio.get_running_loop().time()
        self._in_call = in_call
        self._wake.set()

    def drop(self, why: str) -> None:
        """Give this connection up."""
        self._dropped = why
        self._wake.set()

    async def bye(self) -> None:
        """Send what is queued, and log out."""
        with contextlib.suppress(ConnectionError, RuntimeError, TimeoutError):
            async with asyncio.timeout(BYE_TIMEOUT):
                while not self._out.empty():
                    await self._ws.send_str(p.encode(self._out.get_nowait()))
                await self._ws.send_str(p.encode(p.Bye()))

    async def _read(self) -> None:
        """Read until the connection ends, or is silent for longer than it may be."""
        while True:
            try:
                frame = await self._ws.receive(timeout=p.PING_CALL)
            except TimeoutError:
                if self._silent():
                    raise ProtocolError("the hub is silent") from None
                continue
            self._heard = asyncio.get_running_loop().time()
            if frame.type is not aiohttp.WSMsgType.TEXT:
                return
            self._take(p.decode_hub(frame.data))

    def _silent(self) -> bool:
        """Tell whether too little was heard; at a call's start it has just been asked."""
        now = asyncio.get_running_loop().time()
        if self._in_call:
            return now - max(self._heard, self._paced) > p.DEAD_CALL
        return now - self._heard > p.DEAD_IDLE

    async def _write(self) -> None:
        while True:
            await self._ws.send_str(p.encode(await self._out.get()))

    async def _beat(self) -> None:
        """Ping at the pace of the moment: browsers have no ping frame, so it is a message."""
        while True:
            self._wake.clear()
            if self._dropped:
                raise ProtocolError(self._dropped)
            self.send(p.Ping())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(p.PING_CALL if self._in_call else p.PING_IDLE):
                    await self._wake.wait()
