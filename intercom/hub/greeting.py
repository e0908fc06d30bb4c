"""How a connection to the hub begins: whose page it is, and who says hello."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from urllib.parse import urlsplit

from aiohttp import WSMsgType, web

from intercom import protocol as p
from intercom.errors import Code, LoginError, ProtocolError
from intercom.hub.accounts import Accounts
from intercom.hub.client import text_of
from intercom.hub.devices import Devices


def check_origin(request: web.Request, allowed: Collection[str]) -> None:
    """Refuse pages of other sites: a browser says whose page it is, a station says nothing.

    Raises HTTPForbidden. RFC 6455 section 10.2.
    """
    origin = request.headers.get("Origin")
    if origin is None or origin in allowed or _host(origin) == request.host:
        return
    raise web.HTTPForbidden(text="pages of that origin may not connect: see [hub] origins\n")


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None


async def read_hello(
    ws: web.WebSocketResponse, accounts: Accounts, devices: Devices, certificate: str
) -> p.Hello:
    """Return the first message, its version and its token, or device's signature, checked.

    `certificate`: the SHA-256 of the hub's own. Raises ProtocolError for what is wrong with it,
    ConnectionResetError when there is none.
    """
    hello = await _hello(ws)
    lowest, highest = hello.versions
    if not lowest <= p.VERSION <= highest:
        raise ProtocolError(
            f"the hub speaks version {p.VERSION}, you speak {lowest} to {highest}: update",
            Code.VERSION,
        )
    try:
        if hello.device:
            await _challenge(ws, hello, devices, certificate)
            accounts.known(hello.user_id)
        else:
            accounts.login(hello.user_id, hello.user_sig)
    except LoginError as error:
        raise ProtocolError(error.message, error.code) from None
    return hello


async def _challenge(
    ws: web.WebSocketResponse, hello: p.Hello, devices: Devices, certificate: str
) -> None:
    """Have the device sign what nobody could know before."""
    if (refused := devices.refused(hello.device, hello.user_id)) is not None:
        raise refused
    nonce = secrets.token_urlsafe(24)
    await ws.send_str(p.encode(p.Challenge(nonce)))
    answer = await _hello(ws)
    devices.check(hello.device, hello.user_id, answer.user_sig, nonce, certificate)


async def _hello(ws: web.WebSocketResponse) -> p.Hello:
    frame = await ws.receive()
    if frame.type in {WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED}:
        raise ConnectionResetError("closed before hello")
    hello = p.decode_client(text_of(frame))
    if not isinstance(hello, p.Hello):
        raise ProtocolError("the first message must be hello", Code.NOT_LOGGED_IN)
    return hello
