"""A hub, a door and a kitchen in the guest, as a user would start them, on its kernel's devices."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from intercom.demo.stage import DemoError, Program, Remote, Stage
from tests.vm.guest.gpio import CPUINFO, REVISION, Chip
from tests.vm.guest.uinput import Keyboard, TouchScreen

DOOR = {"call": 17, "hangup": 22, "lamp": 24}
KITCHEN = {"call": 5, "accept": 6, "hangup": 13, "mute": 19, "lamp": 26}
"""BCM numbers of what is wired; both stations are on one chip."""

OUT = Path("/run/host/out")
"""Logs and pictures, for a look on the host."""


def settings(user: str, name: str, callee: str, wired: dict[str, int], rest: str) -> str:
    """A station's settings: sound of its own card, panel, and `rest`."""
    pins = {"call": -1, "accept": -1, "hangup": -1, "mute": -1, "lamp": -1} | wired
    card = name.rsplit(maxsplit=1)[-1].capitalize()
    return f"""\
[station]
name = "{name}"
user = "{user}"
token_file = "/tmp/house/{user}.token"
control = "/tmp/house/{user}.sock"
[hub]
url = "ws://127.0.0.1:PORT"
[call]
callee = "{callee}"
early_media = true
ended_seconds = 1
[sound]
driver = "pyaudio"
microphone = "CARD={card},DEV=1"
speaker = "CARD={card},DEV=1"
period_ms = 40
echo = "off"
noise_suppression = false
gain = false
[panel]
driver = "gpiozero"
{chr(10).join(f"{key} = {pin}" for key, pin in pins.items())}
{rest}
"""


DOOR_TOML = settings("door", "Front door", "indoor", DOOR, """\
[camera]
driver = "v4l2"
device = "vivid"
quality = "240p"
fps = 3
[screen]
driver = "none"
""")  # fmt: skip

KITCHEN_TOML = settings("indoor", "Kitchen", "door", KITCHEN, """\
[camera]
driver = "none"
[screen]
driver = "kmsdrm"
width = 640
height = 384
""")  # fmt: skip


