"""gpiozero's lgpio pins, made to last in a daemon; imported only where lgpio is.

Written against gpiozero 2.0.1.post3 and lgpio 0.2.2, and reaching into both:

- lgpio calls back from one thread of the process, which the first exception ends for good: from
  then on no button works, not even of a panel that is opened anew. gpiozero leaves its callback
  there when it closes a pin, and the next edge then finds a factory without a handle.
- lgpio tells nobody when the chip is gone: reading a line does.
- gpiozero keeps the reservations of all factories in one place, also of a device whose opening
  failed, for as long as the error is remembered: its pin was busy ever after.
- lgpio says when the kernel saw an edge, which gpiozero keeps to itself.
- the header's chip has had several numbers (4 on early Pi 5 kernels, 0 since): its label is firm.

tests/vm plays all of it on the kernel's gpio-sim.
"""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import lgpio
from gpiozero.pins.lgpio import LGPIOFactory, LGPIOPin

_OLDEST = 10.0  # seconds

_HEADERS = ("pinctrl-bcm2", "pinctrl-rp1")  # Pi 0 to 4; Pi 5


class _Pin(LGPIOPin):  # type: ignore[misc]  # gpiozero has no types
    """A pin whose late edges do no harm."""

    _callback: Any

    def close(self) -> None:
        """Take the callback out of lgpio's thread, then free the line."""
        with self._when_changed_lock:
            callback, self._callback = self._callback, None
            if callback is not None:
                callback.cancel()
        super().close()

    def _call_when_changed(self, chip: int, gpio: int, level: int, ticks: int) -> None:
        with self._when_changed_lock, contextlib.suppress(lgpio.error):
            if self._callback is not None:  # else it came while the pin was closed
                self.factory.edge_at = _monotonic(ticks / 1e9)
                super()._call_when_changed(chip, gpio, level, ticks)

    def probe(self) -> None:
        """Read the line, whatever is made of it; raises lgpio.error."""
        lgpio.gpio_read(self.factory._handle, self._number)  # noqa: SLF001 - see the module


class Factory(LGPIOFactory):  # type: ignore[misc]  # gpiozero has no types
    """The pins of the chip that is the Pi's header."""

    def __init__(self) -> None:
        super().__init__(chip=header())
        self.pin_class = _Pin
        self.pins: dict[str, Any] = {}
        self._reservations: defaultdict[str, list[Any]] = defaultdict(list)
        self.edge_at = 0.0
        """When the edge was that is being told now (monotonic), in lgpio's thread."""

    def probe(self) -> None:
        """Read each line in use; raises lgpio.error when the chip is gone."""
        for pin in tuple(self.pins.values()):
            pin.probe()


def _monotonic(ticks: float) -> float:
    """A kernel's time of an edge, by whichever clock, as time.monotonic() has it."""
    now = time.monotonic()
    ages = (now - ticks, time.time() - ticks)
    return now - next((age for age in ages if 0 <= age < _OLDEST), 0.0)


def header(folder: Path = Path("/dev")) -> int | None:
    """The number of the chip with the header's label; None where none has it."""
    numbers = (path.name.removeprefix("gpiochip") for path in folder.glob("gpiochip*"))
    for number in sorted(int(number) for number in numbers if number.isdecimal()):
        if _label(number).startswith(_HEADERS):
            return number
    return None


def _label(number: int) -> str:
    """The label of a chip, empty if it cannot be opened."""
    try:
        handle = lgpio.gpiochip_open(number)
    except lgpio.error:
        return ""
    try:
        about: tuple[Any, ...] = lgpio.gpio_get_chip_info(handle)
        return str(about[3])
    finally:
        lgpio.gpiochip_close(handle)
