"""Runs in the guest: joins a unit's control group, and takes memory until it is stopped.

leak.py UNIT
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

group = Path("/sys/fs/cgroup/system.slice") / sys.argv[1] / "cgroup.procs"
group.write_text(str(os.getpid()))
taken: list[bytearray] = []
while len(taken) < 2000:
    taken.append(bytearray(b"x" * (1 << 20)))
time.sleep(60)
