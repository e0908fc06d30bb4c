"""Runs a simulation: everybody logs in, the decisions are carried out, the end is checked."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from intercom.phases import State
from intercom.simulate.actions import act
from intercom.simulate.check_records import Down
from intercom.simulate.check_size import HubSize
from intercom.simulate.decisions import Decision, decisions, downtimes
from intercom.simulate.device import Device
from intercom.simulate.entries import Faulted
from intercom.simulate.finale import finish
from intercom.simulate.hostile import Stranger
from intercom.simulate.hub_process import SimulationError, cpu_seconds
from intercom.simulate.options import Options
from intercom.simulate.quiet import settle
from intercom.simulate.report import Report
from intercom.simulate.stage import Stage

AT_ONCE = 20
"""Logins at once at the start."""
SAMPLE = 1.0
"""Seconds between two looks at all clients."""
PULSE = 0.02
"""Seconds between two looks at how long the loop takes."""
PROGRESS = 30.0
"""Seconds between two words on how it goes."""


async def run(options: Options, say: Callable[[str], None] = lambda text: None) -> Report:
    """Run a simulation and return what came of it; `say` is told how it goes meanwhile.

    Raises SimulationError when it cannot be run.
    """
    with _folder(options) as folder:
        async with Stage(options, folder) as stage:
            cpu = cpu_seconds()
            play = _Play(stage, say)
            await play.everybody_in()
            await play.busy()
            cpu, busy = cpu_seconds() - cpu, stage.clock()
            share = cpu / busy
            try:
                end = await finish(stage, play.downs, play.warm)
            except SimulationError as error:
                stage.broken("9d", str(error))
                end = HubSize(0.0, 0, 0, 0)
            numbers = (stage.checker, stage.tally, play.warm, end, share)
            return Report(options, stage.clock(), *numbers)


@contextlib.contextmanager
def _folder(options: Options) -> Iterator[Path]:
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
        if any(options.keep.iterdir()):
            raise SimulationError(f"{options.keep} is not empty: give --keep a new folder")
        yield options.keep
    else:
        with tempfile.TemporaryDirectory(prefix="intercom-simulate-") as name:
            yield Path(name)


@dataclass
class _Play:
    """The busy part of a run. `downs`: when the hub went; `warm`: its size once warm."""

    stage: Stage
    say: Callable[[str], None]

    def __post_init__(self) -> None:
        self.downs: list[Down] = []
        self.warm: HubSize | None = None
        self._one_restart = asyncio.Lock()
        self._restarting = 0
        self._stranger = Stranger(self.stage.port, self.stage.options.seed)

    async def everybody_in(self) -> None:
        """Log all devices in, some at a time, and begin to watch them."""
        turn = asyncio.Semaphore(AT_ONCE)

        async def enter(device: Device) -> None:
            async with turn:
                await device.doing("login", device.login)

        await asyncio.gather(*(enter(device) for device in self.stage.devices))
        self.stage.tasks.spawn(self._watch())
        self.stage.tasks.spawn(self._feel_pulse())

    async def busy(self) -> None:
        """Carry the decisions out until the time is over, with the hub's downtimes among them."""
        stage, options = self.stage, self.stage.options
        down = downtimes(stage.rng, options.seconds, options.restarts)
        moments = _moments(options.seconds)
        begin = at = stage.clock()
        end = begin + options.seconds
        for decision in decisions(stage.rng, stage.cast, options.rate, options.faults):
            at += decision.after
            if at > end:
                break
            await asyncio.sleep(at - stage.clock())
            if down and stage.clock() - begin >= down[0][0]:
                self._restarting += 1
                stage.restarts.spawn(self._restart(*down.pop(0)[1:]))
            elif moments and stage.clock() - begin >= moments[0]:
                moments.pop(0)
                began = stage.clock()
                await self._fall_quiet()
                at, end = at + stage.clock() - began, end + stage.clock() - began
            if not down and self.warm is None and not self._restarting:
                self._warm_up(end)
            self._carry_out(decision)
        await self.stage.restarts.finished()

    def _carry_out(self, decision: Decision) -> None:
        devices = self.stage.devices
        ringing = [one for one in devices if one.state is State.RINGING]
        among = ringing if decision.urgent and ringing else devices
        device = among[int(decision.pick * len(among))]
        if decision.fault == "hostile":
            self.stage.tell(Faulted(self.stage.clock(), "", "", "hostile"))
            self.stage.tasks.spawn(self._stranger.annoy())
        elif decision.fault:
            if not device.wire.faulty:
                device.faults.spawn(device.fault(decision.fault, decision.lasts))
        else:
            device.tasks.spawn(act(device, decision, self.stage.room))

    async def _restart(self, kill: bool, down: float) -> None:
        """The hub goes, and comes back after `down` seconds."""
        stage = self.stage
        async with self._one_restart:
            self.say(f"{stage.clock():.0f} s: the hub {'is killed' if kill else 'ends'}")
            stage.tell(Faulted(stage.clock(), "", "", "hub SIGKILL" if kill else "hub SIGTERM"))
            self.downs.append(Down(stage.clock(), kill))
            if not stage.hub.alive:
                stage.broken("9d", "the hub had died before")
            elif kill:
                await stage.hub.kill()
            elif (code := await stage.hub.stop()) != 0:
                stage.broken("5e", f"the hub ended with exit code {code} after SIGTERM")
            await asyncio.sleep(down)
            await stage.hub.start()
            stage.tell(Faulted(stage.clock(), "", "", "hub back"))
            self._restarting -= 1

    async def _fall_quiet(self) -> None:
        """Let everything settle, and compare what the clients think."""
        stage = self.stage
        await self.stage.restarts.finished()
        await settle(stage)
        self.say(f"{stage.clock():.0f} s: quiet, {stage.checker.count} violations")

    def _warm_up(self, end: float) -> None:
        """Look at the hub's memory after a quarter of what is left of the run."""

        async def look() -> None:
            await asyncio.sleep((end - self.stage.clock()) / 4)
            self.warm = await self.stage.hub.size()

        self.warm = self.stage.fresh  # until then
        self.stage.tasks.spawn(look())

    async def _feel_pulse(self) -> None:
        """Measure how long this process is busy at a time: who waits for it waits for no hub."""
        stage = self.stage
        while True:
            before = stage.clock()
            await asyncio.sleep(PULSE)
            stage.tally.lag = max(stage.tally.lag, stage.clock() - before - PULSE)

    async def _watch(self) -> None:
        stage, told, said = self.stage, 0.0, 0
        while True:
            await asyncio.sleep(SAMPLE)
            stage.checker.sample(stage.clock(), stage.snapshots())
            for violation, _ in stage.checker.violations[said:]:
                self.say(str(violation))
            said = len(stage.checker.violations)
            if stage.clock() - told > PROGRESS:
                told = stage.clock()
                linked = sum(device.calling.link.connected for device in stage.devices)
                self.say(
                    f"{told:.0f} s: {linked} of {len(stage.devices)} clients connected,"
                    f" {len(stage.checker.facts.all())} calls so far,"
                    f" {stage.checker.count} violations"
                )


def _moments(seconds: float) -> list[float]:
    """Return when everything falls quiet in between; a short run does so at its end only."""
    return [seconds * share for share in (0.25, 0.5, 0.75)] if seconds >= 180 else []
