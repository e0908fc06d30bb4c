"""PURE  Which frame size and rate to encode: down when line or machine is slow, and up again.

A rung is left downwards when the rate falls below `KEEP` of what the rung is meant for, or when
encoding takes too much of the machine, and upwards when both would do for the next rung for some
time. A climb that had to be undone makes the next one wait twice as long.
"""

from __future__ import annotations

from dataclasses import dataclass

from .quality import QUALITIES, UNCAPPED
from .rate import FLOOR

KEEP = 0.45  # of a rung's bits a second; below it a smaller picture looks better
REACH = 0.7  # of the next rung's bits a second, before it is tried
DOWN_AFTER = 1.0  # seconds
UP_AFTER = 5.0  # seconds; doubled by each climb that fails
UP_AFTER_MOST = 60.0
FAILED_WITHIN = 10.0  # seconds after a climb in which a step down counts as its failure
BUSY = 0.75  # of the time between two frames; encoding takes no more
IDLE = 0.5  # what it may take after a climb
CPU_BUSY = 0.9  # of all cores, by this process
CPU_IDLE = 0.6


@dataclass(frozen=True, slots=True)
class Rung:
    """One size and rate: `width` x `height` pixels of every `every`th frame, bits a second."""

    name: str
    width: int
    height: int
    every: int
    bitrate: int

    @property
    def work(self) -> float:
        """Pixels to encode for each frame of the camera."""
        return self.width * self.height / self.every


@dataclass(frozen=True, slots=True)
class Load:
    """How busy the machine is: shares of the time between frames, and of all cores."""

    encoding: float
    process: float


def rungs(width: int, height: int, fps: int, bitrate: int) -> list[Rung]:
    """From the camera's own size down to 240 lines, in the camera's shape, the best first."""
    table = sorted(QUALITIES.values(), key=lambda q: -q.height)
    nearest = min(table, key=lambda q: abs(q.height - height))
    found = [Rung(f"{height}p", width, height, 1, bitrate)]
    for quality in table:
        if quality.height < height:
            scaled = max(2, round(width * quality.height / height / 2) * 2)
            every = max(1, round(fps / quality.fps))
            rate = max(FLOOR, bitrate * quality.bitrate // nearest.bitrate)
            found.append(Rung(quality.name, scaled, quality.height, every, min(rate, bitrate)))
    return found


def within(steps: list[Rung], most: int) -> list[Rung]:
    """The rungs of at most `most` lines, or the last."""
    return [rung for rung in steps if rung.height <= most] or steps[-1:]


class Ladder:
    """Where one encoder stands; times are seconds of any steady clock.

    It begins where `bps` suffices, with at most `most` lines.
    """

    def __init__(self, steps: list[Rung], bps: int, most: int = UNCAPPED.height) -> None:
        self._steps = steps
        self._at = self._fitting(bps, len(steps) - len(within(steps, most)))
        self._low_since: float | None = None
        self._high_since: float | None = None
        self._climbed: float | None = None
        self._patience = UP_AFTER

    @property
    def rung(self) -> Rung:
        """The present size and rate."""
        return self._steps[self._at]

    def judge(self, bps: int, load: Load, now: float) -> str:
        """Step if need be, by what the line takes and how busy the machine is.

        Returns the cause in words when it stepped, else "".
        """
        cause = self._too_much(bps, load)
        if cause:
            self._high_since = None
            if self._low_since is None:
                self._low_since = now
            if now - self._low_since >= DOWN_AFTER and self._at + 1 < len(self._steps):
                return self._down(bps, cause, now)
            return ""
        self._low_since = None
        if not self._would_do(bps, load):
            self._high_since = None
            return ""
        if self._high_since is None:
            self._high_since = now
        if now - self._high_since >= self._patience:
            return self._up(bps, now)
        return ""

    def _too_much(self, bps: int, load: Load) -> str:
        if bps < KEEP * self.rung.bitrate:
            return f"the line takes {bps // 1000} kbit/s"
        if load.encoding > BUSY:
            return f"encoding takes {load.encoding:.0%} of the time"
        if load.process > CPU_BUSY:
            return f"this program takes {load.process:.0%} of all cores"
        return ""

    def _would_do(self, bps: int, load: Load) -> bool:
        if self._at == 0:
            return False
        higher = self._steps[self._at - 1]
        more = higher.work / self.rung.work
        return (
            bps >= REACH * higher.bitrate
            and load.encoding * more <= IDLE
            and load.process <= CPU_IDLE
        )

    def _fitting(self, bps: int, least: int) -> int:
        """The best rung from `least` on that `bps` suffices for, or the last."""
        for at in range(least, len(self._steps)):
            if bps >= KEEP * self._steps[at].bitrate:
                return at
        return len(self._steps) - 1

    def _down(self, bps: int, cause: str, now: float) -> str:
        if self._climbed is not None and now - self._climbed < FAILED_WITHIN:
            self._patience = min(UP_AFTER_MOST, self._patience * 2)
        self._at = self._fitting(bps, self._at + 1)
        self._low_since = self._climbed = None
        return cause

    def _up(self, bps: int, now: float) -> str:
        if self._climbed is not None:  # the climb before held
            self._patience = UP_AFTER
        self._at -= 1
        self._high_since, self._climbed = None, now
        return f"the line takes {bps // 1000} kbit/s and there is time to encode"
