"""PURE  Numbers burnt into the luma of a picture as black and white cells, and read from it.

Two rows of 32 cells: a 32-bit value, most significant bit first, and its CRC-32. Row 0 of a picture
holds the time in ticks of 0.1 ms, row 1 the index of the picture in its clip. The same format as
the product's time code, but with nothing besides numpy, for a Python that has no PyAV.
"""

from __future__ import annotations

import time
import zlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8]

BITS = 32
MASK = 0xFFFFFFFF
TICKS = 10_000  # a second
ROWS = 2
_MIX = 0x5A5A5A5A  # the CRC of 32 ones is 32 ones: a white wall would be a number
_BLACK, _WHITE = 40, 210
_LIMIT_DARK, _LIMIT_BRIGHT = 100, 150  # a cell in between is not a bit


@lru_cache(maxsize=16)
def cell_size(width: int) -> tuple[int, int]:
    """Width and height in pixels of a cell in a picture `width` pixels wide (320 or more)."""
    cell = max(4, width // 160 // 4 * 4)
    return cell, 2 * cell


def height(width: int) -> int:
    """How many rows of pixels both codes take."""
    return ROWS * 2 * cell_size(width)[1]


def now_ticks() -> int:
    """CLOCK_MONOTONIC in ticks, the same in all processes of the machine."""
    return time.monotonic_ns() // (1_000_000_000 // TICKS) & MASK


def elapsed_ms(now: int, then: int) -> float:
    """Milliseconds from tick `then` to tick `now`, across the wrap."""
    return ((now - then) & MASK) * 1000 / TICKS


def burn(luma: Luma, value: int, row: int = 0) -> None:
    """Write `value` into row 0 or 1 of the codes, in place; `luma` is height x width or more."""
    cell_w, cell_h = cell_size(luma.shape[1])
    words = np.array([value & MASK, _crc(value & MASK)], dtype=">u4")
    bits = np.unpackbits(words.view(np.uint8)).reshape(2, BITS)
    cells = np.where(bits, np.uint8(_WHITE), np.uint8(_BLACK))
    code = cells.repeat(cell_h, axis=0).repeat(cell_w, axis=1)
    top = row * 2 * cell_h
    luma[top : top + 2 * cell_h, : BITS * cell_w] = code


def read(luma: Luma, row: int = 0) -> int | None:
    """The value in that row of codes; None when it is damaged or absent."""
    cell_w, cell_h = cell_size(luma.shape[1])
    top = row * 2 * cell_h
    area = luma[top : top + 2 * cell_h, : BITS * cell_w]
    if area.shape != (2 * cell_h, BITS * cell_w):
        return None
    inner = area.reshape(2, cell_h, BITS, cell_w)[:, 1:-1, :, 1:-1]
    means = inner.mean(axis=(1, 3))
    if np.any((means > _LIMIT_DARK) & (means < _LIMIT_BRIGHT)):
        return None
    words = np.packbits(means > _LIMIT_DARK).view(">u4")
    value, crc = int(words[0]), int(words[1])
    return value if crc == _crc(value) else None


def _crc(value: int) -> int:
    return zlib.crc32(value.to_bytes(4, "big")) ^ _MIX
