"""A hub and two stations, each in a network namespace of its own. For root only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from intercom.demo.stage import Remote, Stage
from tests.net.namespaces import HUB, Net, network, unavailable

REASON = unavailable()


class Street:
    """The door and the kitchen in a call over a network that can be broken."""

    def __init__(self, net: Net, stage: Stage) -> None:
        self.net, self.stage = net, stage
        self.remotes: dict[str, Remote] = {}

    @property
    def both(self) -> tuple[Remote, Remote]:
        """The door and the kitchen."""
        return self.remotes["door"], self.remotes["indoor"]

    async def open(self, stack: AsyncExitStack) -> None:
        """Start everything."""
        self.stage.write()
        for name in ("hub", "door", "indoor"):
            self._configure(name)
        for name in ("hub", "door", "indoor"):
            program = await self.net.start(name, self.stage)
            stack.push_async_callback(program.stop)
            if name == "hub":
                continue
            remote = self.remotes[name] = Remote(name, lambda who, entry: None)
            stack.push_async_callback(remote.close)
            await remote.connect(self.stage.control(name), program)
        for remote in self.both:
            await remote.wait("ready", seconds=20)
            await remote.wait("open", device="panel", seconds=15)

    def _configure(self, name: str) -> None:
        path = self.stage.config(name)
        text = path.read_text().replace("ws://127.0.0.1", f"ws://{HUB}")
        text = text.replace("[hub]\n", "[hub]\ninsecure = true\n", 1)
        if name == "hub":
            text = text.replace("[hub]\n", f'[hub]\nlisten = "{HUB}"\n', 1)
        path.write_text(text)

    async def talk(self) -> None:
        """The door rings, the kitchen accepts, and both see each other."""
        door, indoor = self.both
        pressed = await door.press("call")
        await indoor.wait("invited", pressed)
        accepted = await indoor.press("accept")
        await door.wait("first_frame", accepted)
        await asyncio.sleep(1.0)
        for remote in self.both:
            assert await self.shown(remote) > 0

    async def shown(self, remote: Remote, seconds: float = 0.3) -> int:
        """How many pictures of the other one are shown in that time."""
        await remote.do("reset")
        await asyncio.sleep(seconds)
        return int((await remote.do("stats"))["shown"]["shown"])

    async def seen_again(self, remote: Remote, seconds: float) -> float:
        """The seconds until pictures of the other one are shown; fails after `seconds`."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        await remote.do("reset")
        while loop.time() - began < seconds:
            if (await remote.do("stats"))["shown"]["shown"]:
                return loop.time() - began
            await asyncio.sleep(0.02)
        log = (self.stage.out / f"{remote.name}.log").read_text()
        raise AssertionError(f"{remote.name} sees nothing after {seconds} s:\n{log}")


@pytest.fixture
async def street(tmp_path: Path) -> AsyncIterator[Street]:
    """A street whose processes and namespaces are gone after the test."""
    if REASON:
        pytest.skip(REASON)
    (tmp_path / "out").mkdir()
    with network("door", "indoor") as net:
        made = Street(net, Stage(tmp_path, tmp_path / "out", window=False))
        async with AsyncExitStack() as stack:
            await made.open(stack)
            yield made
