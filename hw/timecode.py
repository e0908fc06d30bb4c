"""A time code in the picture: 32 bits of milliseconds as black and white cells (see cells.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hw import cells
from hw.picture import rows_of

if TYPE_CHECKING:
    import av


def cell_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of a cell in a picture of that size; raises ValueError when too small."""
    cell_w, cell_h = cells.cell_size(width)
    if width < cells.BITS * cell_w or height < 2 * cell_h:
        raise ValueError(f"no room for a time code in {width}x{height}")
    return cell_w, cell_h


def burn(frame: av.VideoFrame, ms: int) -> None:
    """Write the lower 32 bits of `ms` into a yuv420p picture, in place; chroma under it is grey.

    Raises ValueError when the picture is too small.
    """
    cell_size(frame.width, frame.height)
    rows, columns = cells.burn(rows_of(frame, 0), ms, frame.width)
    for chroma in (1, 2):
        rows_of(frame, chroma)[: rows // 2, : columns // 2] = 128


def read(frame: av.VideoFrame) -> int | None:
    """The 32-bit milliseconds burnt into a yuv420p (or nv12, gray) picture; None without one."""
    return cells.read(rows_of(frame, 0), frame.width)
