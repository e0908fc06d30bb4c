"""The hub's port: WebSocket at /ws, /healthz, /metrics. The same code embedded and alone."""

from __future__ import annotations

import asyncio
import logging
import secrets
import ssl
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import WSCloseCode, WSMsgType, web

from intercom import protocol as p
from intercom.config import HubConfig
from intercom.errors import Code, IntercomError, LoginError, ProtocolError
from intercom.hub.accounts import Accounts
from intercom.hub.backplane import Memory
from intercom.hub.calls import Detached, Finished, LoggedIn, Received
from intercom.hub.client import Client
from intercom.hub.exchange import Exchange
from intercom.hub.keys import Keys
from intercom.hub.tls import server_context

log = logging.getLogger(__name__)

HELLO_TIMEOUT = 5.0
LEAVE_WITHIN = 10.0
"""Seconds over which clients are spread when the hub goes down."""


class HubError(IntercomError):
    """The hub cannot run; the message says why, and what to do."""


class Hub:
    """A signalling server. `start`, then `stop`; `port` is the one really bound."""

    def __init__(self, config: HubConfig, door_seconds: float = 3.0) -> None:
        self._config = config
        self.keys = Keys(Path(config.state_dir))
        self._accounts = Accounts(config, self.keys, door_seconds)
        self._exchange = Exchange(self._accounts)
        self._backplane = Memory(self._exchange, self._deliver, self._hang_up, self._finished)
        self._clients: dict[int, Client] = {}
        self._number = 0
        self._runner: web.AppRunner | None = None
        self._sweeper: asyncio.Task[None] | None = None
        self._stopping = False
        self.pin = ""
        self.port = config.port
        self.ended: Counter[str] = Counter()

    async def start(self) -> None:
        """Listen; HubError when the address cannot be had."""
        app = web.Application()
        app.router.add_get("/ws", self._socket)
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0
        )
        await self._runner.setup()
        where = f"{self._config.listen}:{self._config.port}"
        site = web.TCPSite(
            self._runner,
            self._config.listen,
            self._config.port,
            ssl_context=self._tls(),
        )
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise HubError(
                f"cannot listen on {where}: {error.strerror}: is another hub running, or is [hub]"
                " listen no address of this machine?"
            ) from None
        self.port = self._runner.addresses[0][1]
        self._sweeper = asyncio.create_task(self._sweep(), name="hub sweeper")
        log.info("hub listens on %s:%d", self._config.listen, self.port)

    async def stop(self) -> None:
        """Tell the clients to come back later, and close; idempotent."""
        self._stopping = True
        for client in list(self._clients.values()):
            client.send(p.Reconnect(LEAVE_WITHIN if len(self._clients) > 100 else 1.0))
            client.close(WSCloseCode.GOING_AWAY)
        sweeper, self._sweeper = self._sweeper, None
        if sweeper is not None:
            sweeper.cancel()
            await asyncio.gather(sweeper, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self._backplane.close()

    def _tls(self) -> ssl.SSLContext | None:
        config = self._config
        if not config.tls_cert and (config.insecure or is_loopback(config.listen)):
            return None
        context, self.pin = server_context(config.tls_cert, config.tls_key, Path(config.state_dir))
        log.info("TLS certificate SHA-256 (tls_pin of the stations): %s", self.pin)
        return context

    # -- one client --------------------------------------------------------------------------

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        self._check_origin(request)
        ws = web.WebSocketResponse(max_msg_size=p.MAX_MESSAGE, timeout=1.0, compress=False)
        await ws.prepare(request)
        self._number += 1
        client = Client(self._number, ws)
        fault: ProtocolError | None = None
        try:
            await self._hello(client, ws)
            await client.serve(lambda message: self._received(client, message))
        except* ProtocolError as faults:
            fault = _first(faults)
            log.warning("%s: %s", client.user_id or request.remote, fault)
        except* (ConnectionError, TimeoutError) as gone:
            log.debug("%s is gone: %s", client.user_id or request.remote, gone.exceptions[0])
        finally:
            self._clients.pop(client.number, None)
            self._backplane.feed(Detached(client.number))
            await client.finish(fault)
        return ws

    async def _hello(self, client: Client, ws: web.WebSocketResponse) -> None:
        async with asyncio.timeout(HELLO_TIMEOUT):
            frame = await ws.receive()
        if frame.type in {WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR}:
            raise ConnectionResetError("closed before hello")
        if frame.type is not WSMsgType.TEXT:
            raise ProtocolError("only text frames are spoken here")
        hello = p.decode_client(frame.data)
        if not isinstance(hello, p.Hello):
            raise ProtocolError("the first message must be hello", Code.NOT_LOGGED_IN)
        lowest, highest = hello.versions
        if not lowest <= p.VERSION <= highest:
            raise ProtocolError(
                f"the hub speaks version {p.VERSION}, you speak {lowest} to {highest}: update",
                Code.VERSION,
            )
        try:
            self._accounts.login(hello.user_id, hello.user_sig)
        except LoginError as error:
            raise ProtocolError(error.message, error.code) from None
        client.user_id = hello.user_id
        self._clients[client.number] = client
        log.info("%s logged in (%s)", hello.user_id, hello.client or "unnamed client")
        self._backplane.feed(
            LoggedIn(
                client.number,
                hello.user_id,
                secret=secrets.token_urlsafe(16),
                resumes=hello.session,
                call_id=hello.call_id,
                ice_servers=tuple(_ice(server) for server in self._config.ice_servers),
            )
        )

    def _received(self, client: Client, message: p.ClientMessage) -> None:
        try:
            if self._stopping and isinstance(message, p.Invite):
                raise ProtocolError("the hub is going down: try again shortly", Code.RATE_LIMITED)
            self._backplane.feed(Received(client.number, message))
        except ProtocolError as error:
            if not isinstance(message, p.Request):
                raise
            client.send(p.Error(message.req, error.code, error.message))

    def _check_origin(self, request: web.Request) -> None:
        """Refuse pages of other sites: a browser says whose page it is, a station says nothing."""
        origin = request.headers.get("Origin")
        if origin is None or origin in self._config.origins:
            return
        if urlsplit(origin).netloc != request.host:
            raise web.HTTPForbidden(text=f"origin {origin} may not connect: see [hub] origins\n")

    # -- what the exchange decides -----------------------------------------------------------

    def _deliver(self, session: int, message: p.HubMessage) -> None:
        if session in self._clients:
            self._clients[session].send(message)

    def _hang_up(self, session: int) -> None:
        if session in self._clients:
            self._clients[session].close()

    def _finished(self, call: Finished) -> None:
        self.ended[call.reason] += 1
        log.info(
            "call %s -> %s ended: %s by %s, rung %.1f s, connected %d s",
            call.sponsor,
            call.callee,
            call.reason,
            call.ended_by,
            call.rung,
            call.duration,
        )

    async def _sweep(self) -> None:
        """Close the sockets of clients that are silent: a pulled cable sends no FIN."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(0.5)
            for client in list(self._clients.values()):
                in_call = client.user_id in self._exchange.claims
                limit = p.DEAD_CALL if in_call else p.DEAD_IDLE
                if loop.time() - client.heard > limit:
                    log.warning("%s is silent: taken for dead", client.user_id)
                    client.abort(WSCloseCode.GOING_AWAY)

    # -- operation ---------------------------------------------------------------------------

    async def _health(self, request: web.Request) -> web.Response:
        body = {"status": "stopping" if self._stopping else "ok", "clients": len(self._clients)}
        return web.json_response(body, status=503 if self._stopping else 200)

    async def _metrics(self, request: web.Request) -> web.Response:
        """Prometheus text format 0.0.4."""
        lines = [
            "# HELP intercom_hub_clients Logged-in clients.",
            "# TYPE intercom_hub_clients gauge",
            f"intercom_hub_clients {len(self._clients)}",
            "# HELP intercom_hub_calls Calls that ring or are connected.",
            "# TYPE intercom_hub_calls gauge",
            f"intercom_hub_calls {len(self._exchange.calls)}",
            "# HELP intercom_hub_calls_ended_total Calls that ended, by reason.",
            "# TYPE intercom_hub_calls_ended_total counter",
        ]
        for reason, count in sorted(self.ended.items()):
            lines.append(f'intercom_hub_calls_ended_total{{reason="{reason}"}} {count}')
        return web.Response(text="\n".join(lines) + "\n")


def is_loopback(listen: str) -> bool:
    """Tell whether an address to listen on is reachable from this machine only."""
    return listen in {"localhost", "::1"} or listen.startswith("127.")


def _ice(server: object) -> dict[str, str | list[str]]:
    entry: dict[str, str | list[str]] = {"urls": list(getattr(server, "urls", ()))}
    for key in ("username", "credential"):
        value = getattr(server, key, "")
        if value:
            entry[key] = value.reveal() if hasattr(value, "reveal") else str(value)
    return entry


def _first(group: BaseExceptionGroup[ProtocolError]) -> ProtocolError:
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    assert isinstance(found, ProtocolError)
    return found
