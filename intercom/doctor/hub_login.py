"""Whether the hub would let this station in, without logging in: that would end its session,
wherever it runs.

A token, or a running station's session, is shown at /me. A device's key proves itself only by a
login: the hub is asked whether it knows the device, which it challenges then, and no more.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import jwt

from intercom import protocol as p
from intercom.config import Config, is_plain
from intercom.doctor import running
from intercom.doctor.judge_hub import Login, Seen
from intercom.doctor.patient import Patient
from intercom.enroll.key import DeviceKey
from intercom.errors import IntercomError
from intercom.hub.address import local_url
from intercom.hub.keys import KEY_FILE, Keys
from intercom.hub.tls import OWN_CERT, server_context
from intercom.link import pinned
from intercom.station.login import Access

CLIENT = "doctor"
CHALLENGED = 5.0
"""Seconds in which the hub has to answer a hello."""
LEAVING = aiohttp.ClientWSTimeout(ws_close=0.3)
"""It need not say goodbye."""


@dataclass(frozen=True)
class Place:
    """Where the hub is, and what its certificate must be."""

    url: str
    pin: str


@dataclass(frozen=True)
class Credential:
    """How this station proves who it is; `missing` says why it cannot.

    `lasts`: the station itself uses this token, so that its end matters.
    """

    user: str = ""
    token: str = ""
    key: DeviceKey | None = None
    lasts: bool = True
    missing: str = ""


def place(config: Config) -> Place:
    """The hub of the configuration; of an embedded one, as its station would find it."""
    hub = config.hub
    if not hub.embedded:
        return Place(hub.url, hub.tls_pin)
    folder = Path(hub.state_dir)
    plain = is_plain(hub)
    known = not plain and (hub.tls_cert or (folder / OWN_CERT).exists())
    pin = server_context(hub.tls_cert, hub.tls_key, folder)[1] if known else ""
    return Place(local_url(hub.listen, hub.port, tls=not plain), pin)


def credential(patient: Patient) -> Credential:
    """What the station would log in with."""
    config, station = patient.config, patient.config.station
    given = bool(station.token.reveal() or station.token_file)
    try:
        if config.hub.embedded and not given:
            return _of_own_hub(config)
        mine = asyncio.run(Access(config).credential())
        if isinstance(mine, DeviceKey):
            return _of_device(patient, mine)
        missing = "" if mine else f"{station.token_file}: no token in it"
        return Credential(station.user, mine, missing=missing)
    except OSError as error:
        return Credential(missing=f"{error.filename}: {(error.strerror or '').lower()}")
    except IntercomError as error:
        return Credential(missing=str(error))


def _of_own_hub(config: Config) -> Credential:
    folder = Path(config.hub.state_dir)
    if not (folder / KEY_FILE).exists():
        return Credential(missing=f"{folder / KEY_FILE}: no such file")
    user = config.station.user
    return Credential(user, Keys(folder).mint(user, days=1 / 24), lasts=False)


def _of_device(patient: Patient, key: DeviceKey) -> Credential:
    user, station = patient.config.station.user, patient.station
    if station is None or not station.control:
        return Credential(user, key=key)
    try:
        bearer = str(running.command(station.control, {"do": "bearer"})["bearer"])
    except running.NoAnswer:
        bearer = ""
    return Credential(user, bearer, key, lasts=False)


async def logged_in(http: aiohttp.ClientSession, seen: Seen, mine: Credential) -> Seen:
    """What the hub says of our credential."""
    if mine.token:
        return await _me(http, seen, mine)
    assert mine.key is not None
    try:
        tls = pinned(seen.pin) or True
        async with http.ws_connect(page(seen.url, "/ws"), ssl=tls, timeout=LEAVING) as ws:
            versions = (p.VERSION, p.VERSION)
            hello = p.Hello(versions, mine.user, "", client=CLIENT, device=mine.key.device)
            async with asyncio.timeout(CHALLENGED):
                return await _challenged(ws, seen, hello)
    except TimeoutError:
        words = f"the hub did not answer a login within {CHALLENGED:.0f} s"
        return replace(seen, login=Login(refused=words))
    except (aiohttp.ClientError, OSError) as error:
        return replace(seen, login=Login(refused=f"the hub did not answer: {error!r}"))
    except IntercomError as error:
        return replace(seen, login=Login(refused=str(error)))


async def _challenged(ws: aiohttp.ClientWebSocketResponse, seen: Seen, hello: p.Hello) -> Seen:
    """Whether the hub knows the device, which it asks for its signature then; it gets none."""
    await ws.send_str(p.encode(hello))
    frame = await ws.receive()
    answer = p.decode_hub(frame.data) if frame.type is aiohttp.WSMsgType.TEXT else None
    if isinstance(answer, p.Challenge):
        return replace(seen, login=Login(hello.user_id, device=hello.device))
    words = answer.msg if isinstance(answer, p.Error) else "the hub closed the login"
    return replace(seen, login=Login(refused=words))


def page(url: str, path: str) -> str:
    """The HTTP URL of a page of the hub whose WebSocket is at `url`."""
    return "http" + url.rstrip("/").removesuffix("/ws").removeprefix("ws") + path


async def _me(http: aiohttp.ClientSession, seen: Seen, mine: Credential) -> Seen:
    """Ask the hub whose token it is, and for what else it would tell at a login."""
    headers = {"Authorization": f"Bearer {mine.token}"}
    tls = pinned(seen.pin) or True
    try:
        async with http.get(
            page(seen.url, "/me"), headers=headers, ssl=tls, allow_redirects=False
        ) as answer:
            body: Any = await answer.json(content_type=None)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        refused = f"the hub did not answer: {type(error).__name__}: is it of another version?"
        return replace(seen, login=Login(refused=refused))
    if answer.status != 200:
        return replace(seen, login=Login(refused=str(body.get("msg", answer.status))))
    device = "" if mine.key is None else mine.key.device
    expires = _expires(mine.token) if mine.lasts else None
    me = Login(str(body["user_id"]), str(body["name"]), expires=expires, device=device)
    return replace(seen, login=me, ice_servers=body["ice_servers"], told_ice=True)


def _expires(token: str) -> float | None:
    try:
        claims = jwt.decode(token, options={"verify_signature": False, "verify_exp": False})
    except jwt.InvalidTokenError:
        return None
    ends = claims.get("exp")
    return float(ends) if isinstance(ends, int | float) else None
