"""A connection that ends while something is being sent: races that a real socket rarely shows."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from intercom.link_wire import Wire


class ClosedWhileSending:
    """A socket whose other side closes while we send, so that the sending fails a little later."""

    def __init__(self) -> None:
        self.sending = asyncio.Event()

    async def receive(self, timeout: float | None = None) -> Any:  # noqa: ASYNC109 (aiohttp's name)
        """Return the close, once something is being sent."""
        await self.sending.wait()
        return SimpleNamespace(type=aiohttp.WSMsgType.CLOSED)

    async def send_str(self, text: str) -> None:
        """Fail, as aiohttp does on a closing transport."""
        self.sending.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise ConnectionResetError("Cannot write to closing transport")


async def test_a_close_while_we_send_is_no_cancel() -> None:
    """Else the link would end there for good, and tell nobody."""
    wire = Wire(ClosedWhileSending(), lambda message: None, in_call=False)  # type: ignore[arg-type] # a double
    task = asyncio.create_task(wire.serve())
    await asyncio.wait({task}, timeout=5)
    assert task.done()
    assert not task.cancelled()
    with pytest.raises(ConnectionResetError):
        task.result()
