"""PURE  Percentiles, freezes and slopes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

FREEZE_MS = 300.0


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that `share` (0-1) of all are not above (nearest rank); None of none."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def quantiles(values: Sequence[float], count: int = 100) -> list[float]:
    """`count` + 1 percentiles from the least to the greatest, for a plot; empty of none."""
    found = (percentile(values, step / count) for step in range(count + 1))
    return [value for value in found if value is not None]


def gaps_ms(times: Sequence[float], begin: float, end: float) -> list[float]:
    """Milliseconds without a new picture in [begin, end] (seconds), the ends counted too."""
    inside = [begin, *sorted(t for t in times if begin <= t <= end), end]
    return [(b - a) * 1000 for a, b in itertools.pairwise(inside)]


def slope(points: Sequence[tuple[float, float]]) -> float | None:
    """Least squares dy/dx; None when all x are the same."""
    if not points:
        return None
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    if spread == 0:
        return None
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread


def ratio(ours: float | None, peer: float | None) -> float | None:
    """ours / peer; None when either is missing or the peer's is nothing."""
    if ours is None or peer is None or peer == 0:
        return None
    return ours / peer
