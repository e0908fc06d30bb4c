"""The composition root of a hub by itself: it runs until a signal, READY once it listens."""

from __future__ import annotations

import asyncio
import signal

from intercom.config import Config
from intercom.health import HUB, Health
from intercom.hub.server import Hub


async def run(config: Config) -> None:
    """Run a hub until SIGTERM or SIGINT; raises HubError or TlsError when it cannot listen."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    hub = Hub(config.hub)
    await hub.start()
    health = Health(lambda: "", HUB)
    try:
        health.ready()
        async with asyncio.TaskGroup() as group:
            feeding = group.create_task(health.run())
            await stop.wait()
            feeding.cancel()
        health.stopping()
    finally:
        health.close()
        await hub.stop()