class House:
    """All of it; `chip` has the hands on buttons and the eyes on lamps."""

    def __init__(self) -> None:
        OUT.mkdir(exist_ok=True)
        work = Path("/tmp/house")
        work.mkdir()
        self.stage = Stage(work, OUT, window=False)
        self.chip = Chip()
        self.touch = TouchScreen()
        self.keyboard = Keyboard()
        self.programs: dict[str, Program] = {}
        self.remotes: dict[str, Remote] = {}

    @property
    def door(self) -> Remote:
        """The door's control socket."""
        return self.remotes["door"]

    @property
    def kitchen(self) -> Remote:
        """The kitchen's control socket."""
        return self.remotes["indoor"]

    async def open(self) -> None:
        """Fit the devices and start everything, until both can be rung."""
        a_pi()
        self.chip.plug()
        self.stage.write()
        for user, text in (("door", DOOR_TOML), ("indoor", KITCHEN_TOML)):
            self.stage.config(user).write_text(text.replace("PORT", str(self.stage.port)))
        await self.start_hub()
        await asyncio.gather(self.back("door"), self.back("indoor"))

    async def start_hub(self) -> None:
        """Start the hub, where it was."""
        self._keep_log("hub")
        self.programs["hub"] = await Program.start("hub", self.stage)

    async def back(self, user: str) -> Remote:
        """Start a station that was killed, and wait until it can be rung."""
        remote = await self.start(user)
        await remote.wait("ready", seconds=60)
        await remote.wait("open", device="panel", seconds=60)
        if user == "indoor":
            await remote.wait("open", device="screen", seconds=60)
        return remote

    async def start(self, user: str) -> Remote:
        """Start a station, and have its control socket."""
        if user in self.remotes:
            await self.remotes.pop(user).close()
        self._keep_log(user)
        self.programs[user] = await Program.start(user, self.stage)
        remote = self.remotes[user] = Remote(user, lambda who, entry: None)
        await remote.connect(self.stage.control(user), self.programs[user], seconds=60)
        return remote

    def _keep_log(self, name: str) -> None:
        """Put aside what the run before has logged."""
        log = OUT / f"{name}.log"
        if log.exists():
            log.rename(OUT / f"{name}-{len(list(OUT.glob(f'{name}*.log')))}.log")

    async def kill(self, user: str) -> None:
        """kill -9."""
        self.programs[user].process.send_signal(signal.SIGKILL)
        await self.programs[user].process.wait()

    def nobody_has_died_or_cried(self) -> None:
        """Whoever was started last lives still, and nobody has logged an exception."""
        for name, program in self.programs.items():
            assert program.process.returncode is None, f"{name} has ended"
        for path in self.stage.out.glob("*.log"):
            assert "Traceback" not in path.read_text(), f"see {path.name}"

    async def call(self) -> float:
        """A press at the door and one in the kitchen: they are in a call. Returns when."""
        pressed = await self.tap(DOOR["call"])
        await self.kitchen.wait("invited", pressed, seconds=60)
        return await self.accept()

    async def accept(self) -> float:
        """A press in the kitchen, where it rings: they are in a call. Returns when."""
        accepted = await self.tap(KITCHEN["accept"])
        for remote in self.remotes.values():
            await remote.wait("lamp", accepted, state="in_call", seconds=60)
        return accepted

    async def end(self) -> None:
        """Hang up at the door if there is a call, and wait until all is quiet."""
        for turn in range(600):
            states = await self.states()
            if set(states) == {"idle"}:
                return
            if turn % 10 == 0:
                await self.tap(DOOR["hangup"])
            await asyncio.sleep(0.1)
        raise AssertionError(f"the stations are {states}")

    async def states(self) -> list[str]:
        """The states of both stations' calls."""
        return [await self.state(remote) for remote in self.remotes.values()]

    async def state(self, remote: Remote) -> str:
        """The state of a station's call."""
        return str((await remote.do("stats"))["state"])

    async def shows(self, colour: str, seconds: float = 30) -> None:
        """Wait until the middle of the kitchen's screen is red, green or blue."""
        picture = OUT / "shows.png"
        end = time.monotonic() + seconds
        while True:
            mean = np.zeros(3)
            with suppress(DemoError):  # a busy machine does not paint within its 2 s
                await self.kitchen.do("screenshot", path=str(picture))
                mean = png(picture)[180:220, 200:440].reshape(-1, 3).mean(axis=0)
            brightest = ("Red", "Green", "Blue")[int(mean.argmax())]
            if brightest == colour and mean.max() > 200 and sorted(mean)[1] < 60:
                return
            assert time.monotonic() < end, f"the picture is {mean}, not {colour}"
            await asyncio.sleep(0.5)

    @contextmanager
    def plays(self, fault: str, times: int = 1) -> Iterator[None]:
        """Count a fault that is played inside, and seen through if nothing is raised."""
        _count("played", times, fault)
        yield
        _count("survived", times, fault)

    async def tap(self, pin: int, seconds: float = 0.12) -> float:
        """Press a button; return when (monotonic)."""
        pressed = time.monotonic()
        self.chip.close(pin)
        await asyncio.sleep(seconds)
        self.chip.open(pin)
        return pressed

    async def close(self) -> None:
        """End everything."""
        for remote in self.remotes.values():
            await remote.close()
        for program in self.programs.values():
            with suppress(ProcessLookupError):
                await program.stop()


def _count(what: str, times: int, fault: str) -> None:
    with (OUT.parent / "faults").open("a") as file:
        file.write(f"{what}\t{times}\t{fault}\n")


def png(path: Path) -> NDArray[np.uint8]:
    """A picture's rows of pixels of red, green and blue."""
    import pygame  # noqa: PLC0415 - there is none on a host that only collects

    return pygame.surfarray.array3d(pygame.image.load(str(path))).swapaxes(0, 1)


def save(picture: NDArray[np.uint8], path: Path) -> None:
    """Write rows of pixels as PNG."""
    import pygame  # noqa: PLC0415 - as above

    pygame.image.save(pygame.surfarray.make_surface(picture.swapaxes(0, 1)), str(path))


def a_pi() -> None:
    """Have gpiozero see a Raspberry Pi: by the revision in /proc/cpuinfo."""
    text = Path("/proc/cpuinfo").read_text()
    if REVISION not in text:
        CPUINFO.write_text(f"{text}Revision\t: {REVISION}\n")
        subprocess.run(["mount", "--bind", str(CPUINFO), "/proc/cpuinfo"], check=True)
