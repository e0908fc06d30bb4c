"""Pictures as av.VideoFrame: copying, cropping and fitting planes of yuv420p."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Bytes2D = NDArray[np.uint8]

MICROSECOND = Fraction(1, 1_000_000)
_MAX_CROP = 0.45  # the part of a picture that may be cut away to fill the frame


def planes(frame: av.VideoFrame) -> list[Bytes2D]:
    """Views of the three planes of a yuv420p picture without padding: writes go into it."""
    widths = (frame.width, (frame.width + 1) // 2, (frame.width + 1) // 2)
    return [rows_of(frame, index)[:, :width] for index, width in enumerate(widths)]


def rows_of(frame: av.VideoFrame, index: int) -> Bytes2D:
    """A view of one plane's rows with their padding."""
    plane = frame.planes[index]
    rows = np.frombuffer(memoryview(plane), dtype=np.uint8)
    return rows[: plane.line_size * plane.height].reshape(plane.height, plane.line_size)


def from_planes(sources: Sequence[Bytes2D]) -> av.VideoFrame:
    """A new yuv420p picture with copies of the rows of Y, U and V, whatever their stride."""
    height, width = sources[0].shape
    frame = av.VideoFrame(width, height, "yuv420p")
    for target, source in zip(planes(frame), sources, strict=True):
        target[:] = source
    return frame


def from_buffer(buffer: NDArray[np.uint8], size: tuple[int, int], stride: int) -> av.VideoFrame:
    """A new yuv420p picture from one buffer of Y, U and V with rows of `stride` and stride / 2."""
    width, height = size
    luma, chroma = stride * height, stride // 2 * (height // 2)
    y = buffer[:luma].reshape(height, stride)[:, :width]
    parts = [y]
    for start in (luma, luma + chroma):
        rows = buffer[start : start + chroma].reshape(height // 2, stride // 2)
        parts.append(rows[:, : width // 2])
    return from_planes(parts)


def stamp(frame: av.VideoFrame) -> float:
    """Set the picture's time to now, CLOCK_MONOTONIC in microseconds; returns it in seconds."""
    now = time.monotonic()
    frame.pts = int(now * 1_000_000)
    frame.time_base = MICROSECOND
    return now


def copy(frame: av.VideoFrame) -> av.VideoFrame:
    """A picture of its own with the same pixels."""
    return from_planes(planes(frame))


def fit(frame: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
    """Scale to width x height in yuv420p: cut a little at the edges, or else add black bars."""
    if frame.format.name != "yuv420p":
        frame = frame.reformat(format="yuv420p")
    if (frame.width, frame.height) == (width, height):
        return frame
    crop_w, crop_h = _inner(frame.width, frame.height, width, height)
    if crop_w * crop_h >= (1 - _MAX_CROP) * frame.width * frame.height:
        return _scaled(_centre(frame, crop_w, crop_h), width, height)
    inner_w, inner_h = _inner(width, height, frame.width, frame.height)
    return _with_bars(_scaled(frame, inner_w, inner_h), width, height)


def _inner(width: int, height: int, like_w: int, like_h: int) -> tuple[int, int]:
    """The largest even size within width x height that has the shape of like_w x like_h."""
    scale = min(width / like_w, height / like_h)
    return max(2, round(like_w * scale / 2) * 2), max(2, round(like_h * scale / 2) * 2)


def _scaled(frame: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
    # One thread: the pictures are small and a pool of workers costs more than it saves.
    return frame.reformat(width, height, "yuv420p", interpolation="FAST_BILINEAR", threads=1)


def _centre(frame: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
    width, height = min(width, frame.width), min(height, frame.height)
    if (width, height) == (frame.width, frame.height):
        return frame
    x, y = (frame.width - width) // 4 * 2, (frame.height - height) // 4 * 2
    luma, *chroma = planes(frame)
    parts = [luma[y : y + height, x : x + width]]
    half_w, half_h = (width + 1) // 2, (height + 1) // 2
    parts += [c[y // 2 : y // 2 + half_h, x // 2 : x // 2 + half_w] for c in chroma]
    return from_planes(parts)


def _with_bars(frame: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
    out = av.VideoFrame(width, height, "yuv420p")
    x, y = (width - frame.width) // 4 * 2, (height - frame.height) // 4 * 2
    for index, (target, source) in enumerate(zip(planes(out), planes(frame), strict=True)):
        target[:] = 16 if index == 0 else 128
        shift = 0 if index == 0 else 1
        rows, columns = source.shape
        target[y >> shift : (y >> shift) + rows, x >> shift : (x >> shift) + columns] = source
    return out
