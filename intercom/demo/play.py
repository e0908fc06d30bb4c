"""The play: press, ring, accept, talk, mute, hang up; and the report of what was seen."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

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
LIMITS = {
    "press_to_ring_ms": 50,
    "accept_to_first_frame_ms": 100,
    "video_latency_p50_ms": 15,
    "door_cpu_percent": 40,
    "indoor_cpu_percent": 40,
    "door_rss_mb": 150,
    "indoor_rss_mb": 150,
    "start_to_ready_s": 3,
}
"""What the report's numbers should stay under; told, not enforced: machines differ."""


class Play:
    """One run of the demo."""

    def __init__(self, stage: Stage, seconds: float, console: Console, progress: Progress) -> None:
        self.stage, self.seconds = stage, seconds
        self.console, self.progress = console, progress
        self.began = time.monotonic()
        self.door = Remote("door", self.event)
        self.indoor = Remote("indoor", self.event)
        self.programs: dict[str, Program] = {}
        self.report: dict[str, Any] = {}
        self._line = progress.add_task("starting", total=None)

    def event(self, who: str, entry: dict[str, Any]) -> None:
        """Print one line of the timeline."""
        if entry["event"] not in SHOWN_EVENTS:
            return
        skip = {"event", "t", "invite_data", "room_id", "group_id", "is_from_group", "detail"}
        facts = " ".join(f"{k}={v}" for k, v in entry.items() if k not in skip and v != "")
        self.console.print(
            f"[dim]{entry['t'] - self.began:8.3f}[/] [bold]{who:7}[/]{entry['event']:22} {facts}",
            highlight=False,
            overflow="ellipsis",
            no_wrap=True,
        )

    async def run(self, stack: AsyncExitStack) -> None:
        """Play all acts; DemoError when something that must be seen is not."""
        await self._start(stack)
        accepted = await self._ring()
        talk = await self._talk(accepted)
        await self._hang_up()
        await self._stop()
        self._listen(talk)

    async def _start(self, stack: AsyncExitStack) -> None:
        for name in ("hub", "door", "indoor"):
            self.programs[name] = program = await Program.start(name, self.stage)
            stack.push_async_callback(program.stop)
        ready = []
        for remote in (self.door, self.indoor):
            program = self.programs[remote.name]
            await remote.connect(self.stage.control(remote.name), program)
            stack.push_async_callback(remote.close)
            event = await remote.wait("ready", seconds=30)
            ready.append(event["t"] - program.started)
            for device in ("panel", "screen"):
                await remote.wait("open", device=device)
        self.report["start_to_ready_s"] = round(max(ready), 2)
        await asyncio.sleep(0.6)
        await self._pictures("idle")

    async def _ring(self) -> float:
        self._say("the door's button is pressed")
        pressed = await self.door.press("call")
        rings = await self.indoor.wait("invited", pressed)
        self.report["press_to_ring_ms"] = round((rings["t"] - pressed) * 1000, 1)
        early = await self.indoor.wait("first_frame", pressed)
        self.report["press_to_early_picture_ms"] = round((early["t"] - pressed) * 1000, 1)
        await self.door.wait("ringing", pressed)
        await asyncio.sleep(1.5)
        await self._pictures("ringing")
        if any(entry["event"] == "first_frame" for entry in self.door.events):
            raise DemoError("the door saw a picture of the kitchen before the accept")
        self._say("the kitchen's accept button is pressed")
        await self.door.do("reset")
        accepted = await self.indoor.press("accept")
        await self.door.wait("user_accept", accepted)
        sound = await self.door.wait("first_sound", accepted)
        self.report["accept_to_first_sound_ms"] = round((sound["t"] - accepted) * 1000, 1)
        await self.door.wait("first_frame", accepted)
        await asyncio.sleep(0.2)
        shown = (await self.door.do("stats"))["first_shown"]
        self.report["accept_to_first_frame_ms"] = round((shown - accepted) * 1000, 1)
        return accepted

    async def _talk(self, accepted: float) -> tuple[float, float]:
        """Let them talk; return the span in which nobody was muted."""
        await asyncio.sleep(1.0)
        for remote in (self.door, self.indoor):
            await remote.do("reset")
        before = {name: program.usage() for name, program in self.programs.items()}
        began = time.monotonic()
        await self._progress("they talk", self.seconds)
        span = time.monotonic() - began
        for name, program in self.programs.items():
            cpu, resident = program.usage()
            self.report[f"{name}_cpu_percent"] = round((cpu - before[name][0]) / span * 100, 1)
            self.report[f"{name}_rss_mb"] = round(resident)
        for remote in (self.door, self.indoor):
            await self._judge_pictures(remote)
        await self._pictures("in-call")
        ended = time.monotonic()
        await self._mute()
        return accepted + 1.0, ended

    async def _judge_pictures(self, remote: Remote) -> None:
        shown = (await remote.do("stats"))["shown"]
        who = remote.name
        if not shown["shown"] or shown["coded"] < 0.8 * shown["shown"]:
            raise DemoError(f"{who}: the other camera's time code was not in its pictures: {shown}")
        self.report[f"{who}_fps_shown"] = shown["fps"]
        self.report[f"{who}_video_latency_p50_ms"] = shown["latency_p50_ms"]
        self.report[f"{who}_video_latency_p95_ms"] = shown["latency_p95_ms"]

    async def _mute(self) -> None:
        muted = await self.indoor.press("mute")
        told = await self.door.wait("user_audio_available", muted, is_audio_available=False)
        self.report["mute_to_told_ms"] = round((told["t"] - muted) * 1000, 1)
        await asyncio.sleep(1.0)
        await self._pictures("muted")
        muted = await self.indoor.press("mute")
        await self.door.wait("user_audio_available", muted, is_audio_available=True)
        await asyncio.sleep(0.5)

    async def _hang_up(self) -> None:
        self._say("the kitchen hangs up")
        pressed = await self.indoor.press("hangup")
        for remote in (self.door, self.indoor):
            await remote.wait("call_end", pressed, reason="hangup")
            await remote.wait("screen", pressed, scene="Ended")
        await asyncio.sleep(0.5)
        await self._pictures("ended")
        for remote in (self.door, self.indoor):
            await remote.wait("screen", pressed, scene="Idle")

    async def _stop(self) -> None:
        times = [await self.programs[name].stop() for name in ("indoor", "door", "hub")]
        self.report["stop_s"] = round(max(times), 2)
        codes = {name: program.process.returncode for name, program in self.programs.items()}
        if any(codes.values()):
            raise DemoError(f"a process did not end well (exit codes {codes}): see the logs")

    def _listen(self, talk: tuple[float, float]) -> None:
        """Look for each one's speech in what the other's speaker played."""
        for ear, mouth in ((self.door, self.indoor), (self.indoor, self.door)):
            spoken = hearing.Timed(
                hearing.with_pause(hearing.load(speech(mouth.name, self.stage.work))),
                _last(mouth, "microphone_runs") - 0.01,  # a block is told of when it is full
            )
            recording = hearing.load(self.stage.out / f"heard-at-{ear.name}.wav")
            heard = hearing.Timed(recording, _last(ear, "speaker_runs"))
            found = hearing.listen(spoken, heard, *talk)
            if found.chunks == 0 or found.found < 0.7 * found.chunks:
                raise DemoError(
                    f"{ear.name} did not hear {mouth.name}: {found.found} of {found.chunks}"
                    f" pieces of speech found in heard-at-{ear.name}.wav"
                )
            self.report[f"{ear.name}_speech_found"] = f"{found.found}/{found.chunks}"
            self.report[f"{ear.name}_mouth_to_ear_ms"] = found.delay_ms

    async def _pictures(self, name: str) -> None:
        for remote in (self.door, self.indoor):
            path = (self.stage.out / f"{remote.name}-{name}.png").absolute()
            await remote.do("screenshot", path=str(path))

    async def _progress(self, what: str, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._say(f"{what}: {left:.0f} s more")
            await asyncio.sleep(min(left, 0.5))

    def _say(self, text: str) -> None:
        self.progress.update(self._line, description=text)


def _last(remote: Remote, event: str) -> float:
    times = [entry["t"] for entry in remote.events if entry["event"] == event]
    if not times:
        raise DemoError(f"{remote.name}: its devices never ran ({event})")
    return float(times[-1])


def prepare(out: Path) -> None:
    """Make an empty folder for the results; one with anything of somebody else's in it stays."""
    known = {".png", ".wav", ".log", ".json"}
    if out.exists() and any(path.suffix not in known for path in out.iterdir()):
        raise DemoError(f"{out} holds files that are not a demo's: name another folder with --out")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)


