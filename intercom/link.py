"""The WebSocket to the hub: login, requests, heartbeat, and reconnecting for ever.

After the first login the link comes back by itself, with full jitter (a hub that restarts is not
stormed by its clients), quicker while a call is on. Only a hub that refuses the login, or a
session that another one replaced, ends it for good.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import ssl
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp

from intercom import protocol as p
from intercom.errors import CallingError, Code, LoginError, ProtocolError

log = logging.getLogger(__name__)

CONNECT_TIMEOUT = 5.0
LOGIN_TIMEOUT = 5.0
REQUEST_TIMEOUT = 20.0
BACKOFF_FIRST, BACKOFF_IDLE, BACKOFF_CALL = 0.25, 15.0, 1.0
SEND_QUEUE = 64
LOGIN_CODES = frozenset(
    {
        Code.TOKEN_EXPIRED,
        Code.TOKEN_MALFORMED,
        Code.TOKEN_BAD_SIGNATURE,
        Code.TOKEN_OTHER_USER,
        Code.UNKNOWN_USER,
        Code.VERSION,
        Code.NOT_PERMITTED,
    }
)


Tls = ssl.SSLContext | aiohttp.Fingerprint | None
"""How the hub's certificate is checked; None: by the system's authorities."""


def pinned(sha256: str) -> Tls:
    """Trust exactly the certificate with this SHA-256 (hex); an empty one pins nothing."""
    return aiohttp.Fingerprint(bytes.fromhex(sha256.replace(":", ""))) if sha256 else None


@dataclass(frozen=True)
class LinkUp:
    """Logged in (again)."""

    welcome: p.Welcome


@dataclass(frozen=True)
class LinkDown:
    """The connection is gone; the link tries again by itself."""

    why: str


@dataclass(frozen=True)
class LinkOver:
    """The link will not come back by itself: kicked out, or the login is refused."""

    why: str
    error: CallingError | None = None


LinkEvent = LinkUp | LinkDown | LinkOver | p.HubMessage


class Link:
    """One user's connection to the hub. `on_event` is called in the loop, in order."""

    def __init__(
        self,
        url: str,
        on_event: Callable[[LinkEvent], None],
        ssl_context: Tls = None,
        client: str = "",
    ) -> None:
        self.url = url.rstrip("/") + ("" if url.rstrip("/").endswith("/ws") else "/ws")
        self.in_call = False
        self.call_id = ""
        self._on_event = on_event
        self._ssl = ssl_context
        self._client = client
        self._user = self._sig = self._session = ""
        self._ws: aiohttp.ClientWebSocketResponse | None = None
        self._out: asyncio.Queue[p.Message] = asyncio.Queue(SEND_QUEUE)
        self._wake = asyncio.Event()
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._req = 0
        self._task: asyncio.Task[None] | None = None
        self._first: asyncio.Future[None] | None = None
        self._pause = self._heard = 0.0
        self._closed_for_good = False
        self._dropped = ""

    @property
    def connected(self) -> bool:
        """Whether the hub would get a message now."""
        return self._ws is not None

    async def login(self, user_id: str, user_sig: str) -> None:
        """Connect and log in; afterwards the link keeps itself up.

        Raises LoginError when the hub refuses, CallingError(HUB_UNREACHABLE) when there is none.
        """
        if self._task is not None:
            await self.close()
        self._user, self._sig, self._session = user_id, user_sig, ""
        self._first = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run(), name="hub link")
        try:
            await self._first
        except BaseException:
            await self.close()
            raise

    async def close(self, bye: bool = False) -> None:
        """Leave the hub; with `bye` it forgets the session at once."""
        if bye and self._ws is not None:
            with contextlib.suppress(ConnectionError, RuntimeError):
                await self._ws.send_str(p.encode(p.Bye()))
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._fail_requests("logged out")

    def send(self, message: p.Message) -> None:
        """Queue a message; CallingError(HUB_UNREACHABLE) when the link is down."""
        if self._ws is None:
            raise CallingError(
                Code.HUB_UNREACHABLE, f"no connection to the hub at {self.url}: try again shortly"
            )
        try:
            self._out.put_nowait(message)
        except asyncio.QueueFull:
            self._drop("the hub does not take our messages")

    def next_request(self) -> int:
        """Return the number for a request."""
        self._req += 1
        return self._req

    async def answer(self, req: int) -> None:
        """Wait for the hub's answer to the request `req`; CallingError when it says no."""
        future = asyncio.get_running_loop().create_future()
        self._waiting[req] = future
        try:
            await asyncio.wait_for(future, REQUEST_TIMEOUT)
        except TimeoutError:
            raise CallingError(Code.HUB_UNREACHABLE, "the hub did not answer in time") from None
        finally:
            self._waiting.pop(req, None)

    def hurry(self) -> None:
        """Try to reconnect now instead of at the end of the pause; adapt the heartbeat."""
        self._wake.set()

    # -- inside ------------------------------------------------------------------------------

    async def _run(self) -> None:
        attempt = 0
        async with aiohttp.ClientSession() as http:
            while True:
                why = "closed"
                try:
                    async with asyncio.timeout(CONNECT_TIMEOUT):
                        ws = await http.ws_connect(
                            self.url,
                            ssl=self._ssl or True,
                            max_msg_size=p.MAX_MESSAGE,
                            timeout=aiohttp.ClientWSTimeout(ws_close=0.3),
                        )
                    async with ws:
                        welcome = await self._hello(ws)
                        attempt = 0
                        await self._serve(ws, welcome)
                except LoginError as error:
                    self._over(error)
                    return
                except (aiohttp.ClientError, OSError, ProtocolError, TimeoutError) as error:
                    why = f"{type(error).__name__}: {error}".rstrip(": ")
                    if self._refused(why):
                        return
                if self._closed_for_good:
                    return
                self._lost(why)
                await self._rest(attempt)
                attempt += 1

    async def _hello(self, ws: aiohttp.ClientWebSocketResponse) -> p.Welcome:
        hello = p.Hello(
            (p.VERSION, p.VERSION), self._user, self._sig, self._session, self.call_id, self._client
        )
        await ws.send_str(p.encode(hello))
        async with asyncio.timeout(LOGIN_TIMEOUT):
            frame = await ws.receive()
        if frame.type is not aiohttp.WSMsgType.TEXT:
            raise ProtocolError(f"the hub closed the login ({frame.data or frame.extra})")
        answer = p.decode_hub(frame.data)
        if isinstance(answer, p.Welcome):
            return answer
        if isinstance(answer, p.Error) and answer.code in LOGIN_CODES:
            raise LoginError(Code(answer.code), answer.msg)
        raise ProtocolError(f"the hub did not welcome us: {answer}")

    async def _serve(self, ws: aiohttp.ClientWebSocketResponse, welcome: p.Welcome) -> None:
        self._session = welcome.session
        self._out = asyncio.Queue(SEND_QUEUE)
        self._ws = ws
        self._heard = asyncio.get_running_loop().time()
        self._closed_for_good, self._dropped = False, ""
        log.info("logged in at %s as %s", self.url, self._user)
        self._on_event(LinkUp(welcome))
        if self._first is not None and not self._first.done():
            self._first.set_result(None)
        try:
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(self._write(ws))
                beat = group.create_task(self._beat())
                await self._read(ws)
                writer.cancel()
                beat.cancel()
        except BaseExceptionGroup as group_error:
            raise group_error.exceptions[0] from None
        finally:
            self._ws = None

    async def _read(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        """Read until the connection ends, or is silent for longer than it may be."""
        while True:
            silence = p.DEAD_CALL if self.in_call else p.DEAD_IDLE
            try:
                frame = await ws.receive(timeout=p.PING_CALL)
            except TimeoutError:
                if asyncio.get_running_loop().time() - self._heard > silence:
                    raise ProtocolError("the hub is silent") from None
                continue
            self._heard = asyncio.get_running_loop().time()
            if frame.type is not aiohttp.WSMsgType.TEXT:
                return
            self._take(p.decode_hub(frame.data))

    def _take(self, message: p.HubMessage) -> None:
        match message:
            case p.Pong():
                pass
            case p.Ok(req=req) if req in self._waiting:
                self._settle(req, None)
            case p.Error(req=req, code=code, msg=msg) if req in self._waiting:
                known = Code(code) if code in set(Code) else Code.PROTOCOL
                self._settle(req, CallingError(known, msg))
            case p.Error(code=code, msg=msg):
                log.warning("the hub complains: %s (code %d)", msg, code)
            case p.Kicked(reason=reason):
                self._closed_for_good = True
                self._on_event(LinkOver(reason))
            case p.Reconnect(after=after):
                self._pause = random.uniform(0.2, max(after, 0.3))
                self._drop("the hub goes down")
            case _:
                self._on_event(message)

    async def _write(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            await ws.send_str(p.encode(await self._out.get()))

    async def _beat(self) -> None:
        """Ping at the pace of the moment: browsers have no ping frame, so it is a message."""
        while True:
            if self._dropped:
                raise ProtocolError(self._dropped)
            self.send(p.Ping())
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(p.PING_CALL if self.in_call else p.PING_IDLE):
                    await self._wake.wait()

    async def _rest(self, attempt: int) -> None:
        """Wait before the next try: full jitter on a doubling ceiling."""
        self._wake.clear()
        ceiling = min(
            BACKOFF_FIRST * 2 ** min(attempt, 10), BACKOFF_CALL if self.in_call else BACKOFF_IDLE
        )
        pause, self._pause = self._pause or random.uniform(0.05, ceiling), 0.0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._wake.wait()

    def _settle(self, req: int, error: CallingError | None) -> None:
        future = self._waiting.pop(req)
        if future.done():
            return
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)

    def _fail_requests(self, why: str) -> None:
        for req in list(self._waiting):
            self._settle(req, CallingError(Code.HUB_UNREACHABLE, f"the request was lost: {why}"))

    def _lost(self, why: str) -> None:
        log.warning("no hub at %s (%s): trying again", self.url, why)
        self._fail_requests(why)
        self._on_event(LinkDown(why))

    def _refused(self, why: str) -> bool:
        """Fail the first login when there is no hub; tell whether that ended the link."""
        if self._first is None or self._first.done():
            return False
        error = CallingError(
            Code.HUB_UNREACHABLE,
            f"no hub at {self.url} ({why}): is it running, and is [hub] url right?",
        )
        self._first.set_exception(error)
        return True

    def _over(self, error: LoginError) -> None:
        if self._first is not None and not self._first.done():
            self._first.set_exception(error)
        else:
            log.error("the hub refuses our login: %s", error)
            self._on_event(LinkOver(error.message, error))

    def _drop(self, why: str) -> None:
        self._dropped = why
        self._wake.set()
