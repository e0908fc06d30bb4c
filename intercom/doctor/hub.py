"""Goes to the hub as a station does, but never logs a running station out."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import replace
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import aiohttp
from cryptography import x509

from intercom.doctor import hub_login, judge_hub
from intercom.doctor.hub_login import Credential
from intercom.doctor.hub_pings import pinged
from intercom.doctor.judge_hub import Certificate, Login, Seen, Stage
from intercom.doctor.patient import Patient
from intercom.doctor.results import Result, skipped
from intercom.link import pinned

TIMEOUT = 5.0
CLOSING = 0.1
"""Seconds for connections to be closed: aiohttp does not wait for TLS to say goodbye."""
PINGS, FEW = 20, 5


class Unreached(Exception):
    """It ended at this stage."""

    def __init__(self, stage: Stage, error: str) -> None:
        super().__init__(error)
        self.stage, self.error = stage, error


def check(patient: Patient) -> Iterator[Result]:
    """The hub, the login and the way there: a line each."""
    config = patient.config
    if config.hub.embedded and patient.station is None:
        words = "the hub is inside the station, which does not run"
        yield skipped("hub", words, "sudo systemctl --no-block start intercom")
        return
    seen, now = look(patient), time.time()
    yield judge_hub.hub(seen, now)
    yield judge_hub.login(seen, config.station.user, now)
    yield judge_hub.link(seen)


def look(patient: Patient) -> Seen:
    """What is seen of the hub; looked at once."""
    found = patient.memory.get("hub")
    if not isinstance(found, Seen):
        found = asyncio.run(_look(patient, hub_login.credential(patient)))
        patient.memory["hub"] = found
    return found


async def _look(patient: Patient, mine: Credential) -> Seen:
    place = hub_login.place(patient.config)
    seen = Seen(place.url, pin=place.pin, embedded=patient.config.hub.embedded)
    if not place.url:
        return replace(seen, stage="none", error="this station has no hub yet")
    seen = replace(seen, login=Login(missing=mine.missing))
    try:
        seen = replace(seen, address=await _resolved(place.url))
        seen = replace(seen, certificate=await _connected(place.url))
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(TIMEOUT)) as http:
            seen = await _asked(http, seen)
            if not mine.missing:
                seen = await hub_login.logged_in(http, seen, mine)
            way = await pinged(http, seen, FEW if patient.quick else PINGS)
            return replace(seen, way=way)
    except Unreached as end:
        return replace(seen, stage=end.stage, error=end.error)
    finally:
        await asyncio.sleep(CLOSING)


def _host(url: str) -> tuple[str, int, bool]:
    parts = urlsplit(url)
    secure = parts.scheme == "wss"
    return parts.hostname or "", parts.port or (443 if secure else 80), secure


async def _resolved(url: str) -> str:
    host, port, _ = _host(url)
    try:
        async with asyncio.timeout(TIMEOUT):
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError:
        raise Unreached("name", f'no answer to the name "{host}" within {TIMEOUT:.0f} s') from None
    except socket.gaierror as error:
        raise Unreached("name", f'the name "{host}" is not known ({error.strerror})') from None
    return str(found[0][4][0])


async def _connected(url: str) -> Certificate | None:
    """The certificate that is shown, whoever it is; None without TLS."""
    host, port, secure = _host(url)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # only to look at it
    try:
        async with asyncio.timeout(TIMEOUT):
            _, writer = await asyncio.open_connection(host, port, ssl=context if secure else None)
    except TimeoutError:
        raise Unreached("connect", f"no answer within {TIMEOUT:.0f} s") from None
    except ssl.SSLError as error:
        raise Unreached("tls", f"no TLS: {error.reason or error}") from None
    except ConnectionResetError:
        why = "it closed the connection"
        if secure:  # connecting is refused otherwise
            raise Unreached("tls", f"{why} during the TLS handshake") from None
        raise Unreached("connect", why) from None
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise Unreached("connect", why.lower()) from None
    found = None
    if secure:
        shown = writer.get_extra_info("ssl_object")
        found = _certificate(shown.getpeercert(binary_form=True), shown.version() or "TLS")
    writer.transport.abort()
    return found


def _certificate(der: bytes, version: str) -> Certificate:
    leaf = x509.load_der_x509_certificate(der)
    begins, ends = leaf.not_valid_before_utc.timestamp(), leaf.not_valid_after_utc.timestamp()
    return Certificate(hashlib.sha256(der).hexdigest(), begins, ends, version.replace("v", " "))


async def _asked(http: aiohttp.ClientSession, seen: Seen) -> Seen:
    """Ask for its health, with the certificate checked as a station does."""
    began = time.time()
    try:
        async with http.get(
            hub_login.page(seen.url, "/healthz"), ssl=pinned(seen.pin) or True
        ) as answer:
            text = answer.headers.get("Date", "")
            body = await answer.json(content_type=None) if answer.status in {200, 503} else None
    except aiohttp.ServerFingerprintMismatch:
        raise Unreached("pin", "its certificate is not the one that is pinned") from None
    except aiohttp.ClientConnectorCertificateError as error:
        cause = error.certificate_error
        why = getattr(cause, "verify_message", "") or str(cause)
        raise Unreached("tls", f"its certificate is not accepted: {why}") from None
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        raise Unreached("health", f"{type(error).__name__}: {error}".rstrip(": ")) from None
    if not isinstance(body, dict) or "status" not in body:
        raise Unreached("health", "what answers is no hub of this program")
    if body["status"] != "ok":
        raise Unreached("health", f"it says of itself: {body['status']}")
    ahead = _ahead(text, began, time.time())
    return replace(seen, clients=int(body.get("clients", 0)), ahead=ahead)


def _ahead(text: str, began: float, ended: float) -> float | None:
    """How far a Date header (whole seconds, RFC 9110, 6.6.1) is ahead of our clock."""
    try:
        date = parsedate_to_datetime(text).timestamp()
    except ValueError:
        return None
    return date + 0.5 - (began + ended) / 2
