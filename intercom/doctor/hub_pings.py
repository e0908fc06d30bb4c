"""Measures the way to the hub by pings."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from typing import Any, cast

import aiohttp

from intercom.doctor.hub_login import LEAVING, page
from intercom.doctor.judge_hub import Seen, Way
from intercom.link import pinned

PING_EVERY, PONG_WITHIN = 0.1, 1.5
"""Seconds; all of it has to be over before the hub misses our hello, after 5 s."""
_TCP_INFO = struct.Struct("=8B24I")  # linux/tcp.h: the counters are words from byte 8 on
_TOTAL_RETRANS = 8 + 23


async def pinged(http: aiohttp.ClientSession, seen: Seen, count: int) -> Way:
    """Pings of WebSocket (RFC 6455, 5.5.2): the hub answers them before it hears a hello."""
    found: list[float] = []
    resent = None
    tls = pinned(seen.pin) or True
    try:
        async with http.ws_connect(
            page(seen.url, "/ws"), ssl=tls, autoping=False, timeout=LEAVING
        ) as ws:
            pongs = asyncio.create_task(_pongs(ws, count, found))
            for number in range(count):
                await ws.ping(struct.pack("!id", number, time.monotonic()))
                await asyncio.sleep(PING_EVERY)
            await asyncio.wait([pongs], timeout=PONG_WITHIN)
            resent = _resent(ws.get_extra_info("socket"))
            pongs.cancel()
            await asyncio.gather(pongs, return_exceptions=True)
    except (aiohttp.ClientError, OSError, TimeoutError):
        pass  # what did not come back is lost
    return Way(tuple(found), count, resent)


async def _pongs(ws: aiohttp.ClientWebSocketResponse, count: int, found: list[float]) -> None:
    while len(found) < count:
        frame = await ws.receive()
        if frame.type is aiohttp.WSMsgType.PONG and len(frame.data) == 12:
            _, sent = struct.unpack("!id", frame.data)
            found.append(time.monotonic() - sent)
        elif frame.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSE}:
            return


def _resent(connection: object) -> int | None:
    """How many segments TCP has sent again on this connection."""
    try:
        info = cast(Any, connection).getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
        return int(_TCP_INFO.unpack(info)[_TOTAL_RETRANS])
    except (AttributeError, OSError, struct.error):
        return None
