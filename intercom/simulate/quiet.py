"""Lets a simulation fall quiet, and compares what the clients think."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from intercom.simulate.stage import Stage

BACK_WITHIN = 12.0
"""Seconds until a client has tried again, once the hub can be reached."""
APART = 1.0
"""Seconds between the two looks; what differs in both is no word that is just on its way."""


async def settle(stage: Stage) -> None:
    """Mend all wires, wait until who is logged in is connected again, and compare all clients."""
    for device in stage.devices:
        device.wire.heal()
    await asyncio.sleep(stage.options.quiet)
    await within(BACK_WITHIN, _nobody_lost(stage))
    for name in _lost(stage):
        stage.broken("5f", "logged in, but not connected, though nothing is wrong", name)
    first = stage.snapshots()
    await asyncio.sleep(APART)
    stage.checker.quiet(stage.clock(), first, stage.snapshots())


def _lost(stage: Stage) -> list[str]:
    return [one.spec.name for one in stage.devices if one.online and not one.calling.link.connected]


def _nobody_lost(stage: Stage) -> Callable[[], Awaitable[bool]]:
    async def test() -> bool:
        return not _lost(stage)

    return test


async def within(seconds: float, test: Callable[[], Awaitable[bool]]) -> bool:
    """Wait until it is so; False when it is not in time."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not await test():
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(0.1)
    return True
