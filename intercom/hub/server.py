"""The hub's port: WebSocket at /ws, /healthz, /metrics, /messages, /enroll. The same code
embedded and alone."""

from __future__ import annotations

import asyncio
import logging
import secrets
import ssl
from pathlib import Path

from aiohttp import WSCloseCode, web
from aiohttp.http import HttpProcessingError

from intercom import protocol as p
from intercom.config import HubConfig, is_plain
from intercom.enroll.wire import printable
from intercom.errors import Code, IntercomError, ProtocolError
from intercom.hub.accounts import Accounts
from intercom.hub.address import bracketed, listeners, local_url
from intercom.hub.backplane import Memory
from intercom.hub.calls import Detached, Fact, Finished, LoggedIn, Received
from intercom.hub.client import Client
from intercom.hub.devices import Devices
from intercom.hub.doorway import PATIENCE, Doorway, arrivals, known
from intercom.hub.enroll_http import EnrollHttp
from intercom.hub.exchange import Exchange
from intercom.hub.greeting import check_origin, read_hello
from intercom.hub.ice import Ice
from intercom.hub.keys import Keys
from intercom.hub.me_http import MeHttp
from intercom.hub.messages_http import MessagesHttp
from intercom.hub.metrics import CONTENT_TYPE, Metrics
from intercom.hub.pace import Pace
from intercom.hub.records import Records
from intercom.hub.tls import server_context
from intercom.hub.wording import few

log = logging.getLogger(__name__)

HELLO_TIMEOUT = 5.0
SWEEP = 0.5
INVITE_RATE, INVITE_BURST = 0.5, 5.0
"""Calls (also additions, and joins) a second that a user may make for long, and at once."""
LEAVE_WITHIN = 10.0
"""Seconds over which clients are spread when the hub goes down."""


http_log = log.getChild("http")
"""Where aiohttp reports. A port scan is no error of ours: it would get a traceback for each try."""
http_log.addFilter(lambda record: not (record.exc_info and _is_no_http(record.exc_info[1])))


def _is_no_http(error: BaseException | None) -> bool:
    return isinstance(error, HttpProcessingError)


class HubError(IntercomError):
    """The hub cannot run; the message says why, and what to do."""


