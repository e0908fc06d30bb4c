"""The picture that vimc's sensor gives: 75 % colour bars."""

from __future__ import annotations

import av
import numpy as np

from hw.picture import planes

# Left to right: Y, Cb, Cr of ITU-R BT.601.
BARS = (
    (180, 128, 128), (162, 44, 142), (131, 156, 44), (112, 72, 58),
    (84, 184, 198), (65, 100, 212), (35, 212, 114), (16, 128, 128),
)  # fmt: skip


def assert_bars(frame: av.VideoFrame, mirrored: bool = False, tolerance: float = 4) -> None:
    """In the middle of each bar, in the upper half, its colour."""
    for index, plane in enumerate(planes(frame)):
        height, width = plane.shape
        for bar, colour in enumerate(reversed(BARS) if mirrored else BARS):
            x = round((bar + 0.5) * width / len(BARS))
            spot = plane[height // 4 : height // 2, x - 3 : x + 3]
            assert abs(float(np.median(spot)) - colour[index]) <= tolerance, (index, bar)
