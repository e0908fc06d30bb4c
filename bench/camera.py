"""The camera of the peers that are Python: the clip at its rate, a time code in each picture."""

from __future__ import annotations

from collections.abc import Callable

import av
import numpy as np

from bench import code
from bench.clip import ClipFile
from hw.pace import Pacer
from hw.picture import planes, rows_of

_RING = 4  # pictures; an encoder may still read the last ones


class Camera:
    """Calls `on_frame` from its own thread; a raw camera to the product."""

    encoded = False

    def __init__(self, path: str, on_frame: Callable[[av.VideoFrame], None]) -> None:
        self._clip = ClipFile(path)
        self._on_frame = on_frame
        size = self._clip.width, self._clip.height
        self._ring = [av.VideoFrame(*size, "yuv420p") for _ in range(_RING)]
        self._pacer = Pacer("bench-camera", 1 / self._clip.fps, self._tick)
        self._pacer.start()

    def force_key_frame(self) -> None:
        """A raw camera has none."""

    def set_bitrate(self, bps: int) -> None:
        """A raw camera has none."""

    def set_rate(self, fps: int) -> None:
        """Nothing is hot here."""

    def close(self) -> None:
        """Stop; idempotent."""
        self._pacer.close()
        self._clip.close()

    def _tick(self, n: int) -> None:
        frame = self._ring[n % _RING]
        rows = [rows_of(frame, plane) for plane in range(3)]
        if all(r.shape[1] == p.shape[1] for r, p in zip(rows, planes(frame), strict=True)):
            self._clip.read_into(n, [r.data.cast("B") for r in rows])  # no padding: no copy
        else:
            self._copy(n, frame)
        code.burn(rows[0][:, : frame.width], code.now_ticks())
        self._on_frame(frame)

    def _copy(self, n: int, frame: av.VideoFrame) -> None:
        data = bytearray(self._clip.size)
        self._clip.read_into(n, [memoryview(data)])
        begin = 0
        for plane in planes(frame):
            part = memoryview(data)[begin : begin + plane.size]
            plane[:] = np.frombuffer(part, np.uint8).reshape(plane.shape)
            begin += plane.size
