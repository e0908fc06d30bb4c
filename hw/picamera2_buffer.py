"""A camera's buffer becomes a picture in yuv420p."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from hw.picture import from_buffer, rows_of

# libcamera's name (DRM's: the last letter lies first in memory) -> FFmpeg's, bytes of a pixel.
# A Pi gives the YUV420 that it is asked for; other pipelines give what they have.
_PACKED = {
    "RGB888": ("bgr24", 3),
    "BGR888": ("rgb24", 3),
    "XRGB8888": ("bgra", 4),
    "XBGR8888": ("rgba", 4),
    "YUYV": ("yuyv422", 2),
}


def readable(pixels: str) -> bool:
    """Whether `picture` understands that format of libcamera."""
    return pixels == "YUV420" or pixels in _PACKED


def picture(buffer: NDArray[np.uint8], stream: Mapping[str, Any]) -> av.VideoFrame:
    """A copy of the buffer; `stream` is picamera2's configuration: format, size, stride in bytes.

    Raises KeyError for a format that is not `readable`.
    """
    (width, height), stride = stream["size"], stream["stride"]
    if stream["format"] == "YUV420":
        return from_buffer(buffer, (width, height), stride)
    name, pixel = _PACKED[stream["format"]]
    frame = av.VideoFrame(width, height, name)
    rows = buffer[: stride * height].reshape(height, stride)
    rows_of(frame, 0)[:, : width * pixel] = rows[:, : width * pixel]
    return frame.reformat(format="yuv420p")
