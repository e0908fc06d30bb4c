"""A client in a process of its own, that can be killed, or live with a wrong clock.

`python -m tests.scenarios.child URL USER TOKEN [--call USER] [--accept] [--clock SECONDS]` prints
each event that it hears, one a line, until its standard input ends.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .house import House

ROOT = Path(__file__).parents[2]
PATIENCE = 15.0


class Child:
    """A running client, seen from the test."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def says(self, word: str) -> None:
        """Wait until it prints that."""
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            while (line := await self._process.stdout.readline()).decode().strip() != word:
                assert line, f"the client ended before it said {word}"

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()

    async def close(self) -> None:
        """Let it log out, if it lives, and wait for it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        async with asyncio.timeout(PATIENCE):
            await self._process.communicate()


@contextlib.asynccontextmanager
async def started(house: House, user: str, *options: str) -> AsyncIterator[Child]:
    """A client of that user in a process of its own."""
    url = f"ws://127.0.0.1:{house.hub.port}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.scenarios.child", url, user, house.token(user), *options),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    child = Child(process)
    try:
        yield child
    finally:
        await child.close()


async def live(arguments: argparse.Namespace) -> None:
    """Log in, call or answer, and tell of it."""
    from intercom import Calling, Event  # noqa: PLC0415 - the clock is wrong before this

    calling = Calling(arguments.url)

    async def hear(event: Event, payload: dict[str, Any]) -> None:
        print(event, flush=True)  # noqa: T201 - this is how it speaks
        if event is Event.INVITED and arguments.accept:
            await calling.accept()

    for event in Event:
        calling.on(event, hear, event)
    await calling.login(arguments.user, arguments.token)
    print("ready", flush=True)  # noqa: T201 - this is how it speaks
    if arguments.call:
        await calling.call(arguments.call)
    await asyncio.to_thread(sys.stdin.read)
    await calling.logout()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("url", "user", "token"):
        parser.add_argument(name)
    parser.add_argument("--call", default="")
    parser.add_argument("--accept", action="store_true")
    parser.add_argument("--clock", type=float, default=0.0)
    given = parser.parse_args()
    right = time.time
    time.time = lambda: right() + given.clock
    asyncio.run(live(given))
