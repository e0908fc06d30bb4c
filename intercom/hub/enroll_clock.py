"""How old an invitation is, on a machine whose clock may be wrong, and may be set at any time."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "INTERCOM_BOOT_ID"
"""Where the hub's unit tells it which boot this is: its sandbox hides the kernel's own file."""
_FILE = Path("/proc/sys/kernel/random/boot_id")
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@dataclass(frozen=True, slots=True)
class Moment:
    """Seconds since the machine `boot`ed ("": unknown), asleep or awake: alike in all processes."""

    boot: str
    seconds: float


def now() -> Moment:
    """Return the present moment. Those of two boots cannot be compared."""
    boot = os.environ.get(VARIABLE, "")
    if not boot:
        try:
            boot = _FILE.read_text("ascii")
        except OSError:
            boot = ""
    return Moment(boot.strip().replace("-", ""), time.clock_gettime(_CLOCK))
