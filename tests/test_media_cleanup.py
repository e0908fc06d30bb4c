"""After each call everything is given back: threads, sockets, tasks."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path

from tests.media_rig import Side, no_new_threads, until

WARM, CALLS = 3, 6
POOLS = ("device_", "asyncio_")  # threads of bounded pools, which fill up by and by
KINDS = ("threads", "descriptors", "tasks")


def held() -> dict[str, int]:
    """What this process holds; memory in kB."""
    gc.collect()
    status = Path("/proc/self/status").read_text().splitlines()
    return {
        "threads": sum(not t.name.startswith(POOLS) for t in threading.enumerate()),
        "descriptors": sum(1 for _ in os.scandir("/proc/self/fd")),
        "tasks": len(asyncio.all_tasks()),
        "memory": next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")),
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
            return all(held()[kind] <= most[kind] for kind in KINDS)

        async for seen in calls(CALLS):
            count += 1
            if count <= WARM:
                most = {kind: max(seen[kind], most.get(kind, 0)) for kind in seen}
            else:
                await until(flat)