async def run(seconds: float, out: Path) -> int:
    """Play the demo; return 0 when everything that must be seen and heard was.

    `out`: an absolute path. DemoError when it cannot be used.
    """
    console = Console()
    prepare(out)
    window = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    console.print(f"[bold]intercom demo[/]: a hub, a door and a kitchen; results in {out}/")
    if window:
        console.print("Keys in both windows: c call, a accept, h hang up, m mute, q quit.")
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    failure = ""
    with tempfile.TemporaryDirectory(prefix="intercom-demo-") as work:
        stage = Stage(Path(work), out, window)
        stage.write()
        with Progress(*columns, console=console, transient=True) as progress:
            play = Play(stage, seconds, console, progress)
            try:
                async with AsyncExitStack() as stack:
                    await play.run(stack)
            except DemoError as error:
                failure = str(error)
    play.report["passed"] = not failure
    _report(console, out / "report.json", play.report)
    if failure:
        console.print(f"[bold red]failed:[/] {failure}")
        return 1
    console.print("[bold green]They saw and heard each other.[/]")
    return 0


def _report(console: Console, path: Path, report: dict[str, Any]) -> None:
    path.write_text(json.dumps(report, indent=2) + "\n")
    for key, value in report.items():
        limit = next((LIMITS[name] for name in LIMITS if key.endswith(name)), None)
        mark = "" if limit is None else f"   (aim: at most {limit})"
        if limit is not None and value > limit:
            mark = f"[yellow]{mark}[/]"
        console.print(f"  {key:32} {value}{mark}", highlight=False)
