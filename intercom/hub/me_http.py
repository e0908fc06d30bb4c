"""`GET /me`: whose token it is, and the STUN and TURN servers for it.

No session is made, so that nobody is logged out by who only wants to know whether all is well.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from aiohttp import web

from intercom.errors import LoginError
from intercom.hub.accounts import Accounts


class MeHttp:
    """`who` returns the user of a request's token, or raises LoginError."""

    def __init__(self, accounts: Accounts, who: Callable[[web.Request], str]) -> None:
        self._accounts, self._who = accounts, who

    async def get(self, request: web.Request) -> web.Response:
        """Answer as JSON: user_id, name, the hub's time (unix seconds), ice_servers."""
        try:
            user_id = self._who(request)
        except LoginError as error:
            refusal = {"code": int(error.code), "msg": error.message}
            return web.json_response(refusal, status=401, headers={"WWW-Authenticate": "Bearer"})
        body = {
            "user_id": user_id,
            "name": self._accounts.name(user_id),
            "time": time.time(),
            "ice_servers": self._accounts.ice_servers(user_id),
        }
        return web.json_response(body, headers={"Cache-Control": "no-store"})
