"""Stations and a hub as processes of their own, started and killed as a user's would be."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from intercom.demo.stage import Program, Remote, Stage
from intercom.hub.keys import Keys


class House:
    """A hub, a door and a kitchen; each can be configured, started, killed and started again."""

    def __init__(self, folder: Path) -> None:
        folder.joinpath("out").mkdir()
        self.stage = Stage(folder, folder / "out", window=False)
        self.stage.write()
        self.programs: dict[str, Program] = {}
        self.remotes: dict[str, Remote] = {}

    def edit(self, name: str, old: str, new: str) -> None:
        """Change a configuration; the old text must be there."""
        path = self.stage.config(name)
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    def add(self, name: str) -> None:
        """Add a station like the kitchen; before the hub is started."""
        text = self.stage.config("indoor").read_text().replace("indoor.", f"{name}.")
        text = text.replace('user = "indoor"', f'user = "{name}"').replace(
            "at-indoor", f"at-{name}"
        )
        self.stage.config(name).write_text(text)
        keys = Keys(self.stage.work / "state")
        (self.stage.work / f"{name}.token").write_text(keys.mint(name, days=1))
        with self.stage.config("hub").open("a") as hub:
            hub.write(f"[hub.users.{name}]\n")

    async def start(self, name: str, ready: bool = True) -> Remote | None:
        """Start a process; a station is waited for until it is `ready` (or can be commanded)."""
        if name in self.remotes:
            await self.remotes.pop(name).close()
        self.programs[name] = await Program.start(name, self.stage)
        if name == "hub":
            return None
        remote = self.remotes[name] = Remote(name, lambda who, entry: None)
        await remote.connect(self.stage.control(name), self.programs[name])
        for device in ("panel", "screen"):
            await remote.wait("open", device=device, seconds=15)
        if ready:
            await remote.wait("ready", seconds=15)
        return remote

    async def start_all(self) -> tuple[Remote, Remote]:
        """Start the hub and both stations; return the door and the kitchen."""
        await self.start("hub")
        door, indoor = await asyncio.gather(self.start("door"), self.start("indoor"))
        assert door is not None
        assert indoor is not None
        return door, indoor

    async def kill(self, name: str) -> None:
        """kill -9."""
        self.programs[name].process.send_signal(signal.SIGKILL)
        await self.programs[name].process.wait()

    def log(self, name: str) -> str:
        """Return what a process has logged."""
        return (self.stage.out / f"{name}.log").read_text()

    async def close(self) -> None:
        """End everything."""
        for remote in self.remotes.values():
            await remote.close()
        for program in self.programs.values():
            with suppress(ProcessLookupError):
                program.process.kill()
            await program.process.wait()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A house whose processes are gone after the test."""
    made = House(tmp_path)
    yield made
    await made.close()


async def state(remote: Remote) -> Any:
    """Return the state of a station's call."""
    return (await remote.do("stats"))["state"]


async def idle_again(remote: Remote, since: float, seconds: float = 10) -> dict[str, Any]:
    """Return the CALL_END after `since`; the station must be back in idle within `seconds`."""
    ended = await remote.wait("call_end", since, seconds=seconds)
    assert await state(remote) == "idle"
    return ended


@pytest.fixture
def desktop() -> Iterator[str]:
    """An X server without a screen."""
    try:
        server = subprocess.Popen(
            ["Xvfb", "-displayfd", "1", "-screen", "0", "1024x600x24"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        pytest.skip("no Xvfb here: apt install xvfb")
    assert server.stdout is not None
    display = ":" + server.stdout.readline().decode().strip()
    yield display
    server.terminate()
    server.wait(5)
    server.stdout.close()


async def xdotool(*words: str) -> str:
    """Have xdotool do something on $DISPLAY."""
    try:
        program = await asyncio.create_subprocess_exec(
            "xdotool", *words, stdout=asyncio.subprocess.PIPE
        )
    except FileNotFoundError:
        pytest.skip("no xdotool here: apt install xdotool")
    async with asyncio.timeout(20):
        said, _ = await program.communicate()
    assert program.returncode == 0
    return said.decode()
