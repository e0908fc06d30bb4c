"""Watches the unit that this machine is there for, after an update."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator

from intercom.appliance.judge import Sample, judge
from intercom.appliance.run import ProgramError, run

log = logging.getLogger(__name__)

UNITS = ("intercom.service", "intercom-hub.service")
EVERY = 2.0

Show = Callable[[str], dict[str, str]]


def show(unit: str) -> dict[str, str]:
    """What systemd says of a unit. Raises ProgramError."""
    names = "ActiveState,MainPID,LoadState,UnitFileState"
    lines = run(["systemctl", "show", "-p", names, unit], 20).splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def chosen(shown: Show = show) -> str:
    """The unit whose health counts: the first of UNITS that is installed and enabled."""
    return (enabled(shown) or UNITS)[0]


def enabled(shown: Show = show) -> tuple[str, ...]:
    """Those of UNITS that are installed and enabled."""
    return tuple(unit for unit in UNITS if _is_enabled(unit, shown))


def _is_enabled(unit: str, shown: Show) -> bool:
    try:
        said = shown(unit)
    except ProgramError:
        return False  # no systemd, or not yet
    return said.get("LoadState") == "loaded" and said.get("UnitFileState") == "enabled"


def is_ready(unit: str, shown: Show = show) -> bool:
    """Whether it is ready now; not, where systemd cannot be asked."""
    try:
        return shown(unit).get("ActiveState") == "active"
    except ProgramError:
        return False


def watch(
    unit: str,
    was_ready: bool,
    shown: Show = show,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[bool, str]:
    """Watch until there is a verdict: whether it is healthy, and why."""
    samples: list[Sample] = []
    for sample in _samples(unit, shown, sleep, clock):
        samples.append(sample)
        verdict, why = judge(samples, was_ready)
        if verdict != "wait":
            log.info("%s is %s: %s", unit, verdict, why)
            return verdict == "healthy", why
    raise AssertionError("the samples never end")


def _samples(
    unit: str, shown: Show, sleep: Callable[[float], None], clock: Callable[[], float]
) -> Iterator[Sample]:
    while True:
        try:
            said = shown(unit)
            pid = int(said.get("MainPID") or 0)
            yield Sample(clock(), said.get("ActiveState", ""), pid)
        except ProgramError as error:
            log.debug("systemd cannot be asked: %s", error)
            yield Sample(clock(), "unknown", 0)
        sleep(EVERY)
