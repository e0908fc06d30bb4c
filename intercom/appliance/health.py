"""Watches the units that this machine is there for, after an update."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection

from intercom.appliance.judge import Sample, judge
from intercom.appliance.run import ProgramError, run

log = logging.getLogger(__name__)

UNITS = ("intercom.service", "intercom-hub.service")
EVERY = 2.0

Show = Callable[[str], dict[str, str]]
Said = dict[str, dict[str, str]]


def show(unit: str) -> dict[str, str]:
    """What systemd says of a unit. Raises ProgramError."""
    names = (
        "ActiveState,MainPID,LoadState,UnitFileState,ConditionResult,ConditionTimestampMonotonic"
    )
    lines = run(["systemctl", "show", "-p", names, unit], 20).splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def enabled(shown: Show = show) -> tuple[str, ...]:
    """Those of UNITS that are installed and enabled."""
    return tuple(unit for unit, said in _all(shown, {}).items() if _is_enabled(said))


def ready(shown: Show = show) -> tuple[str, ...]:
    """Those that are enabled, and ready now; none, where systemd cannot be asked."""
    return tuple(
        unit
        for unit, said in _all(shown, {}).items()
        if _is_enabled(said) and said.get("ActiveState") == "active"
    )


def _all(shown: Show, before: Said) -> Said:
    """What systemd says of each of UNITS; where it cannot be asked, what it said before, but not
    how the unit is."""
    found = Said()
    for unit in UNITS:
        try:
            found[unit] = shown(unit)
        except ProgramError as error:  # no systemd, or not yet
            log.debug("systemd cannot be asked: %s", error)
            found[unit] = {**before.get(unit, {}), "ActiveState": "unknown", "MainPID": "0"}
    return found


def _is_enabled(said: dict[str, str]) -> bool:
    return said.get("LoadState") == "loaded" and said.get("UnitFileState") == "enabled"


def _is_skipped(said: dict[str, str]) -> bool:
    """Whether systemd has left it out, since it has no place here: a hub without settings."""
    tested = said.get("ConditionTimestampMonotonic", "0") != "0"
    return tested and said.get("ConditionResult") == "no"


def counted(said: Said, was_ready: Collection[str]) -> list[str]:
    """The units whose health counts: those that are to run here, and those that ran before."""
    found = [unit for unit in UNITS if _is_enabled(said[unit]) or unit in was_ready]
    return [unit for unit in found if not _is_skipped(said[unit])] or list(UNITS[:1])


def watch(
    was_ready: Collection[str] | None,
    shown: Show = show,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[bool, str]:
    """Watch all units until there is a verdict: whether they are healthy, and why.

    `was_ready`: those that were ready before, and must be again; the others must only live. None
    is what old records say: the first was.
    """
    seen: dict[str, list[Sample]] = {unit: [] for unit in UNITS}
    well: dict[str, str] = {}
    said = Said()
    while True:
        said = _all(shown, said)
        units = counted(said, was_ready or ())
        must = units[:1] if was_ready is None else was_ready
        for unit in units:
            seen[unit].append(_sample(said[unit], clock()))
            verdict, why = judge(seen[unit], unit in must)
            if verdict == "sick" and unit not in well:
                log.info("%s is sick: %s", unit, why)
                return False, f"{unit}: {why}"
            if verdict == "healthy":
                well.setdefault(unit, why)
        if all(unit in well for unit in units) and all("LoadState" in one for one in said.values()):
            why = ", ".join(f"{unit}: {well[unit]}" for unit in units)
            log.info("all is well: %s", why)
            return True, why
        sleep(EVERY)


def _sample(said: dict[str, str], now: float) -> Sample:
    return Sample(now, said.get("ActiveState", "unknown"), int(said.get("MainPID") or 0))
