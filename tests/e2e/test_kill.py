"""kill -9 of any process, while it rings and in a call: the others end, the restarted one works."""

from __future__ import annotations

import time

import pytest

from intercom.demo.stage import Remote

from .conftest import House, idle_again


async def ring(door: Remote, indoor: Remote) -> None:
    """The door rings the kitchen."""
    pressed = await door.press("call")
    await indoor.wait("invited", pressed)
    await door.wait("ringing", pressed)


async def talk(door: Remote, indoor: Remote) -> None:
    """The door rings, and the kitchen accepts."""
    await ring(door, indoor)
    accepted = await indoor.press("accept")
    await door.wait("first_frame", accepted)


@pytest.mark.parametrize("connected", [False, True], ids=["ringing", "in-call"])
@pytest.mark.parametrize("victim", ["hub", "door", "indoor"])
async def test_kill_9(house: House, victim: str, connected: bool) -> None:
    door, indoor = await house.start_all()
    await (talk if connected else ring)(door, indoor)
    killed = time.monotonic()
    await house.kill(victim)
    for name, remote in {"door": door, "indoor": indoor}.items():
        if name != victim:
            ended = await idle_again(remote, killed, seconds=10)
            assert ended["reason"] == "lost"
            shown = await remote.wait("screen", killed, scene="Ended")
            assert "lost" in shown["detail"]
    restarted = await house.start(victim)
    for name, remote in {"door": door, "indoor": indoor}.items():
        if victim == "hub":
            await remote.wait("connection_state", killed + 0.5, state="connected", seconds=20)
        elif name == victim:
            assert restarted is not None
    await talk(house.remotes["door"], house.remotes["indoor"])
