"""A time code in the picture: 32 bits of milliseconds and their CRC-32 as black and white cells.

Two rows of 32 cells in the upper left corner of the Y plane, most significant bit first: the first
row is the value, the second the CRC. At 640x480 a cell is 4x8 pixels, so that a column is one
transform block wide and the code is 128x16 pixels; it grows with the picture from there.
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from hw.picture import rows_of

if TYPE_CHECKING:
    import av

_BITS = 32
_BLACK, _WHITE = 40, 210
_LIMIT_DARK, _LIMIT_BRIGHT = 100, 150  # a cell in between is not a bit
_MASK = 0xFFFFFFFF
_MIX = 0x5A5A5A5A


@lru_cache(maxsize=8)
def cell_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of a cell in a picture of that size; raises ValueError when too small."""
    cell = max(4, width // 160 // 4 * 4)
    if width < cell * _BITS or height < cell * 4:
        raise ValueError(f"no room for a time code in {width}x{height}")
    return cell, cell * 2


def burn(frame: av.VideoFrame, ms: int) -> None:
    """Write the lower 32 bits of `ms` into a yuv420p picture, in place; chroma under it is grey."""
    cell_w, cell_h = cell_size(frame.width, frame.height)
    value = ms & _MASK
    words = np.array([value, _crc(value)], dtype=">u4")
    bits = np.unpackbits(words.view(np.uint8)).reshape(2, _BITS)
    cells = np.where(bits, np.uint8(_WHITE), np.uint8(_BLACK))
    code = cells.repeat(cell_h, axis=0).repeat(cell_w, axis=1)
    rows, columns = code.shape
    rows_of(frame, 0)[:rows, :columns] = code
    for chroma in (1, 2):
        rows_of(frame, chroma)[: rows // 2, : columns // 2] = 128


def read(frame: av.VideoFrame) -> int | None:
    """The 32-bit milliseconds burnt into a yuv420p (or nv12, gray) picture; None without one."""
    try:
        cell_w, cell_h = cell_size(frame.width, frame.height)
    except ValueError:
        return None
    area = rows_of(frame, 0)[: 2 * cell_h, : _BITS * cell_w]
    inner = area.reshape(2, cell_h, _BITS, cell_w)[:, 1:-1, :, 1:-1]
    means = inner.mean(axis=(1, 3))
    if np.any((means > _LIMIT_DARK) & (means < _LIMIT_BRIGHT)):
        return None
    words = np.packbits(means > _LIMIT_DARK).view(">u4")
    value, crc = int(words[0]), int(words[1])
    return value if crc == _crc(value) else None


def _crc(value: int) -> int:
    # Mixed, since the CRC of 32 ones is 32 ones: a white wall would be a time.
    return zlib.crc32(value.to_bytes(4, "big")) ^ _MIX
