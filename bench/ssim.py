"""PURE  Structural similarity of two luma planes (Wang, Bovik, Sheikh, Simoncelli 2004)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WINDOW = 8  # pixels, a box; every position of it
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2

Plane = NDArray[np.uint8]


def ssim(a: Plane, b: Plane) -> float:
    """Mean SSIM of two planes of one size, 1.0 for equal ones. Raises ValueError when unequal."""
    if a.shape != b.shape:
        raise ValueError(f"planes of {a.shape} and {b.shape} cannot be compared")
    x, y = a.astype(np.float64), b.astype(np.float64)
    mean_x, mean_y = _box(x), _box(y)
    var_x = _box(x * x) - mean_x**2
    var_y = _box(y * y) - mean_y**2
    both = _box(x * y) - mean_x * mean_y
    top = (2 * mean_x * mean_y + _C1) * (2 * both + _C2)
    bottom = (mean_x**2 + mean_y**2 + _C1) * (var_x + var_y + _C2)
    return float((top / bottom).mean())


def _box(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means over each WINDOW x WINDOW box, by sums along both axes."""
    sums = np.cumsum(np.cumsum(np.pad(values, ((1, 0), (1, 0))), axis=0), axis=1)
    n = WINDOW
    boxes = sums[n:, n:] - sums[:-n, n:] - sums[n:, :-n] + sums[:-n, :-n]
    return np.asarray(boxes / (n * n))
