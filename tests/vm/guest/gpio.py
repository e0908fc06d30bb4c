"""A Raspberry Pi's bank of GPIO lines by the kernel's gpio-sim, and hands on its contacts."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CONFIG = Path("/sys/kernel/config/gpio-sim/pi")
CPUINFO = Path("/run/cpuinfo")
LINES = 54
LABEL = "pinctrl-bcm2711"
REVISION = "c03115"  # a Raspberry Pi 4B of 4 GB


@contextmanager
def urgent() -> Iterator[None]:
    """What this thread does comes before all else, so that a busy machine does not stretch it."""
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


class Chip:
    """The chip; a contact is closed by pulling its line to ground."""

    def __init__(self) -> None:
        bank = CONFIG / "bank0"
        bank.mkdir(parents=True)
        (bank / "num_lines").write_text(str(LINES))
        (bank / "label").write_text(LABEL)

    def plug(self) -> None:
        """Have it there."""
        (CONFIG / "live").write_text("1")
        name = (CONFIG / "dev_name").read_text().strip()
        chip = (CONFIG / "bank0/chip_name").read_text().strip()
        self._lines = Path(f"/sys/devices/platform/{name}/{chip}")

    @property
    def number(self) -> str:
        """Of its /dev/gpiochipN: another one if it came back while the old was held."""
        return self._lines.name.removeprefix("gpiochip")

    def unplug(self) -> None:
        """Take it away, in use or not."""
        (CONFIG / "live").write_text("0")

    def close(self, pin: int) -> None:
        """Close the contact of a button."""
        (self._line(pin) / "pull").write_text("pull-down")

    def open(self, pin: int) -> None:
        """Open the contact of a button."""
        (self._line(pin) / "pull").write_text("pull-up")

    def chatter(self, pin: int, toggles: int, gap: float, closed: bool) -> float:
        """Bounce so often, and come to rest closed or open; return the seconds that took."""
        path = self._line(pin) / "pull"
        with path.open("wb", buffering=0) as pull, urgent():
            began = time.monotonic()
            for number in range(toggles):
                pull.write(b"pull-down" if closed ^ (number % 2 == 1) else b"pull-up")
                if gap:
                    time.sleep(gap)
            pull.write(b"pull-down" if closed else b"pull-up")
            return time.monotonic() - began

    def level(self, pin: int) -> int:
        """What the line is driven to, or pulled."""
        return int((self._line(pin) / "value").read_text())

    def _line(self, pin: int) -> Path:
        return self._lines / f"sim_gpio{pin}"
