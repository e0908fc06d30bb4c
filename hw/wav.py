"""Reading speech for a simulated microphone, and a WAV that is valid at every moment."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

import av


class WavWriter:
    """Writes mono s16le to a WAV file; at most about a second is lost when the process is killed.

    The sizes in the header never promise more than is on the disk: data first, then the header.
    """

    def __init__(self, path: Path, rate: int) -> None:
        """Create or overwrite the file; raises OSError."""
        self._rate = rate
        self._pending = bytearray()
        self._written = 0
        self._file: BinaryIO = path.open("wb", buffering=0)
        self._write_header()

    def write(self, samples: bytes) -> None:
        """Append samples; raises OSError when the disk refuses."""
        self._pending += samples
        if len(self._pending) >= 2 * self._rate:
            self.flush()

    def flush(self) -> None:
        """Put what is pending on the disk and the sizes in the header; raises OSError."""
        self._file.seek(0, 2)
        self._file.write(self._pending)
        self._written += len(self._pending)
        self._pending.clear()
        self._write_header()

    def close(self) -> None:
        """Flush and close; idempotent; raises OSError."""
        if not self._file.closed:
            try:
                self.flush()
            finally:
                self._file.close()

    def _write_header(self) -> None:
        header = struct.pack(
            "<4sI4s4sIHHIIHH4sI",
            *(b"RIFF", 36 + self._written, b"WAVE", b"fmt ", 16),
            *(1, 1, self._rate, 2 * self._rate, 2, 16),
            *(b"data", self._written),
        )
        self._file.seek(0)
        self._file.write(header)


def read_samples(source: Path | BinaryIO, rate: int, form: str | None = None) -> bytes:
    """All of a sound file as mono s16le at `rate`; raises av.FFmpegError or IndexError.

    `form`: the only file format that is read, such as "wav", for files of others' making.
    """
    resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
    parts: list[bytes] = []
    with av.open(source, "r", form) as container:
        stream = container.streams.audio[0]
        for frame in [*container.decode(stream), None]:
            for out in resampler.resample(frame):
                parts.append(bytes(out.planes[0])[: 2 * out.samples])
    return b"".join(parts)
