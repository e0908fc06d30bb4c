"""PURE  Numbers burnt into the luma of a picture as black and white cells, and read from it.

Two rows of 32 cells in the upper left corner, most significant bit first: a 32-bit value and its
CRC-32. At 640x480 a cell is 4x8 pixels, so that a column is one transform block wide; it grows
with the picture from there. Needs nothing besides numpy, for a Python that has no PyAV.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8]

BITS = 32
MASK = 0xFFFFFFFF
_MIX = 0x5A5A5A5A  # the CRC of 32 ones is 32 ones: a white wall would be a number
_BLACK, _WHITE = 40, 210
_LIMIT_DARK, _LIMIT_BRIGHT = 100, 150  # a cell in between is not a bit


def cell_size(width: int) -> tuple[int, int]:
    """Width and height in pixels of a cell in a picture `width` pixels wide."""
    cell = max(4, width // 160 // 4 * 4)
    return cell, 2 * cell


def height(width: int) -> int:
    """How many rows of pixels a number takes."""
    return 2 * cell_size(width)[1]


def burn(luma: Luma, value: int, width: int, top: int = 0) -> tuple[int, int]:
    """Write the lower 32 bits of `value` from row `top` on, in place.

    The picture is `width` wide, its rows may be padded; there has to be room. Returns the rows and
    columns that it takes.
    """
    cell_w, cell_h = cell_size(width)
    words = np.array([value & MASK, _crc(value & MASK)], dtype=">u4")
    bits = np.unpackbits(words.view(np.uint8)).reshape(2, BITS)
    cells = np.where(bits, np.uint8(_WHITE), np.uint8(_BLACK))
    code = cells.repeat(cell_h, axis=0).repeat(cell_w, axis=1)
    rows, columns = code.shape
    luma[top : top + rows, :columns] = code
    return rows, columns


def read(luma: Luma, width: int, top: int = 0) -> int | None:
    """The number from row `top` on; None when it is damaged or absent."""
    cell_w, cell_h = cell_size(width)
    area = luma[top : top + 2 * cell_h, : min(width, BITS * cell_w)]
    if area.shape != (2 * cell_h, BITS * cell_w):
        return None
    means = area.reshape(2, cell_h, BITS, cell_w)[:, 1:-1, :, 1:-1].mean(axis=(1, 3))
    if np.any((means > _LIMIT_DARK) & (means < _LIMIT_BRIGHT)):
        return None
    words = np.packbits(means > _LIMIT_DARK).view(">u4")
    value, crc = int(words[0]), int(words[1])
    return value if crc == _crc(value) else None


def _crc(value: int) -> int:
    return zlib.crc32(value.to_bytes(4, "big")) ^ _MIX
