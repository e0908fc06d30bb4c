"""Asks the machine how hot it is, and has fewer pictures sent when it is."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from hw.thermal import UNDER_VOLTAGE, Heat, read_heat
from intercom.media import Cap
from intercom.station.heat import Governor, is_slowed, told, words
from intercom.station.numbers import Rows

log = logging.getLogger(__name__)

PERIOD = 2.0
"""Seconds: the kernel asks the firmware as often, and remembers no longer."""
WEAK_AGAIN = 600.0
"""Seconds after which a supply that is weak again is worth another line."""


class Cooling:
    """`limit` is told the most that may be sent; a machine without sensors is left alone."""

    def __init__(
        self,
        limit: Callable[[Cap], None],
        hot_from: float,
        read: Callable[[], Heat] = read_heat,
    ) -> None:
        self.heat = Heat()
        self.since_start = Heat()
        """The firmware's bits that were ever set since this station started; nobody else keeps
        that where programs can read it."""
        self._weak_told = float("-inf")
        self._limit, self._read = limit, read
        self._governor = Governor(hot_from)

    @property
    def step(self) -> int:
        """How many steps the pictures are down."""
        return self._governor.step

    async def run(self) -> None:
        """Read again and again, until cancelled, or at once nothing can be read."""
        while True:
            heat = await asyncio.to_thread(self._read)
            if heat == Heat():
                log.debug("this machine does not tell how hot it is")
                return
            self.take(heat, time.monotonic())
            await asyncio.sleep(PERIOD)

    def take(self, heat: Heat, now: float) -> None:
        """A reading: remember it, and step if need be."""
        weak = (heat.flags or 0) & UNDER_VOLTAGE
        was_weak = (self.heat.flags or 0) & UNDER_VOLTAGE
        if weak and not was_weak and now - self._weak_told >= WEAK_AGAIN:
            self._weak_told = now
            log.warning("the supply is too weak: a better one, or a shorter or thicker cable")
        self.heat = heat
        if heat.flags is not None:
            ever = heat.flags | (self.since_start.flags or 0)
            self.since_start = Heat(flags=ever, known=heat.known)
        before = self.step
        if not self._governor.judge(heat, now):
            return
        cap = self._governor.cap
        self._limit(cap)
        most = f"at most {cap.fps} pictures a second, {cap.height} lines"
        most = most if self.step else "as many pictures as the camera gives"
        level = logging.WARNING if self.step > before else logging.INFO
        log.log(level, "%s: %s", words(heat) or "no temperature", most)

    def rows(self) -> Rows:
        """What the overlay of numbers shows of it."""
        celsius, weak = self.heat.celsius, told(self.heat).get("under_voltage", False)
        shown = [] if celsius is None else [("Processor", f"{celsius:.0f} °C")]
        if is_slowed(self.heat):
            shown.append(("Slowed down by", "weak supply" if weak else "heat"))
        elif weak:
            shown.append(("Supply", "too weak"))
        if self.step:
            shown.append(("Held down to", f"{self._governor.cap.fps} /s"))
        return tuple(shown)
