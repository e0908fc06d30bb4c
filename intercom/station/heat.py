"""Fewer and smaller pictures while the machine is hot: a step at a time, slowly. PURE.

The law: it is hot from `hot_from` degrees on, or while the firmware slows the processor; it is cool
when it is COOLER degrees below and nothing slows it; in between everything stays as it is. Hot for
DOWN_AFTER seconds takes a step down, at most one each DOWN_EVERY. Cool for `patience` seconds since
then takes one up; a step up that had to be taken back makes the next one wait twice as long.

A Pi slows itself from 80 degrees on, and more at 85 (the 3B+ a little from 60 on, which does not
count here): pictures that are left out keep it below that, where sound suffers as well.
"""

from __future__ import annotations

from hw.thermal import CAPPED, SOFT_LIMIT, THROTTLED, UNDER_VOLTAGE, Heat
from intercom.media import UNCAPPED, Cap

STEPS = (UNCAPPED, Cap(20, 1080), Cap(15, 720), Cap(10, 480), Cap(5, 360))
COOLER = 5.0
DOWN_AFTER = 10.0
DOWN_EVERY = 20.0
UP_AFTER = 60.0
UP_AFTER_MOST = 960.0
FAILED_WITHIN = 1800.0
"""Seconds after a step up in which a step down counts as its failure: a heat sink is slow."""

CAUSES = {
    "under_voltage": UNDER_VOLTAGE,
    "capped": CAPPED,
    "throttled": THROTTLED,
    "soft_limit": SOFT_LIMIT,
}
"""The firmware's bits by the names that the metrics give them."""


def told(heat: Heat) -> dict[str, bool]:
    """What the firmware says, by those causes that it tells; empty where it says nothing."""
    if heat.flags is None:
        return {}
    return {name: bool(heat.flags & bit) for name, bit in CAUSES.items() if heat.known & bit}


def is_slowed(heat: Heat) -> bool:
    """Whether the firmware holds the processor down now."""
    return bool((heat.flags or 0) & (CAPPED | THROTTLED))


def words(heat: Heat) -> str:
    """The state of the machine for people, as "81 °C, slowed down, weak supply"."""
    parts = [] if heat.celsius is None else [f"{heat.celsius:.0f} °C"]
    parts += ["slowed down"] if is_slowed(heat) else []
    parts += ["weak supply"] if (heat.flags or 0) & UNDER_VOLTAGE else []
    return ", ".join(parts)


class Governor:
    """Which of STEPS is in force; `hot_from` 0: always the first. Times are seconds."""

    def __init__(self, hot_from: float) -> None:
        self.step = 0
        self._hot_from = hot_from
        self._hot_since: float | None = None
        self._cool_since: float | None = None
        self._changed = float("-inf")
        self._climbed = float("-inf")
        self._patience = UP_AFTER

    @property
    def cap(self) -> Cap:
        """The most that is to be sent now."""
        return STEPS[self.step]

    def judge(self, heat: Heat, now: float) -> bool:
        """Take a reading, at best every few seconds; return whether that changed the step."""
        self._hot_since = _since(self._hot_since, now, self._is_hot(heat))
        self._cool_since = _since(self._cool_since, now, self._is_cool(heat))
        if self._hot_since is not None:
            due = max(self._hot_since + DOWN_AFTER, self._changed + DOWN_EVERY)
            return now >= due and self.step + 1 < len(STEPS) and self._down(now)
        if self._cool_since is not None:
            due = max(self._cool_since, self._changed) + self._patience
            return now >= due and self.step > 0 and self._up(now)
        return False

    def _is_hot(self, heat: Heat) -> bool:
        if not self._hot_from:
            return False
        return is_slowed(heat) or (heat.celsius is not None and heat.celsius >= self._hot_from)

    def _is_cool(self, heat: Heat) -> bool:
        if self._is_hot(heat):
            return False
        return heat.celsius is None or heat.celsius <= self._hot_from - COOLER

    def _down(self, now: float) -> bool:
        if now - self._climbed < FAILED_WITHIN:
            self._patience = min(UP_AFTER_MOST, self._patience * 2)
        self.step += 1
        self._changed, self._climbed = now, float("-inf")
        return True

    def _up(self, now: float) -> bool:
        if now - self._climbed >= FAILED_WITHIN and self._climbed != float("-inf"):
            self._patience = UP_AFTER  # the step up before has held
        self.step -= 1
        self._changed = self._climbed = now
        return True


def _since(before: float | None, now: float, is_so: bool) -> float | None:
    """Since when something is so; None: it is not."""
    if not is_so:
        return None
    return now if before is None else before
