"""The station's side of an enrolment: prove the code to the hub, be proven to, and remember it."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
import socket
import ssl
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import aiohttp
import msgspec

from intercom.enroll import proof, store, wire
from intercom.enroll.address import hub_url
from intercom.enroll.code import parse
from intercom.enroll.errors import CodeRefused, EnrollError, NotReachable, NotTrusted
from intercom.enroll.key import DeviceKey
from intercom.enroll.store import Enrolled
from intercom.link import Tls, pinned

log = logging.getLogger(__name__)

CONNECT_SECONDS, TOTAL_SECONDS = 5.0, 20.0
NO_CHECK_TIME = ssl.VerifyFlags(0x200000)
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL's x509_vfy.h; Python has no name for it."""
SAID_MAX = 300
"""Letters of a refusal that are shown: whoever answers may not be the hub."""
REFUSED: dict[int, type[EnrollError]] = {
    HTTPStatus.GONE: CodeRefused,
    HTTPStatus.FORBIDDEN: NotTrusted,
}
"""What a hub's status means; with any other one than 200 the same code may be tried again."""

T = TypeVar("T")


async def enroll(
    hub: str, code: str, key_file: Path, name: str = "", plain: bool = False
) -> Enrolled:
    """Enroll this device at a hub ("hub.local", "wss://10.0.0.5:8443") by a code of its owner.

    Makes the device's key where there is none, and leaves the enrolment beside it. Called again
    with the same code, because it is not known whether it worked, it works again. `name` is what
    the hub's owner sees (default: the host's name), `plain` allows ws:// to another machine.

    Raises CodeRefused, NotTrusted (both are final), NotReachable; KeyFileError.
    """
    parsed = parse(code)
    url = hub_url(hub, plain)
    key = await asyncio.to_thread(DeviceKey.load_or_make, key_file)
    try:
        async with asyncio.timeout(TOTAL_SECONDS):
            certificate = await _certificate(url)
            post = _Post(url, pinned(certificate))
            nonce = await post.ask(wire.Ask(1, parsed.id), wire.Nonce)
            exchange = proof.Exchange(
                parsed.id,
                certificate,
                key.public,
                wire.printable(name or socket.gethostname(), wire.NAME_MAX),
                nonce.hub_nonce,
                secrets.token_bytes(proof.NONCE_BYTES),
            )
            secret = await asyncio.to_thread(proof.derive, parsed, nonce.hub_nonce)
            welcome = await post.ask(_prove(secret, key, exchange), wire.Welcome)
            promise = proof.Promise(welcome.user, welcome.user_name, welcome.own)
            if not proof.same(welcome.proof, proof.hub_proof(secret, exchange, promise)):
                raise NotTrusted(f"what answers at {url} does not know the code: it is not the hub")
            by_authorities = not promise.own and await _is_known(url)
    except TimeoutError:
        raise _unreachable(url, "it does not answer") from None
    pin = "" if by_authorities else certificate
    enrolled = Enrolled(
        url=url, pin=pin, user=promise.user, device=key.device, user_name=promise.user_name
    )
    await asyncio.to_thread(_keep, store_path(key_file), enrolled)
    log.info("enrolled at %s as %s", url, enrolled.user)
    return enrolled


def store_path(key_file: Path) -> Path:
    """Return where the enrolment of the device with that key lies."""
    return key_file.with_name(store.FILE)


class _Post:
    """Asks one hub, whose certificate must stay the one that was seen first."""

    def __init__(self, url: str, tls: Tls) -> None:
        self._url, self._tls = url, tls

    async def ask(self, what: wire.Ask | wire.Prove, answer: type[T]) -> T:
        """Post `what`; return the answer, or raise what the hub's refusal means."""
        timeout = aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as http,
                http.post(
                    "http" + self._url.removeprefix("ws") + "/enroll",
                    data=msgspec.json.encode(what),
                    headers={"Content-Type": "application/json"},
                    ssl=self._tls or True,
                    allow_redirects=False,
                ) as response,
            ):
                status = response.status
                body = await _limited(response)
        except aiohttp.ServerFingerprintMismatch:
            raise NotTrusted(
                f"{self._url} changes its certificate from one word to the next"
            ) from None
        except (aiohttp.ClientError, OSError) as error:
            raise _failed(self._url, error) from None
        if status != HTTPStatus.OK:
            raise self._refused(status, body)
        try:
            return msgspec.json.decode(body, type=answer)
        except (msgspec.DecodeError, UnicodeError):
            raise NotReachable(f"{self._url} answers what no hub of this version does") from None

    def _refused(self, status: int, body: bytes) -> EnrollError:
        try:
            words = wire.printable(msgspec.json.decode(body, type=wire.Refusal).msg, SAID_MAX)
        except (msgspec.DecodeError, UnicodeError):
            words = f"{self._url} answers with HTTP status {status}: is that a hub, and up to date?"
        return REFUSED.get(status, NotReachable)(words)


def _prove(secret: bytes, key: DeviceKey, exchange: proof.Exchange) -> wire.Prove:
    return wire.Prove(
        1,
        exchange.code_id,
        exchange.hub_nonce,
        exchange.station_nonce,
        exchange.public,
        proof.station_proof(secret, exchange),
        key.private.sign(proof.to_sign(exchange)),
        exchange.name,
    )


async def _certificate(url: str) -> str:
    """Return the SHA-256 of the certificate that is shown to us, whoever shows it; "" by ws://."""
    where = urlsplit(url)
    if where.scheme == "ws":
        return ""
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE  # the code proves it instead
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            port = where.port or 443
            _, writer = await asyncio.open_connection(where.hostname, port, ssl=anybody)
    except ssl.SSLError as error:
        raise _unreachable(url, f"it speaks no TLS that we know, {error.reason}") from None
    except TimeoutError:
        raise _unreachable(url, "it does not answer") from None
    except OSError as error:
        raise _unreachable(url, str(error.strerror or error)) from None
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.transport.abort()
    return hashlib.sha256(shown).hexdigest()


async def _is_known(url: str) -> bool:
    """Tell whether the system's authorities vouch for the hub: then its certificate may change.

    Whatever the time is: a station's clock may be wrong now, and will be right later. Only a
    certificate that nobody vouches for says no; with any other failure it is not known.
    """
    timeout = aiohttp.ClientTimeout(total=CONNECT_SECONDS)
    context = await asyncio.to_thread(ssl.create_default_context)
    context.verify_flags |= NO_CHECK_TIME
    ask = "http" + url.removeprefix("ws") + "/healthz"
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.get(ask, allow_redirects=False, ssl=context),
        ):
            return True
    except aiohttp.ClientConnectorCertificateError as error:
        log.info("%s is pinned, for no authority vouches for it: %s", url, error)
        return False
    except (aiohttp.ClientError, OSError) as error:
        raise _failed(url, error) from None


def _keep(path: Path, enrolled: Enrolled) -> None:
    try:
        store.write(path, enrolled)
    except OSError as error:
        raise NotReachable(
            f"{path}: {error.strerror}: the hub knows this device, which cannot remember it;"
            " make room, and try again with the same code"
        ) from None


async def _limited(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > wire.MAX_BYTES:
            raise NotReachable("what answers there is no hub: it says too much")
    return bytes(body)


def _failed(url: str, error: Exception) -> NotReachable:
    return _unreachable(url, wire.printable(f"{type(error).__name__}: {error}", SAID_MAX))


def _unreachable(url: str, why: str) -> NotReachable:
    return NotReachable(f"no hub at {url} ({why}): is it running, and is the address right?")
