"""Reads off a lamp's line which state it tells, by how long it is on and how often it goes on."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from intercom.station.lamp import PATTERNS, LampState
from tests.vm.guest.gpio import Chip, urgent

PULSES = 4.0
"""So many a second are no rhythm but the dimming of a lamp, by pulses of 100 Hz."""
LOOKS = (0.008, 0.02)
"""Seconds between two looks: rare enough to leave time to the lamp, and not in step with pulses."""


@dataclass(frozen=True)
class Light:
    """A lamp as it was seen: the share of time on (0 to 1), and how often a second it went on."""

    on: float
    rises: float

    @property
    def state(self) -> LampState | None:
        """The state whose pattern it is; None if it is none's."""
        likeness = {state: _distance(self, _pattern(state)) for state in PATTERNS}
        best = min(likeness, key=lambda state: likeness[state])
        return best if likeness[best] < 0.35 else None


def _pattern(state: LampState) -> Light:
    steps = PATTERNS[state]
    length = sum(seconds for _, seconds in steps)
    if not length:
        dim = 0 < steps[0][0] < 1
        return Light(steps[0][0], PULSES if dim else 0.0)
    on = sum(value * seconds for value, seconds in steps) / length
    if any(0 < value < 1 for value, _ in steps):
        return Light(on, PULSES)
    rises = sum(value == 1.0 and steps[i - 1][0] == 0.0 for i, (value, _) in enumerate(steps))
    return Light(on, rises / length)


def _distance(seen: Light, meant: Light) -> float:
    a, b = (min(light.rises, PULSES) for light in (seen, meant))
    return abs(seen.on - meant.on) + abs(a - b) / max(a, b, 0.5) / 2


def watch(chip: Chip, pins: Sequence[int], seconds: float = 2.5) -> list[Light]:
    """Look at lamps for some seconds; blocks."""
    samples: list[list[int]] = [[] for _ in pins]
    with urgent():
        began = time.monotonic()
        while time.monotonic() < began + seconds:
            for pin, seen in zip(pins, samples, strict=True):
                seen.append(chip.level(pin))
            time.sleep(random.uniform(*LOOKS))
        took = time.monotonic() - began
    return [
        Light(
            sum(seen) / len(seen),
            sum(after > before for before, after in pairwise(seen)) / took,
        )
        for seen in samples
    ]
