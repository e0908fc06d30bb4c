"""Two numbers in each picture: the time in ticks of 0.1 ms, and its index in the clip.

In the cells of the product's time code (hw/cells.py), one below the other.
"""

from __future__ import annotations

import time

from hw import cells
from hw.cells import Luma

TICKS = 10_000  # a second
ROWS = 2


def height(width: int) -> int:
    """How many rows of pixels both codes take."""
    return ROWS * cells.height(width)


def now_ticks() -> int:
    """CLOCK_MONOTONIC in ticks, the same in all processes of the machine."""
    return time.monotonic_ns() // (1_000_000_000 // TICKS) & cells.MASK


def elapsed_ms(now: int, then: int) -> float:
    """Milliseconds from tick `then` to tick `now`, across the wrap."""
    return ((now - then) & cells.MASK) * 1000 / TICKS


def burn(luma: Luma, value: int, row: int = 0) -> None:
    """Write `value` into row 0 or 1 of the codes, in place; `luma` is height x width or more."""
    width = luma.shape[1]
    cells.burn(luma, value, width, row * cells.height(width))


def read(luma: Luma, row: int = 0) -> int | None:
    """The value in that row of codes; None when it is damaged or absent."""
    width = luma.shape[1]
    return cells.read(luma, width, row * cells.height(width))
