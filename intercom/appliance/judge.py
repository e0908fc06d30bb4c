"""Whether a new version is healthy, of what systemd says of its unit over time. PURE.

Healthy is what has been ready for SETTLE seconds in one and the same process; what was not ready
before the update either (no hub yet, not enrolled) need only live as long. Sick is what crashes
again and again, or does not get there in time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

Verdict = Literal["healthy", "sick", "wait"]

SETTLE = 60.0
"""Seconds that it must hold out."""
LIMIT = 300.0
"""Seconds in which it must get there, where it keeps starting anew."""
PATIENCE = 1800.0
"""The same, where it lives but is not ready: the hub may be away, or starting."""
CRASHES = 3
"""So many starts anew are too many."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The unit at one moment: `at` in seconds, ActiveState, and the process (0: none)."""

    at: float
    state: str
    pid: int


def judge(samples: Sequence[Sample], was_ready: bool) -> tuple[Verdict, str]:
    """The verdict of all samples so far, oldest first, and why."""
    if not samples:
        return "wait", "nothing is known yet"
    first, last = samples[0], samples[-1]
    held = _held(samples, was_ready)
    if held >= SETTLE:
        return "healthy", f"it has held out for {held:.0f} s"
    pids = [sample.pid for sample in samples if sample.pid]
    crashes = sum(1 for before, after in pairwise(pids) if before != after)
    if crashes >= CRASHES:
        return "sick", f"it ended and was started anew {crashes} times"
    waited = last.at - first.at
    alive = last.pid != 0 and last.state in ("active", "activating", "reloading")
    if waited > (PATIENCE if alive and not crashes else LIMIT):
        return "sick", f"it is not ready after {waited:.0f} s ({last.state})"
    return "wait", f"{last.state} for {held:.0f} s"


def _held(samples: Sequence[Sample], was_ready: bool) -> float:
    """For how long it has been well without a break, until now."""
    well = {"active"} if was_ready else {"active", "activating"}
    since = last = samples[-1]
    for sample in reversed(samples):
        if sample.state not in well or not sample.pid or sample.pid != last.pid:
            break
        since = sample
    return last.at - since.at if last.state in well and last.pid else 0.0
