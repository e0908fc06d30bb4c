"""CPU time and memory of a process and all that it started, from /proc (proc(5))."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Memory:
    """Megabytes: resident, and proportional (pages that are shared are divided)."""

    rss: float
    pss: float


def tree(root: int) -> list[int]:
    """The process `root`, its descendants, and who else is in its session, which it must lead."""
    stats = {pid: fields for pid in _pids() if (fields := _stat(pid)) is not None}
    found = {pid for pid, fields in stats.items() if int(fields[3]) == root} | {root}
    grown = True
    while grown:
        more = {pid for pid, fields in stats.items() if int(fields[1]) in found} - found
        found |= more
        grown = bool(more)
    return sorted(found & stats.keys())


def cpu_seconds(root: int) -> dict[int, float]:
    """User and system time that each process of the tree has used so far."""
    used = {}
    for pid in tree(root):
        fields = _stat(pid)
        if fields is not None:
            used[pid] = (int(fields[11]) + int(fields[12])) / _TICK
    return used


def cpu_percent(before: dict[int, float], after: dict[int, float], seconds: float) -> float:
    """What the tree used between two `cpu_seconds`, in percent of one core."""
    used = sum(value - before.get(pid, 0.0) for pid, value in after.items())
    return used / seconds * 100


def memory(root: int) -> Memory:
    """The tree's memory now."""
    rss = pss = 0
    for pid in tree(root):
        for line in _lines(_PROC / str(pid) / "smaps_rollup"):
            name, _, rest = line.partition(":")
            if name == "Rss":
                rss += int(rest.split()[0])
            elif name == "Pss":
                pss += int(rest.split()[0])
    return Memory(rss / 1024, pss / 1024)


def _pids() -> list[int]:
    return [int(path.name) for path in _PROC.iterdir() if path.name.isdigit()]


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/pid/stat from the third on (state, ppid, pgrp, session, ...)."""
    lines = _lines(_PROC / str(pid) / "stat")
    return lines[0].rpartition(")")[2].split() if lines else None


def _lines(path: Path) -> list[str]:
    """The file's lines; none when the process has gone or is not ours to look at."""
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []
