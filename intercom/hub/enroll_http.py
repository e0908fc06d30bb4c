"""`POST /enroll` at the hub: a station with a code becomes a device that may log in.

The law: a code is good for one device, once, for a time; a wrong proof counts against it; nothing
of it is logged; and what was promised to a station is on the disk before.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus

import msgspec
from aiohttp import web

from intercom.enroll import proof, wire
from intercom.enroll.login import device_id, has_signed
from intercom.errors import Code, IntercomError
from intercom.hub.accounts import Accounts
from intercom.hub.devices import BROKEN, Devices
from intercom.hub.devices_book import Invitation
from intercom.hub.enroll_nonces import Nonces
from intercom.hub.pace import Bucket, Pace

log = logging.getLogger(__name__)

RATE, BURST = 2.0, 40.0
"""Requests a second that all the world may make for long, and at once: many cost a scrypt."""
ADDRESS_RATE, ADDRESS_BURST = 0.5, 12.0
"""The same for one address; an attempt takes two."""
READ_SECONDS = 5.0

AGAIN = "make a new one at the hub with `intercom invite`"


class Refused(IntercomError):
    """The request is answered so."""

    def __init__(self, status: HTTPStatus, code: Code, words: str) -> None:
        super().__init__(words)
        self.status, self.code = status, code


class EnrollHttp:
    """The route of one hub. `certificate` tells the SHA-256 of its TLS certificate, "" without;
    `own`: the hub made it."""

    def __init__(
        self, accounts: Accounts, devices: Devices, certificate: Callable[[], str], own: bool
    ) -> None:
        self._accounts, self._devices = accounts, devices
        self._certificate, self._own = certificate, own
        self._nonces = Nonces()
        self._all = Bucket(RATE, BURST)
        self._each = Pace(ADDRESS_RATE, ADDRESS_BURST)
        self._one = asyncio.Lock()

    def add_to(self, app: web.Application) -> None:
        """Serve the route."""
        app.router.add_post("/enroll", self._post)

    async def _post(self, request: web.Request) -> web.Response:
        try:
            self._keep_pace(request.remote or "")
            asked = await _read(request)
            match asked:
                case wire.Ask():
                    now = asyncio.get_running_loop().time()
                    return _answer(wire.Nonce(self._nonces.make(now)))
                case wire.Prove():
                    async with self._one:  # so that attempts are counted one by one
                        return _answer(await self._prove(asked))
        except Refused as refused:
            flood = refused.status is HTTPStatus.TOO_MANY_REQUESTS
            level = logging.DEBUG if flood else logging.WARNING
            log.log(level, "%s is not enrolled: %s", request.remote, refused)
            return _answer(wire.Refusal(int(refused.code), str(refused)), refused.status)
        except BROKEN as error:
            log.error("nobody can be enrolled: %s", error)
            words = f"the hub cannot use its book of devices now ({error}): see its log"
            status = HTTPStatus.INSUFFICIENT_STORAGE
            return _answer(wire.Refusal(int(Code.NO_ROOM), words), status)

    def _keep_pace(self, address: str) -> None:
        now = asyncio.get_running_loop().time()
        if not self._each.take(address, now) or not self._all.take(now):
            raise Refused(
                HTTPStatus.TOO_MANY_REQUESTS, Code.RATE_LIMITED, "too many attempts: wait a little"
            )

    async def _prove(self, said: wire.Prove) -> wire.Welcome:
        if not self._nonces.take(said.hub_nonce, asyncio.get_running_loop().time()):
            raise Refused(
                HTTPStatus.CONFLICT, Code.TOKEN_EXPIRED, "that took too long: try once more"
            )
        invitation = await asyncio.to_thread(self._devices.book.invitation, said.id)
        if invitation is None or invitation.over:
            words = "no code of this hub begins so" if invitation is None else invitation.over
            raise Refused(HTTPStatus.GONE, Code.INVITATION_GONE, f"{words}: {AGAIN}")
        exchange = proof.Exchange(
            said.id,
            self._certificate(),
            said.public,
            said.name,
            said.hub_nonce,
            said.station_nonce,
        )
        key = await asyncio.to_thread(proof.derive, invitation.code, said.hub_nonce)
        if not proof.same(said.proof, proof.station_proof(key, exchange)):
            await self._count_wrong(said.id)
        if not has_signed(said.public, said.signature, proof.to_sign(exchange)):
            words = "the station does not have the key that it names"
            raise Refused(HTTPStatus.BAD_REQUEST, Code.TOKEN_BAD_SIGNATURE, words)
        return await self._enroll(invitation, exchange, key)

    async def _count_wrong(self, code_id: str) -> None:
        left = await asyncio.to_thread(self._devices.book.wrong, code_id)
        more = f"{left} more attempts" if left else f"the code is void now, {AGAIN}"
        raise Refused(
            HTTPStatus.FORBIDDEN,
            Code.TOKEN_BAD_SIGNATURE,
            "the code is not the hub's, or something between station and hub shows a certificate of"
            f" its own ({more})",
        )

    async def _enroll(
        self, invitation: Invitation, exchange: proof.Exchange, key: bytes
    ) -> wire.Welcome:
        user = invitation.user_id
        if not self._accounts.exists(user):
            raise Refused(HTTPStatus.GONE, Code.UNKNOWN_USER, f'there is no user "{user}" any more')
        shown = "".join(letter for letter in exchange.name if letter.isprintable())
        book = self._devices.book
        if not await asyncio.to_thread(book.enroll, invitation.code.id, exchange.public, shown):
            raise Refused(HTTPStatus.GONE, Code.INVITATION_GONE, f"the code was used: {AGAIN}")
        await self._devices.refresh(mine=True)
        log.info("enrolled: device %s (%r) as %s", device_id(exchange.public), shown, user)
        promise = proof.Promise(user, self._accounts.name(user), self._own)
        shown_proof = proof.hub_proof(key, exchange, promise)
        return wire.Welcome(shown_proof, promise.user, promise.user_name, promise.own)


async def _read(request: web.Request) -> wire.Ask | wire.Prove:
    """Return what is asked; Refused for what is none, too long or too slow."""
    body = bytearray()
    try:
        async with asyncio.timeout(READ_SECONDS):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > wire.MAX_BYTES:
                    raise Refused(
                        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, Code.PROTOCOL, "that is too long"
                    )
        return wire.decode(bytes(body))
    except TimeoutError:
        raise Refused(HTTPStatus.REQUEST_TIMEOUT, Code.PROTOCOL, "that took too long") from None
    except ValueError as fault:
        words = f"not understood: {fault}"
        raise Refused(HTTPStatus.BAD_REQUEST, Code.PROTOCOL, words) from None


def _answer(body: msgspec.Struct, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    return web.Response(
        body=msgspec.json.encode(body),
        status=status,
        content_type="application/json",
        headers=headers,
    )