class Hub:
    """A signalling server. `start`, then `stop`; `port` is the one really bound."""

    def __init__(self, config: HubConfig) -> None:
        self._config = config
        self.keys = Keys(Path(config.state_dir))
        self._accounts = Accounts(config, self.keys)
        self._exchange = Exchange(self._accounts, config.ring_max)
        self._backplane = Memory(self._exchange, self._deliver, self._hang_up, self._note)
        self._clients: dict[int, Client] = {}
        self._number = 0
        self._runner: web.AppRunner | None = None
        self._doorway: Doorway | None = None
        self._sweeper: asyncio.Task[None] | None = None
        self._stopping = False
        self.pin = ""
        self.port = config.port
        self._pace = Pace(INVITE_RATE, INVITE_BURST)
        self._records = Records(Path(config.state_dir), config.records_days)
        self._messages = MessagesHttp(
            config, self.keys, self._accounts, self._records, self._clients
        )
        self._devices = Devices(Path(config.state_dir))
        own = not config.tls_cert
        self._enroll = EnrollHttp(self._accounts, self._devices, lambda: self.pin, own)
        self._ice = Ice(self._accounts, self._deliver)
        self._metrics = Metrics(
            lambda: len(self._clients), lambda: len(self._exchange.calls), self._records
        )

    async def start(self) -> None:
        """Listen; HubError when the address cannot be had, TlsError for a bad certificate."""
        context = self._tls()
        app = web.Application(middlewares=[arrivals])
        app.router.add_get("/ws", self._socket)
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/metrics", self._metrics_page)
        self._messages.add_to(app)
        self._enroll.add_to(app)
        app.router.add_get("/me", MeHttp(self._accounts, self._messages.who).get)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            logger=http_log,
            handler_cancellation=True,
            shutdown_timeout=1.0,
            keepalive_timeout=PATIENCE,
        )
        await self._runner.setup()
        assert self._runner.server is not None
        listen, port = self._config.listen, self._config.port
        where = bracketed(listen, port)
        await asyncio.to_thread(self._records.start)
        await self._devices.start(self._drop_revoked)
        try:
            sockets = await asyncio.to_thread(listeners, listen, port)
        except OSError as error:
            await self._runner.cleanup()
            await self._devices.close()
            await asyncio.to_thread(self._records.close)
            raise HubError(
                f"cannot listen on {where}: {error.strerror}: is another hub running, or is [hub]"
                " listen no address of this machine?"
            ) from None
        self.port = sockets[0].getsockname()[1]
        self._doorway = Doorway(sockets, self._runner.server, context)
        self._doorway.open()
        self._sweeper = asyncio.create_task(self._sweep(), name="hub sweeper")
        log.info("hub listens on %s", bracketed(listen, self.port))

    @property
    def url(self) -> str:
        """The WebSocket URL at which this machine reaches the hub, once it is started."""
        return local_url(self._config.listen, self.port, tls=bool(self.pin))

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
        if self._doorway is not None:
            await self._doorway.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self._backplane.close()
        await self._devices.close()
        await asyncio.to_thread(self._records.close)

    def _tls(self) -> ssl.SSLContext | None:
        config = self._config
        if is_plain(config):
            return None
        context, self.pin = server_context(config.tls_cert, config.tls_key, Path(config.state_dir))
        log.info("TLS certificate SHA-256 (tls_pin of the stations): %s", self.pin)
        return context

    # -- one client --------------------------------------------------------------------------

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        check_origin(request, self._config.origins)
        ws = web.WebSocketResponse(
            max_msg_size=p.MAX_MESSAGE + 1,  # aiohttp takes less than that
            timeout=1.0,
            compress=False,
        )
        self._number += 1
        client = Client(self._number, ws)
        fault: ProtocolError | None = None
        try:
            await ws.prepare(request)
            async with asyncio.timeout(HELLO_TIMEOUT):
                hello = await read_hello(ws, self._accounts, self._devices, self.pin)
            known(request)
            self._login(client, hello)
            await client.serve(lambda message: self._received(client, message))
        except* ProtocolError as faults:
            fault = _first(faults)
            self._metrics.refused.labels(int(fault.code)).inc()
            said = printable(str(fault), 300)
            log.warning("%s: %s", client.user_id or request.remote, said)
        except* (ConnectionError, TimeoutError) as gone:
            log.debug("%s is gone: %s", client.user_id or request.remote, gone.exceptions[0])
        finally:
            self._clients.pop(client.number, None)
            self._backplane.feed(Detached(client.number))
            await client.finish(fault)
        return ws

    def _login(self, client: Client, hello: p.Hello) -> None:
        client.user_id, client.device = hello.user_id, hello.device
        client.secret = secrets.token_urlsafe(16)
        self._clients[client.number] = client
        log.info("%s logged in (%r)", hello.user_id, hello.client or "unnamed client")
        self._backplane.feed(
            LoggedIn(
                client.number,
                hello.user_id,
                secret=client.secret,
                resumes=hello.session,
                call_id=hello.call_id,
                ice_servers=tuple(self._ice.servers(client.number, hello.user_id)),
                missed=self._messages.missed(hello.user_id),
            )
        )

    def _received(self, client: Client, message: p.ClientMessage) -> None:
        try:
            if isinstance(message, p.Seen):
                self._records.seen(client.user_id, message.call_ids)
                return
            if isinstance(message, p.Invite | p.Add | p.Join):
                self._keep_pace(client)
            told = self._backplane.feed(Received(client.number, message))
        except ProtocolError as error:
            if not isinstance(message, p.Request):
                raise
            client.send(p.Error(message.req, error.code, error.message))
        else:
            if not told:
                raise ProtocolError("more messages than the others can read", Code.RATE_LIMITED)

    def _keep_pace(self, client: Client) -> None:
        """Raise ProtocolError unless the user may ring others, or move a call, once more."""
        if self._stopping:
            raise ProtocolError("the hub is going down: try again shortly", Code.RATE_LIMITED)
        if not self._pace.take(client.user_id, asyncio.get_running_loop().time()):
            wait = f"wait {1 / INVITE_RATE:.0f} seconds between calls"
            raise ProtocolError(f"too many calls in a row: {wait}", Code.RATE_LIMITED)

    # -- what the exchange decides -----------------------------------------------------------

    def _deliver(self, session: int, message: p.HubMessage) -> bool:
        return session not in self._clients or self._clients[session].send(message)

    def _drop_revoked(self) -> None:
        """Log devices out that may be logged in no more."""
        for client in list(self._clients.values()):
            if not client.device:
                continue
            if (refused := self._devices.refused(client.device, client.user_id)) is not None:
                log.warning("%s (device %s) is logged out", client.user_id, client.device)
                client.secret = ""
                client.send(p.Kicked(refused.message))
                self._backplane.feed(Received(client.number, p.Bye()))

    def _hang_up(self, session: int) -> None:
        if session in self._clients:
            self._clients[session].close()

    def _note(self, fact: Fact) -> None:
        self._records.note(fact)
        self._messages.note(fact)
        if not isinstance(fact, Finished):
            return
        self._metrics.ended.labels(str(fact.reason)).inc()
        log.info(
            "call %s -> %s ended: %s by %s, rung %.1f s, connected %d s",
            fact.sponsor,
            fact.group_id or few([party.user_id for party in fact.parties]),
            fact.reason,
            fact.ended_by,
            fact.rung,
            fact.duration,
        )

    async def _sweep(self) -> None:
        """Close the sockets of clients that are silent, and renew what expires."""
        while True:
            await asyncio.sleep(SWEEP)
            for client in list(self._clients.values()):
                if client.silent(in_call=self._exchange.in_call(client.number)):
                    log.warning("%s is silent: taken for dead", client.user_id)
                    client.abort(WSCloseCode.GOING_AWAY)
            self._ice.renew(self._clients)

    # -- operation ---------------------------------------------------------------------------

    async def _health(self, request: web.Request) -> web.Response:
        body = {"status": "stopping" if self._stopping else "ok", "clients": len(self._clients)}
        return web.json_response(body, status=503 if self._stopping else 200)

    async def _metrics_page(self, request: web.Request) -> web.Response:
        return web.Response(body=self._metrics.text(), headers={"Content-Type": CONTENT_TYPE})


def _first(group: BaseExceptionGroup[ProtocolError]) -> ProtocolError:
    found: ProtocolError | BaseExceptionGroup[ProtocolError] = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
