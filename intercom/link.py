"""The WebSocket to the hub: login, requests, and reconnecting for ever.

After the first login the link comes back by itself, with full jitter (a hub that restarts is not
stormed by its clients), quicker while a call is on. Only a hub that refuses the login, or a
session that another one replaced, ends it for good.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Collection

import aiohttp

from intercom import protocol as p
from intercom.enroll.key import DeviceKey
from intercom.errors import CallingError, Code, LoginError, ProtocolError
from intercom.link_backoff import Backoff
from intercom.link_events import LinkDown, LinkEvent, LinkOver, LinkUp
from intercom.link_requests import Requests
from intercom.link_wire import Wire

__all__ = ["Link", "LinkDown", "LinkEvent", "LinkOver", "LinkUp", "Tls", "pinned"]

log = logging.getLogger(__name__)

CONNECT_TIMEOUT = 5.0

Tls = ssl.SSLContext | aiohttp.Fingerprint | None
"""How the hub's certificate is checked; None: by the system's authorities."""


def pinned(sha256: str) -> Tls:
    """Trust exactly the certificate with this SHA-256 (hex); an empty one pins nothing."""
    return aiohttp.Fingerprint(bytes.fromhex(sha256.replace(":", ""))) if sha256 else None


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
        self._call_id = ""
        self._on_event = on_event
        self._ssl = ssl_context
        self._client = client
        self._user = self._sig = self._session = ""
        self._key: DeviceKey | None = None
        self._wire: Wire | None = None
        self._requests = Requests()
        self._backoff = Backoff()
        self._task: asyncio.Task[None] | None = None
        self._first: asyncio.Future[None] | None = None
        self._over = False

    @property
    def connected(self) -> bool:
        """Whether the hub would get a message now."""
        return self._wire is not None

    @property
    def bearer(self) -> str:
        """What stands for this login over HTTP: the token, or of a key's login the session."""
        return self._sig if self._key is None else self._session

    @property
    def call_id(self) -> str:
        """The call that is on, or an empty string; in one, the link is quicker to come back."""
        return self._call_id

    @call_id.setter
    def call_id(self, call_id: str) -> None:
        changed = bool(call_id) != bool(self._call_id)
        self._call_id = call_id
        if changed:
            self.hurry()

    async def login(self, user_id: str, user_sig: str | DeviceKey) -> None:
        """Connect and log in, by a token or a key; afterwards the link keeps itself up.

        Raises LoginError when the hub refuses, CallingError(HUB_UNREACHABLE) when there is none.
        """
        await self.close()
        self._key = user_sig if isinstance(user_sig, DeviceKey) else None
        self._sig = "" if isinstance(user_sig, DeviceKey) else user_sig
        self._user, self._session = user_id, ""
        self._over = False
        self._first = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run(self._first), name="hub link")
        self._task.add_done_callback(self._ended)
        try:
            await self._first
        except BaseException:
            await self.close()
            raise

    async def close(self, bye: bool = False) -> None:
        """Leave the hub; with `bye` it forgets the session at once."""
        if bye and self._wire is not None:
            await self._wire.bye()
        task, self._task = self._task, None
        if task is not None:
            self._over = True  # a connection that fails at this moment hides the cancel
            task.cancel()
            await asyncio.wait({task})
        self._requests.fail("logged out")

    def send(self, message: p.Message) -> None:
        """Queue a message; CallingError(HUB_UNREACHABLE) when the link is down."""
        if self._wire is None:
            raise CallingError(
                Code.HUB_UNREACHABLE, f"no connection to the hub at {self.url}: try again shortly"
            )
        self._wire.send(message)

    def next_request(self) -> int:
        """Return the number for a request."""
        return self._requests.number()

    async def answer(self, req: int) -> None:
        """Wait for the hub's answer to the request `req`; CallingError when it says no."""
        await self._requests.answer(req)

    def hurry(self) -> None:
        """Ping now, or try to reconnect now instead of at the end of the pause."""
        self._backoff.hurry()
        if self._wire is not None:
            self._wire.pace(bool(self._call_id))

    def moved(self, lost: Collection[str]) -> None:
        """These addresses of ours are gone: a connection that used one is dead, so renew it."""
        if self._wire is None or self._wire.address not in lost:
            return
        self._backoff.at_once()
        self._drop("our address has changed")

    # -- inside ------------------------------------------------------------------------------

    async def _run(self, first: asyncio.Future[None]) -> None:
        """Connect, again and again; `first` gets what becomes of the first time."""
        loop = asyncio.get_running_loop()
        async with aiohttp.ClientSession() as http:
            while True:
                began, why = loop.time(), "closed"
                try:
                    await self._connect(http, first)
                except LoginError as error:
                    if first.done():
                        self._refused(error)
                    else:
                        first.set_exception(error)
                    return
                except (aiohttp.ClientError, OSError, ProtocolError, UnicodeError) as error:
                    # UnicodeError: what the resolver says to a name of empty or long labels
                    why = _words(error)
                    if not first.done():
                        first.set_exception(_unreachable(self.url, why))
                        return
                self._requests.fail(why)
                if self._over:
                    return
                await self._backoff.rest(loop.time() - began, bool(self._call_id))

    async def _connect(self, http: aiohttp.ClientSession, first: asyncio.Future[None]) -> None:
        """Be logged in for as long as it lasts; raises what ended it, if not the hub's close."""
        async with asyncio.timeout(CONNECT_TIMEOUT):
            ws = await http.ws_connect(
                self.url,
                ssl=self._ssl or True,
                max_msg_size=p.MAX_MESSAGE + 1,  # aiohttp takes less than that
                timeout=aiohttp.ClientWSTimeout(ws_close=0.3),
            )
        wire = Wire(ws, self._take, bool(self._call_id))
        me = (self._user, self._sig, self._session, self._call_id, self._client)
        try:
            device = "" if self._key is None else self._key.device
            hello = p.Hello((p.VERSION, p.VERSION), *me, device)
            welcome = await wire.hello(hello, self._key)
            self._session, self._wire = welcome.session, wire
            log.info("logged in at %s as %s", self.url, self._user)
            self._on_event(LinkUp(welcome))
            if not first.done():
                first.set_result(None)
            await wire.serve()
        except (aiohttp.ClientError, OSError, ProtocolError) as error:
            self._down(_words(error))
            raise
        finally:
            self._down("closed")
            await ws.close()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A link that fails for no reason known here must not leave anybody waiting."""
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        if self._first is not None and not self._first.done():
            self._first.set_exception(error)
            return
        context = {"message": "the link to the hub failed", "exception": error, "task": task}
        task.get_loop().call_exception_handler(context)

    def _down(self, why: str) -> None:
        wire, self._wire = self._wire, None
        if wire is not None and self._task is not None and not self._over:
            log.warning("no hub at %s (%s): trying again", self.url, why)
            self._on_event(LinkDown(why))

    def _refused(self, error: LoginError) -> None:
        self._over = True
        log.error("the hub refuses our login: %s", error)
        self._on_event(LinkOver(error.message, error))

    def _take(self, message: p.HubMessage) -> None:
        if self._requests.take(message):
            return
        match message:
            case p.Pong() | p.Ok():
                pass
            case p.Error(code=code, msg=msg):
                log.warning("the hub complains: %s (code %d)", msg, code)
            case p.Kicked(reason=reason):
                self._over = True
                self._on_event(LinkOver(reason))
                self._drop("kicked out")
            case p.Reconnect(after=after):
                self._backoff.told(after)
                self._drop("the hub goes down")
            case _:
                self._on_event(message)

    def _drop(self, why: str) -> None:
        if self._wire is not None:
            self._wire.drop(why)


def _unreachable(url: str, why: str) -> CallingError:
    return CallingError(
        Code.HUB_UNREACHABLE,
        f"no hub at {url} ({why}): is it running, and is [hub] url right?",
    )


def _words(error: BaseException) -> str:
    """Return why a connection failed, for people."""
    if isinstance(error, aiohttp.ServerFingerprintMismatch):
        return "its certificate is not the one that is pinned: see [hub] tls_pin"
    return f"{type(error).__name__}: {error}".rstrip(": ")
