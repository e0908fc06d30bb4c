"""Requests to the hub that wait for their answer."""

from __future__ import annotations

import asyncio

from intercom import protocol as p
from intercom.errors import CallingError, Code

REQUEST_TIMEOUT = 20.0
"""Seconds; longer than the hub waits for somebody's consent."""


class Requests:
    """Numbers requests, and brings each its answer."""

    def __init__(self) -> None:
        self._last = 0
        self._waiting: dict[int, asyncio.Future[None]] = {}

    def number(self) -> int:
        """Return the number for a request."""
        self._last += 1
        return self._last

    async def answer(self, req: int) -> None:
        """Wait for the hub's answer to the request `req`; CallingError when it says no."""
        future = self._waiting[req] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT):
                await future
        except TimeoutError:
            raise CallingError(Code.HUB_UNREACHABLE, "the hub did not answer in time") from None
        finally:
            self._waiting.pop(req, None)

    def take(self, message: p.HubMessage) -> bool:
        """Take an answer, if it is one and somebody waits for it."""
        match message:
            case p.Ok(req=req) if req in self._waiting:
                self._settle(req, None)
            case p.Error(req=req, code=code, msg=msg) if req in self._waiting:
                known = Code(code) if code in set(Code) else Code.PROTOCOL
                self._settle(req, CallingError(known, msg))
            case _:
                return False
        return True

    def fail(self, why: str) -> None:
        """The answers will not come."""
        for req in list(self._waiting):
            self._settle(req, CallingError(Code.HUB_UNREACHABLE, f"the request was lost: {why}"))

    def _settle(self, req: int, error: CallingError | None) -> None:
        future = self._waiting.pop(req)
        if future.done():
            return
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
