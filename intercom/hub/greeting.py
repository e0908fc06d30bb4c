"""How a connection to the hub begins: whose page it is, and who says hello."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from aiohttp import WSMsgType, web

from intercom import protocol as p
from intercom.errors import Code, LoginError, ProtocolError
from intercom.hub.accounts import Accounts
from intercom.hub.client import text_of


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


async def read_hello(ws: web.WebSocketResponse, accounts: Accounts) -> p.Hello:
    """Return the first message, its version and its token checked.

    Raises ProtocolError for what is wrong with it, ConnectionResetError when there is none.
    """
    frame = await ws.receive()
    if frame.type in {WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED}:
        raise ConnectionResetError("closed before hello")
    hello = p.decode_client(text_of(frame))
    if not isinstance(hello, p.Hello):
        raise ProtocolError("the first message must be hello", Code.NOT_LOGGED_IN)
    lowest, highest = hello.versions
    if not lowest <= p.VERSION <= highest:
        raise ProtocolError(
            f"the hub speaks version {p.VERSION}, you speak {lowest} to {highest}: update",
            Code.VERSION,
        )
    try:
        accounts.login(hello.user_id, hello.user_sig)
    except LoginError as error:
        raise ProtocolError(error.message, error.code) from None
    return hello
