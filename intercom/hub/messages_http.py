"""Visitors' messages over HTTP: leave one, hear and see it, delete it. Who may is checked here.

`POST /messages?calls=ID,ID` with multipart parts `sound` and `picture`, `GET` and `DELETE` below
`/messages/ID`. A token goes into the header `Authorization: Bearer`, and nowhere else.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import msgspec
from aiohttp import hdrs, web

from intercom import protocol as p
from intercom.config import HubConfig
from intercom.errors import Code, LoginError
from intercom.hub.accounts import Accounts
from intercom.hub.calls import Fact, Finished
from intercom.hub.client import Client
from intercom.hub.doorway import known
from intercom.hub.greeting import check_origin
from intercom.hub.keys import Keys
from intercom.hub.messages import MessageError, Messages
from intercom.hub.messages_form import TYPES, call_ids, received
from intercom.hub.missed import OUTCOMES
from intercom.hub.records import Records
from intercom.hub.records_ledger import DAY
from intercom.hub.unanswered import Unanswered
from intercom.tasks import Tasks

log = logging.getLogger(__name__)

UPLOADS = 2
"""Messages that are received and written at the same time; more wait."""
UPLOAD_SECONDS = 60.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class MessagesHttp:
    """The routes of one hub. `clients` are those who are logged in now."""

    def __init__(
        self,
        config: HubConfig,
        keys: Keys,
        accounts: Accounts,
        records: Records,
        clients: Mapping[int, Client],
    ) -> None:
        self._origins = config.origins
        self._keys, self._accounts, self._records = keys, accounts, records
        self._clients = clients
        self._store = Messages(
            Path(config.state_dir), config.messages_mb, config.records_days, time.time
        )
        self._unanswered = Unanswered()
        self._uploads = asyncio.Semaphore(UPLOADS)
        self._keeping = Tasks("the keeping of a visitor's message")
        self._tidying = Tasks("the deletion of old messages")

    def add_to(self, app: web.Application) -> None:
        """Serve the routes, and keep the store tidy while the application runs."""
        one = r"/messages/{id:[A-Za-z0-9_-]{22}}"
        app.router.add_post("/messages", self._answering(self._post))
        app.router.add_get(one + r"/{part:sound\.wav|picture\.jpg}", self._answering(self._get))
        app.router.add_delete(one, self._answering(self._delete))
        app.on_startup.append(self._start)
        app.on_cleanup.append(self._close)

    def note(self, fact: Fact) -> None:
        """Take what the exchange tells of a call."""
        self._unanswered.note(fact)

    def missed(self, user_id: str) -> tuple[p.MissedCall, ...]:
        """Return what the user has missed, as far as its messages are still there."""
        found = []
        for call in self._records.missed(user_id, self._accounts.name):
            if not call.message or self._store.is_for(call.message, user_id):
                found.append(call)
            elif call.reason in OUTCOMES:  # without the message it is a missed call as well
                found.append(msgspec.structs.replace(call, message=""))
        return tuple(found)

    # -- the store's life ----------------------------------------------------------------------

    async def _start(self, app: web.Application) -> None:
        try:
            await asyncio.to_thread(self._store.start)
        except OSError as error:
            log.warning("visitors' messages cannot be read: %s", error)
        self._tidying.spawn(self._tidy())

    async def _close(self, app: web.Application) -> None:
        await self._keeping.finished()
        await self._keeping.close()
        await self._tidying.close()

    async def _tidy(self) -> None:
        cautious = True
        while True:
            try:
                await asyncio.to_thread(self._store.prune, cautious)
            except OSError as error:
                log.warning("old messages of visitors cannot be deleted: %s", error)
            cautious = False
            await asyncio.sleep(DAY)

    # -- requests ------------------------------------------------------------------------------

    def _answering(self, handler: Handler) -> Handler:
        """Return the handler with its errors said in JSON: code and words."""

        async def answer(request: web.Request) -> web.StreamResponse:
            check_origin(request, self._origins)
            try:
                return await handler(request)
            except LoginError as error:
                headers = {"WWW-Authenticate": "Bearer"}
                return _refused(401, error.code, error.message, headers)
            except MessageError as error:
                return _refused(error.status, error.code, str(error))

        return answer

    def who(self, request: web.Request) -> str:
        """Return whose token the request carries; raises LoginError as a login does.

        A session's secret, as `Welcome` brings it, is one as well while it lasts.
        """
        scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise LoginError(Code.NOT_LOGGED_IN, "a token is missing: Authorization: Bearer TOKEN")
        token = token.strip()
        offered = token.encode("utf-8", "surrogateescape")
        for client in self._clients.values():
            if client.secret and hmac.compare_digest(client.secret.encode(), offered):
                known(request)
                return client.user_id
        user_id = self._keys.owner(token)
        self._accounts.login(user_id, token)
        known(request)
        return user_id

    async def _post(self, request: web.Request) -> web.StreamResponse:
        user_id = self.who(request)
        facts = self._unanswered.claim(user_id, call_ids(request.query.get("calls", "")))
        received_all = False  # from then on `_keep` settles it
        try:
            async with self._uploads:
                async with asyncio.timeout(UPLOAD_SECONDS):
                    parts = await received(request)
                received_all = True
                left = await self._keep(user_id, facts, parts)
        except TimeoutError:
            words = f"the upload took more than {UPLOAD_SECONDS:.0f} s"
            raise MessageError(408, Code.PROTOCOL, words) from None
        finally:
            if not received_all:
                self._unanswered.settle(facts, left=False)
        return web.json_response({"id": left}, status=201)

    async def _keep(self, user_id: str, facts: list[Finished], parts: dict[str, bytes]) -> str:
        """Keep the message and tell of it; return its ID. Goes on if who left it goes meanwhile."""
        done: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def keep() -> None:
            try:
                left = await self._stored(user_id, facts, parts)
            except MessageError as error:
                self._unanswered.settle(facts, left=False)
                log.warning("a message of %s cannot be kept: %s", user_id, error)
                if not done.done():
                    done.set_exception(error)
                return
            self._unanswered.settle(facts, left=True)
            if not done.done():
                done.set_result(left)

        if self._keeping.spawn(keep()) is None:
            raise MessageError(503, Code.RATE_LIMITED, "the hub goes down: try again shortly")
        return await done

    async def _stored(self, user_id: str, facts: list[Finished], parts: dict[str, bytes]) -> str:
        """Put the message into the store, the records and its readers' clients; return its ID."""
        readers = tuple(dict.fromkeys(party.user_id for fact in facts for party in fact.parties))
        calls = [fact.call_id for fact in facts]
        left = await asyncio.to_thread(self._store.put, user_id, calls, readers, parts)
        size = sum(map(len, parts.values())) / 1000
        log.info("%s left a message for %s (%.0f kB)", user_id, ", ".join(readers), size)
        for fact in facts:
            self._records.leave(fact, left, self._unanswered.since(fact))
        for reader in readers:
            self._tell(reader, left)
        return left

    def _tell(self, user_id: str, message_id: str) -> None:
        calls = [call for call in self.missed(user_id) if call.message == message_id]
        for client in self._clients.values():
            if client.user_id == user_id and calls:
                client.send(p.Missed(calls))

    async def _get(self, request: web.Request) -> web.StreamResponse:
        part = request.match_info["part"]
        path = self._store.find(request.match_info["id"], self.who(request), part)
        headers = {
            hdrs.CONTENT_TYPE: TYPES[part],
            hdrs.CACHE_CONTROL: "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        return web.FileResponse(path, headers=headers)

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        user_id = self.who(request)
        await asyncio.to_thread(self._store.delete, request.match_info["id"], user_id)
        log.info("%s deleted a message", user_id)
        return web.Response(status=204)


def _refused(
    status: int, code: Code, words: str, headers: Mapping[str, str] | None = None
) -> web.Response:
    body = {"code": int(code), "msg": words}
    return web.json_response(body, status=status, headers=headers)
