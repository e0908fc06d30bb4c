"""Two peers over real transports come to an end, of whatever kind."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest
from aiortc import RTCSessionDescription

from tests.media_rig import Line, Side, no_new_threads, until
from tests.media_wire import Wire, all_on


async def test_closing_is_quick_even_if_the_peer_is_dead() -> None:
    with no_new_threads():
        async with Line() as line:
            await line.connect()
            await all_on(line)
            Wire(line.door, lambda data: True)
            async with asyncio.timeout(1):
                await line.flat.peer.close()
                await line.flat.peer.close()


async def test_closing_goes_on_when_who_closes_is_cancelled() -> None:
    with no_new_threads():
        async with Line() as line:
            await line.connect()
            await all_on(line)
            first = asyncio.create_task(line.flat.peer.close())
            await asyncio.sleep(0)
            first.cancel()
            await asyncio.wait([first])
            async with asyncio.timeout(3):
                await line.flat.peer.close()
            assert line.flat.pc.connectionState == "closed"
            assert line.flat.media._peers == {}  # noqa: SLF001 - nobody may keep it


async def test_closing_while_it_comes_up_leaves_no_exception_behind() -> None:
    """At each moment of the first tenth of a second, within which the transports meet."""
    said: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context))
    for moment in range(0, 100, 3):
        async with Line() as line:
            start = asyncio.create_task(line.door.peer.start())
            await asyncio.sleep(moment / 1000)
            await line.flat.peer.close()
            await line.door.peer.close()
            await start
        gc.collect()
    assert said == []


async def test_everything_is_freed_even_when_closing_itself_is_cancelled() -> None:
    with no_new_threads():
        async with Line() as line:
            await line.connect()
            await all_on(line)
            closing = asyncio.create_task(line.flat.peer.close())
            await asyncio.sleep(0.001)  # at its first wait, or a later one
            task = line.flat.peer._closing  # noqa: SLF001 - as a loop does that ends
            assert task is not None
            task.cancel()
            await asyncio.wait([closing])
            assert line.flat.media._peers == {}  # noqa: SLF001 - as above
            assert not line.flat.peer._video_out.is_open  # noqa: SLF001 - as above


async def test_an_offer_that_is_taken_while_it_closes_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Line() as line:
        peer = line.flat.peer
        describe = peer._pc.setLocalDescription  # noqa: SLF001 - its last step that waits

        async def late(answer: RTCSessionDescription) -> None:
            await describe(answer)
            await peer.close()

        monkeypatch.setattr(peer._pc, "setLocalDescription", late)  # noqa: SLF001 - the same
        handle, handled = peer.handle, asyncio.Event()

        async def noted(body: dict[str, Any]) -> None:
            await handle(body)
            handled.set()

        monkeypatch.setattr(peer, "handle", noted)
        await line.door.peer.start()
        await until(handled.is_set)
        assert line.flat.media._picture._tracks == {}  # noqa: SLF001 - nothing of it stays
        assert line.flat.media._sound._receivers == ()  # noqa: SLF001 - the same


async def test_closing_gives_the_sockets_back() -> None:
    async with Line() as line:
        await line.connect()
        connection = line.door.transport.transport._connection  # noqa: SLF001 - owns the sockets
        sockets = [p.transport.get_extra_info("socket") for p in connection._protocols]  # noqa: SLF001 - these
        await line.door.peer.close()
        assert sockets
        assert all(s.fileno() == -1 for s in sockets)


async def test_closing_before_anything_happened() -> None:
    side = Side("door", "240p", False)
    peer = side.media.peer("call", "flat", 1, True, lambda body: None)
    await peer.close()
    await peer.start()
    await peer.handle({"kind": "answer", "sdp": ""})
    await side.media.close()
