"""What a station costs at rest, while it rings and in a call: processor and wakeups.

    python -m bench.power [--seconds 10] [--json FILE]

A door and a kitchen with simulated devices and a hub, each a process of its own, as in the demo.
The simulated camera decodes a clip, which a real one does not; the screen is SDL's "dummy", so that
no graphics chip is at work. Percent are of one core, by schedstat, which counts what ran and not
what waited: on a busy machine they stay comparable, and are best read as ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from intercom.demo.cast import PAIR
from intercom.demo.stage import Program, Remote, Stage

SETTLE = 6.0
"""Seconds after the start, and after the pick-up, that are not counted."""
CALLS = [(size, fps) for size in ("480p", "720p") for fps in (30, 20, 15, 10)]


@dataclass(frozen=True)
class Use:
    """Of one process: percent of a core, and how often a second one of its threads woke up."""

    percent: float
    wakeups: float


def counters(pid: int) -> tuple[float, int]:
    """Seconds on a processor, and voluntary waits, of all threads that live."""
    ran, waits = 0.0, 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # ended meanwhile
            ran += int((task / "schedstat").read_text().split()[0]) / 1e9
            lines = (task / "status").read_text().splitlines()
            waits += int(next(it.split()[1] for it in lines if it.startswith("voluntary")))
    return ran, waits


async def use(programs: dict[str, Program], seconds: float) -> dict[str, Use]:
    """Watch for so long."""
    began = time.monotonic()
    before = {name: counters(program.process.pid) for name, program in programs.items()}
    await asyncio.sleep(seconds)
    span = time.monotonic() - began
    found = {}
    for name, program in programs.items():
        ran, waits = counters(program.process.pid)
        was_ran, was_waits = before[name]
        found[name] = Use(
            round((ran - was_ran) / span * 100, 2), round((waits - was_waits) / span, 1)
        )
    return found


@contextlib.asynccontextmanager
async def house(size: str, fps: int, screen: str = "") -> AsyncIterator[tuple[Any, Any]]:
    """A hub, a door and a kitchen, ready to be rung; `screen` is added to that section."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stage = Stage(folder, folder, window=False, cast=replace(PAIR, quality=size, fps=fps))
        stage.write()
        programs, remotes = {"hub": await Program.start("hub", stage)}, {}
        for user in stage.cast.users:
            path = stage.config(user)
            plain = path.read_text().replace("time_code = true", "time_code = false")
            path.write_text(plain + screen)
            programs[user] = await Program.start(user, stage)
            remotes[user] = Remote(user, lambda who, entry: None)
        try:
            for user, remote in remotes.items():
                await remote.connect(stage.control(user), programs[user])
                await remote.wait("ready", seconds=30)
            await asyncio.sleep(SETTLE)
            yield programs, remotes
        finally:
            for remote in remotes.values():
                await remote.close()
            for program in programs.values():
                await program.stop()


async def at_rest(seconds: float) -> dict[str, dict[str, Use]]:
    """Idle with the screen lit, idle and dark, and ringing."""
    found = {}
    async with house("480p", 30) as (programs, remotes):
        found["idle, screen on"] = await use(programs, seconds)
        await remotes["door"].press("call")
        await remotes["indoor"].wait("screen", scene="RingingIn")
        found["ringing 480p 30/s"] = await use(programs, seconds)
    async with house("480p", 30, "off_after = 1\n") as (programs, _):
        found["idle, screen off"] = await use(programs, seconds)
    return found


async def in_call(size: str, fps: int, seconds: float) -> tuple[str, dict[str, Use]]:
    """Both send and both show; the name says what really went, on a busy machine less."""
    async with house(size, fps) as (programs, remotes):
        await remotes["door"].press("call")
        await remotes["indoor"].wait("screen", scene="RingingIn")
        await remotes["indoor"].press("accept")
        await asyncio.sleep(SETTLE)
        before = await remotes["indoor"].do("stats")
        found = await use(programs, seconds)
        after = await remotes["indoor"].do("stats")
        seen = (after["decoded"]["door"] - before["decoded"]["door"]) / seconds
        return f"call {size} {fps}/s, {after['sent_height']['door']} lines {seen:.0f}/s", found


async def measure(seconds: float) -> dict[str, dict[str, Use]]:
    """All of it, a line each as it comes."""
    found = {}
    for name, uses in (await at_rest(seconds)).items():
        found[name] = uses
        tell(name, uses)
    for size, fps in CALLS:
        name, uses = await in_call(size, fps, seconds)
        found[name] = uses
        tell(name, uses)
    return found


def tell(name: str, uses: dict[str, Use]) -> None:
    """Print a line."""
    shown = "  ".join(f"{who} {it.percent:6.2f} % {it.wakeups:6.1f}/s" for who, it in uses.items())
    sys.stdout.write(f"{name:34}{shown}\n")
    sys.stdout.flush()


def main() -> None:
    """Measure and print; with --json write a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found = asyncio.run(measure(given.seconds))
    if given.json is not None:
        lines = {
            name: {who: [it.percent, it.wakeups] for who, it in uses.items()}
            for name, uses in found.items()
        }
        given.json.write_text(json.dumps(lines, indent=1) + "\n")


if __name__ == "__main__":
    main()
