"""After each call everything is given back: threads, sockets, tasks, objects, memory."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import threading
from collections.abc import AsyncIterator

from aiortc import RTCDtlsTransport, RTCPeerConnection

from intercom.media import Peer
from intercom.media.decoder import Decoder
from intercom.media.receive_video import VideoReceiver
from intercom.media.tracks import PacketTrack
from tests.media_rig import Side, no_new_threads, until

WARM, CALLS = 3, 6
POOLS = ("device_", "asyncio_")  # threads of bounded pools, which fill up by and by
KINDS = ("threads", "descriptors", "tasks", "objects")
OF_A_CALL = (Peer, RTCPeerConnection, RTCDtlsTransport, PacketTrack, VideoReceiver, Decoder)
MEMORY = 300  # kB of noise in three calls; one encoder or decoder that stays is more


MALL_INFO = (
    "arena",
    "ordblks",
    "smblks",
    "hblks",
    "hblkhd",
    "usmblks",
    "fsmblks",
    "uordblks",
    "fordblks",
    "keepcost",
)


class MallInfo(ctypes.Structure):
    """`struct mallinfo2` of malloc.h (glibc 2.33)."""

    _fields_ = [(name, ctypes.c_size_t) for name in MALL_INFO]


def allocated() -> int:
    """What libraries, and Python for large objects, have of malloc's memory, in kB.

    The resident size says less: it grows by fragments for many calls, and then no more.
    """
    library = ctypes.CDLL(None)
    library.mallinfo2.restype = MallInfo
    info = library.mallinfo2()
    return int(info.uordblks + info.hblkhd) // 1024


def held() -> dict[str, int]:
    """What this process holds; memory in kB."""
    gc.collect()
    return {
        "threads": sum(not t.name.startswith(POOLS) for t in threading.enumerate()),
        "descriptors": sum(1 for _ in os.scandir("/proc/self/fd")),
        "tasks": len(asyncio.all_tasks()),
        "objects": sum(type(thing) in OF_A_CALL for thing in gc.get_objects()),
        "memory": allocated(),
    }


async def call(door: Side, flat: Side, number: int) -> None:
    """One call with picture and sound both ways."""
    name = f"call{number}"
    for side in (door, flat):
        side.inbox = asyncio.Queue()
    door.peer = door.media.peer(name, "flat", 0, True, flat.inbox.put_nowait)
    flat.peer = flat.media.peer(name, "door", 0, False, door.inbox.put_nowait)

    async def carry(side: Side) -> None:
        while True:
            await side.peer.handle(await side.inbox.get())

    tasks = [asyncio.create_task(carry(side)) for side in (door, flat)]
    await door.peer.start()
    for side in (door, flat):
        side.view.count = 0
        side.peer.view(side.view)
        side.peer.listen(True)
        side.peer.send(True, True)
        await asyncio.gather(side.media.open_camera(), side.media.open_sound())
    await until(lambda: door.view.count >= 3 and flat.view.count >= 3)
    await asyncio.gather(door.peer.close(), flat.peer.close())
    for side in (door, flat):
        await asyncio.gather(side.media.close_camera(), side.media.close_sound())
        side.events.clear()
        side.volumes.clear()
        side.devices.played.clear()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def calls(count: int) -> AsyncIterator[dict[str, int]]:
    """What is held after each of `count` calls in a row."""
    door, flat = Side("door", "240p", False), Side("flat", "240p", False)
    for number in range(count):
        await call(door, flat, number)
        yield held()
    await asyncio.gather(door.media.close(), flat.media.close())


async def test_nothing_is_left_of_a_call() -> None:
    with no_new_threads():
        most: dict[str, int] = {}  # while it warms up
        count = 0

        def flat() -> bool:
            now = held()
            steady = all(now[kind] <= most[kind] for kind in KINDS)
            return steady and now["memory"] <= most["memory"] + MEMORY

        async for seen in calls(CALLS):
            count += 1
            if count <= WARM:
                most = {kind: max(seen[kind], most.get(kind, 0)) for kind in seen}
            else:
                await until(flat)
