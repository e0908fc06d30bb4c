"""The demo's processes: a hub and the cast's stations, as a user would start them."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from intercom.demo.cast import PAIR, Cast, Part
from intercom.errors import IntercomError
from intercom.hub.keys import Keys


class DemoError(IntercomError):
    """The demo did not see what it had to see."""


def free_port() -> int:
    """Return a TCP port of loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Stage:
    """Where the demo is played: files in `work`, results in `out`."""

    work: Path
    out: Path
    window: bool
    port: int = field(default_factory=free_port)
    cast: Cast = PAIR

    def write(self) -> None:
        """Write the configurations, the tokens and the speech."""
        hub = ["[hub]", f"port = {self.port}", f"state_dir = {quoted(self.work / 'state')}"]
        for part in self.cast.parts:
            hub += [f"[hub.users.{part.user}]", f'name = "{part.name}"']
        if self.cast.group:
            members = json.dumps(self.cast.users[1:])
            hub += [f"[hub.groups.{self.cast.group}]", f"members = {members}"]
            hub += ['mode = "conference"']
        self.config("hub").write_text("\n".join(hub) + "\n")
        keys = Keys(self.work / "state")
        for part in self.cast.parts:
            token = self.work / f"{part.user}.token"
            token.touch(0o600)
            token.write_text(keys.mint(part.user, days=1))
            self.config(part.user).write_text(self._station(part))

    def config(self, name: str) -> Path:
        """Return the path of a process's configuration."""
        return self.work / f"{name}.toml"

    def control(self, name: str) -> Path:
        """Return the path of a station's control socket."""
        return self.work / f"{name}.sock"

    def _station(self, part: Part) -> str:
        user, cast = part.user, self.cast
        return f"""\
[station]
name = "{part.name}"
user = "{user}"
token_file = {quoted(self.work / f"{user}.token")}
control = {quoted(self.control(user))}
[hub]
url = "ws://127.0.0.1:{self.port}"
[call]
callee = "{part.callee}"
early_media = {str(part is cast.parts[0]).lower()}
[camera]
driver = "simulated"
quality = "{cast.quality}"
fps = {cast.fps}
clip = "{part.clip}"
time_code = true
[sound]
driver = "simulated"
# No air between simulated speaker and microphone: nothing to cancel, and what is heard can be
# compared with what was spoken, sample by sample.
echo = "off"
noise_suppression = false
gain = false
speech = {quoted(speech(part, self.work))}
record = {quoted(self.out / f"heard-at-{user}.wav")}
[panel]
driver = "simulated"
[screen]
driver = "{"window" if self.window else "dummy"}"
fullscreen = false
"""


def speech(part: Part, folder: Path) -> Path:
    """Have the words of a part spoken into a file; without espeak-ng, take a person's recording."""
    path = folder / f"{part.user}-speaks.wav"
    if path.exists():
        return path
    program = shutil.which("espeak-ng")
    if program is not None:
        spoken = [program, "-v", part.voice, "-w", str(path), part.words]
        if os.spawnv(os.P_WAIT, program, spoken) == 0:
            return path
        raise DemoError("espeak-ng could not speak: see its message above")
    side = "Left" if part.user == "door" else "Right"
    recorded = Path(f"/usr/share/sounds/alsa/Front_{side}.wav")
    if not recorded.exists():
        raise DemoError("no speech to speak: install espeak-ng (or alsa-utils, for recordings)")
    return recorded


def quoted(path: Path) -> str:
    """Return a path as a TOML string."""
    return json.dumps(str(path))


class Program:
    """One process of the demo, with its log in `out`."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, started: float) -> None:
        self.name, self.process, self.started = name, process, started

    @classmethod
    async def start(cls, name: str, stage: Stage) -> Program:
        """Start `intercom hub` or `intercom station`."""
        role = "hub" if name == "hub" else "station"
        arguments = ["-m", "intercom", role, "--config", str(stage.config(name))]
        started = time.monotonic()
        with (stage.out / f"{name}.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, *arguments, stdout=log, stderr=log
            )
        return cls(name, process, started)

    def usage(self) -> tuple[float, float]:
        """Return (CPU seconds used so far, resident MB) from /proc."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        ticks = os.sysconf("SC_CLK_TCK")
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        resident = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return (int(fields[11]) + int(fields[12])) / ticks, int(resident.split()[1]) / 1024

    async def stop(self) -> float:
        """End the process by SIGTERM; return the seconds it took. Killed after 5."""
        began = time.monotonic()
        with suppress(ProcessLookupError):
            self.process.terminate()
        try:
            async with asyncio.timeout(5):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
        return time.monotonic() - began


class Remote:
    """The demo's hand on a station: its control socket."""

    def __init__(self, name: str, on_event: Any) -> None:
        self.name = name
        self.events: list[dict[str, Any]] = []
        self._on_event = on_event
        self._news = asyncio.Condition()
        self._answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue(16)
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None

    async def connect(self, path: Path, program: Program, seconds: float = 20) -> None:
        """Connect as soon as the station is there; DemoError when it never is."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                reader, self._writer = await asyncio.open_unix_connection(str(path))
                break
            except OSError:
                dead = program.process.returncode is not None
                if dead or time.monotonic() > deadline:
                    raise DemoError(f"{self.name} did not start: see {self.name}.log") from None
                await asyncio.sleep(0.02)
        self._task = asyncio.create_task(self._read(reader))

    async def do(self, what: str, **arguments: Any) -> dict[str, Any]:
        """Give the station a command and return its answer; DemoError when it refuses."""
        assert self._writer is not None
        self._writer.write(json.dumps({"do": what, **arguments}).encode() + b"\n")
        async with asyncio.timeout(10):
            answer = await self._answers.get()
        if "error" in answer:
            raise DemoError(f"{self.name} refuses {what}: {answer['error']}")
        return answer

    async def press(self, button: str) -> float:
        """Press a button by its pin, for a tenth of a second; return when (monotonic)."""
        pressed = time.monotonic()
        await self.do("press", button=button)
        await asyncio.sleep(0.1)
        await self.do("release", button=button)
        return pressed

    async def wait(
        self, event: str, since: float = 0.0, seconds: float = 10, **fields: Any
    ) -> dict[str, Any]:
        """Return the first `event` with these fields at or after `since`; DemoError if none."""

        def found() -> dict[str, Any] | None:
            wanted = {"event": event, **fields}.items()
            for entry in self.events:
                if entry["t"] >= since and all(entry.get(k) == v for k, v in wanted):
                    return entry
            return None

        try:
            async with asyncio.timeout(seconds), self._news:
                while (entry := found()) is None:
                    await self._news.wait()
                return entry
        except TimeoutError:
            what = " ".join([event, *(f"{key}={value}" for key, value in fields.items())])
            raise DemoError(f"{self.name}: no {what} within {seconds:g} s") from None

    async def close(self) -> None:
        """Let go."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with suppress(ConnectionError):
            while line := await reader.readline():
                entry = json.loads(line)
                if "event" not in entry:
                    self._answers.put_nowait(entry)
                    continue
                async with self._news:
                    self.events.append(entry)
                    self._news.notify_all()
                self._on_event(self.name, entry)
