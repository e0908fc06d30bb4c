"""Wires from a column of pins to a column of parts, without a crossing. PURE.

Both columns have the same order, so that no wire needs to cross another: those that go up take
their vertical piece the farther out the lower they start, those that go down the other way round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

STRAIGHT = 6
"""A shift of less is left out: a straight wire looks better than one with a kink."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something at a pin's height `y` that wants room `above` and `below` its own height."""

    y: float
    above: float
    below: float


@dataclass(frozen=True, slots=True)
class Wire:
    """From height `start` at the pin to height `end` at the part, turning in track 0, 1 ..."""

    start: float
    end: float
    track: int


def spread(items: Sequence[Item], top: float) -> list[float]:
    """Heights near those of the pins, in their order, with the room that each wants.

    Nothing is above `top`. Least squares of the shifts, by pooling neighbours that collide.
    """
    offsets = [0.0]
    for before, after in pairwise(items):
        offsets.append(offsets[-1] + before.below + after.above)
    pools: list[tuple[float, int]] = []  # mean and count, ascending
    for item, offset in zip(items, offsets, strict=False):
        mean, count = item.y - offset, 1
        while pools and pools[-1][0] >= mean:
            other, others = pools.pop()
            mean = (mean * count + other * others) / (count + others)
            count += others
        pools.append((mean, count))
    least = top + items[0].above if items else top
    means = [max(mean, least) for mean, count in pools for _ in range(count)]
    heights = [round(mean + offset) for mean, offset in zip(means, offsets, strict=False)]
    return [
        item.y if abs(height - item.y) < STRAIGHT else height
        for item, height in zip(items, heights, strict=True)
    ]


def wires(starts: Sequence[float], ends: Sequence[float]) -> list[Wire]:
    """One wire from each start to each end; both ascend."""
    pairs = list(zip(starts, ends, strict=True))
    rising = [index for index, (start, end) in enumerate(pairs) if end < start]
    falling = [index for index, (start, end) in enumerate(pairs) if end > start]
    track = {index: place for place, index in enumerate(rising)}
    track |= {index: place for place, index in enumerate(reversed(falling))}
    return [Wire(start, end, track.get(index, 0)) for index, (start, end) in enumerate(pairs)]
