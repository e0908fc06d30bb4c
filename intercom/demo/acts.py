"""What the demo's plays have in common: processes, the timeline, pictures, what was heard."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from contextlib import AsyncExitStack
from typing import Any

from rich.console import Console
from rich.progress import Progress

from intercom.demo import hearing
from intercom.demo.stage import DemoError, Program, Remote, Stage, speech

SHOWN_EVENTS = frozenset(
    {
        "button",
        "call_end",
        "fault",
        "first_frame",
        "first_sound",
        "invited",
        "lamp",
        "ready",
        "refused",
        "ringing",
        "screen",
        "transport_up",
        "user_accept",
        "user_audio_available",
    }
)


class Acts(ABC):
    """One run of a play: a hub and the stations of the stage's cast."""

    def __init__(self, stage: Stage, seconds: float, console: Console, progress: Progress) -> None:
        self.stage, self.seconds = stage, seconds
        self.began = time.monotonic()
        self.stations = {user: Remote(user, self.event) for user in stage.cast.users}
        self.programs: dict[str, Program] = {}
        self.report: dict[str, Any] = {}
        self._console, self._progress = console, progress
        self._line = progress.add_task("starting", total=None)

    def event(self, who: str, entry: dict[str, Any]) -> None:
        """Print one line of the timeline."""
        if entry["event"] not in SHOWN_EVENTS:
            return
        skip = {"event", "t", "invite_data", "room_id", "group_id", "is_from_group", "detail"}
        facts = " ".join(f"{k}={v}" for k, v in entry.items() if k not in skip and v != "")
        self._console.print(
            f"[dim]{entry['t'] - self.began:8.3f}[/] [bold]{who:7}[/]{entry['event']:22} {facts}",
            highlight=False,
            overflow="ellipsis",
            no_wrap=True,
        )

    @abstractmethod
    async def run(self, stack: AsyncExitStack) -> None:
        """Play all acts; DemoError when something that must be seen is not."""

    async def start(self, stack: AsyncExitStack) -> None:
        """Start the processes, and wait until each can be rung and shows it."""
        for name in ("hub", *self.stations):
            self.programs[name] = program = await Program.start(name, self.stage)
            stack.push_async_callback(program.stop)
        ready = []
        for name, remote in self.stations.items():
            program = self.programs[name]
            await remote.connect(self.stage.control(name), program)
            stack.push_async_callback(remote.close)
            event = await remote.wait("ready", seconds=30)
            ready.append(event["t"] - program.started)
            for device in ("panel", "screen"):
                await remote.wait("open", device=device)
        self.report["start_to_ready_s"] = round(max(ready), 2)
        await asyncio.sleep(0.6)

    async def stop(self) -> None:
        """End the processes; DemoError when one does not end well."""
        times = [await program.stop() for program in reversed(self.programs.values())]
        self.report["stop_s"] = round(max(times), 2)
        codes = {name: program.process.returncode for name, program in self.programs.items()}
        if any(codes.values()):
            raise DemoError(f"a process did not end well (exit codes {codes}): see the logs")

    async def measure(self, what: str) -> None:
        """Let the seconds pass, and report what each process used meanwhile."""
        for remote in self.stations.values():
            await remote.do("reset")
        before = {name: program.usage() for name, program in self.programs.items()}
        began = time.monotonic()
        await self.wait(what, self.seconds)
        span = time.monotonic() - began
        for name, program in self.programs.items():
            cpu, resident = program.usage()
            self.report[f"{name}_cpu_percent"] = round((cpu - before[name][0]) / span * 100, 1)
            self.report[f"{name}_rss_mb"] = round(resident)

    async def pictures(self, name: str) -> None:
        """Save what every screen shows."""
        for remote in self.stations.values():
            path = (self.stage.out / f"{remote.name}-{name}.png").absolute()
            await remote.do("screenshot", path=str(path))

    async def wait(self, what: str, seconds: float) -> None:
        """Let time pass, and say what for."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.say(f"{what}: {left:.0f} s more")
            await asyncio.sleep(min(left, 0.5))

    def say(self, text: str) -> None:
        """Show what is going on."""
        self._progress.update(self._line, description=text)

    def look_for_speech(
        self, ear: Remote, mouth: Remote, span: tuple[float, float]
    ) -> hearing.Heard:
        """Look for what one said, in a span of time, in what the other's speaker played, and report
        it."""
        part = self.stage.cast.part(mouth.name)
        spoken = hearing.Timed(
            hearing.with_pause(hearing.load(speech(part, self.stage.work))),
            _last(mouth, "microphone_runs") - 0.01,  # a block is told of when it is full
        )
        recording = hearing.load(self.stage.out / f"heard-at-{ear.name}.wav")
        found = hearing.listen(spoken, hearing.Timed(recording, _last(ear, "speaker_runs")), *span)
        heard = f"{ear.name}_hears_{mouth.name}" if self.stage.cast.group else ear.name
        self.report[f"{heard}_speech_found"] = f"{found.found}/{found.chunks}"
        self.report[f"{heard}_mouth_to_ear_ms"] = found.delay_ms
        return found


def ms(later: float, earlier: float) -> float:
    """Return the time between two moments (seconds) in ms."""
    return round((later - earlier) * 1000, 1)


def _last(remote: Remote, event: str) -> float:
    times = [entry["t"] for entry in remote.events if entry["event"] == event]
    if not times:
        raise DemoError(f"{remote.name}: its devices never ran ({event})")
    return float(times[-1])
