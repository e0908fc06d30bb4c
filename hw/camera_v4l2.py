"""A USB camera by V4L2, through PyAV: /dev/videoN, decoded to yuv420p."""

from __future__ import annotations

import logging
import threading

import av
from av.container import InputContainer

from hw import stuck, v4l2
from hw.base import DeviceError, DeviceInfo, OnFault, OnFrame
from hw.choose import choose
from hw.guard import Guard
from hw.holders import busy, is_held_here
from hw.picture import fit, stamp
from hw.raw_camera import RawCamera
from hw.settings import CameraSettings
from hw.watchdog import Watchdog

_log = logging.getLogger(__name__)

_FORMATS = ("mjpeg", "yuyv422")  # a USB 2 camera has its high rates in MJPEG only
_SILENCE = 3.0
_FIRST = 10.0  # seconds to the first picture, which opening waits for
_NEXT = 0.5  # seconds that closing waits for a picture
_JOIN_TIMEOUT = 2.0


def list_cameras() -> list[DeviceInfo]:
    """The video devices that capture."""
    return [DeviceInfo(str(device.path), device.card) for device in v4l2.capture_devices()]


class V4l2Camera(RawCamera):
    """A raw camera; `device` is /dev/videoN, its number, or a part of its name; "" is the first."""

    def __init__(self, settings: CameraSettings, on_frame: OnFrame, on_fault: OnFault) -> None:
        super().__init__(settings.fps)
        self._settings = settings
        self._on_frame = Guard("on_frame", on_frame)
        self._on_fault = on_fault
        self._stop = threading.Event()
        path, self.name = _choose(list_cameras(), settings.device)
        self._path = path
        self._container = _open(path, settings)
        self._watchdog = Watchdog("hw-camera-watch", _SILENCE, self._silent)
        self._thread = threading.Thread(target=self._run, name="hw-camera", daemon=True)
        self._thread.start()
        _log.info("%s (%s) at %dx%d", self.name, path, settings.width, settings.height)

    def close(self) -> None:
        """Stop after the picture that is awaited, if it comes, and close the device; idempotent."""
        self._watchdog.close()
        self._stop.set()
        if threading.current_thread() is self._thread:
            return
        with stuck.expected_back():
            self._thread.join(_NEXT)
            if self._thread.is_alive():
                v4l2.end_stream(self._path)
                self._thread.join(_JOIN_TIMEOUT)
        if self._thread.is_alive():
            # It closes the device if its read returns; else only the end of this process does.
            _log.warning("%s does not answer; it is left to its own thread", self.name)
            stuck.leave(self._thread)

    def _run(self) -> None:
        try:
            for packet in self._container.demux(video=0):
                if self._stop.is_set():
                    return
                # What is left out is not decoded: both formats code each picture for itself.
                if packet.size and self._thin.take():
                    self._decode(packet)
        except av.FFmpegError as error:
            self._fail(f"{self.name} failed: {error.strerror}; is it plugged in?")
        else:
            self._fail(f"{self.name} gives no more pictures; is it plugged in?")
        finally:
            self._container.close()

    def _decode(self, packet: av.Packet[av.VideoStream]) -> None:
        try:
            frames = packet.decode()
        except av.InvalidDataError as error:
            # A camera's first pictures may be torn, and those of a busy bus.
            _log.debug("%s: a torn picture: %s", self.name, error.strerror)
            return
        for frame in frames:
            self._watchdog.feed()
            self._deliver(frame)

    def _deliver(self, frame: av.VideoFrame) -> None:
        picture = fit(frame, self._settings.width, self._settings.height)
        stamp(picture)
        self._on_frame(picture)

    def _silent(self) -> None:
        self._fail(f"{self.name}: no picture for {_SILENCE:.0f} s: plug it in again")

    def _fail(self, message: str) -> None:
        if not self._stop.is_set():
            self._stop.set()
            self._on_fault(message)


def _open(path: str, settings: CameraSettings) -> InputContainer:
    """Open it and see its first picture; raises DeviceError, also when that does not come."""
    late = threading.Event()

    def give_up() -> None:
        late.set()
        v4l2.end_stream(path)

    watchdog = Watchdog("hw-camera-open", _FIRST, give_up)
    try:
        container = _try_formats(path, settings, late)
    finally:
        watchdog.close()
    if late.is_set():
        container.close()
        raise _no_picture(path)
    return container


def _try_formats(path: str, settings: CameraSettings, late: threading.Event) -> InputContainer:
    options = {
        "video_size": f"{settings.width}x{settings.height}",
        "framerate": str(settings.fps),
    }
    failure: av.FFmpegError | None = None
    for pixels in _FORMATS:
        try:
            return av.open(
                path, format="v4l2", container_options={**options, "input_format": pixels}
            )
        except (av.FileNotFoundError, av.PermissionError) as error:
            raise DeviceError("camera", _in_words(path, error)) from error
        except av.FFmpegError as error:
            if late.is_set():
                raise _no_picture(path) from error
            failure = error
    assert failure is not None
    raise DeviceError("camera", _in_words(path, failure)) from failure


def _no_picture(path: str) -> DeviceError:
    words = f"the camera {path} gives no picture within {_FIRST:.0f} s: plug it in again"
    return DeviceError("camera", words)


def _in_words(path: str, error: av.FFmpegError) -> str:
    if isinstance(error, av.FileNotFoundError):
        return f"no camera at {path}: plug it in, or choose another device"
    if isinstance(error, av.PermissionError):
        return f"no permission for {path}: usermod -aG video USER"
    if "busy" in str(error.strerror).lower():
        remedy = "restart the station" if is_held_here(path) else "stop that program"
        return f"the camera {path} is {busy(path)}: {remedy}"
    return f"cannot open the camera {path}: {error.strerror}; choose another size, rate or device"


def _choose(cameras: list[DeviceInfo], device: str) -> tuple[str, str]:
    """Path and name of the camera meant; raises DeviceError that names those there are."""
    path = f"/dev/video{device}" if device.isdecimal() else device
    names = {camera.id: camera.name for camera in cameras}
    if path.startswith("/"):
        return path, names.get(path, path)
    if not cameras:
        raise DeviceError("camera", "no camera found: plug a USB camera in (ls /dev/video*)")
    found = choose("camera", device, cameras, lambda camera: (camera.name,))
    return found.id, found.name
