"""The Pi's own camera by picamera2 (written against 0.3.38): hardware H.264, or raw on a Pi 5.

Pi 3, 4 and Zero 2 (VC4) have an H.264 encoder: `main` goes through it and comes out as packets, and
`lores` gives the pictures of the local view. The Pi 5 (PISP) has none, and picamera2's own stand-in
cannot make key frames on request: there `main` itself is handed out as raw pictures.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Any

from hw import libcamera_errors, picamera2_encoder, picamera2_library, stuck
from hw.base import DeviceError, DeviceInfo, OnFault, OnFrame, OnPacket
from hw.choose import choose
from hw.guard import Guard
from hw.picamera2_buffer import picture, readable
from hw.picamera2_device import close_device, open_device
from hw.picamera2_output import packet_output
from hw.picture import fit, stamp
from hw.settings import CameraSettings
from hw.watchdog import Watchdog

if TYPE_CHECKING:
    import av

_log = logging.getLogger(__name__)

_SILENCE = 3.0  # seconds without a picture: the cable, or the pipeline has stopped
_LORES_WIDTH = 320


def list_cameras() -> list[DeviceInfo]:
    """The cameras that libcamera sees; raises DeviceError without picamera2."""
    library = picamera2_library.load()
    with libcamera_errors.in_words("libcamera"):
        infos = library.Picamera2.global_camera_info()
    return [DeviceInfo(str(info["Id"]), str(info.get("Model", info["Id"]))) for info in infos]


class Picamera2Camera:
    """A CSI camera; `device` is its model or id, a part of one, or its number; "" the first."""

    def __init__(
        self,
        settings: CameraSettings,
        on_frame: OnFrame,
        on_packet: OnPacket,
        on_fault: OnFault,
    ) -> None:
        self._settings = settings
        self._on_frame = Guard("on_frame", on_frame)
        self._on_packet = Guard("on_packet", on_packet)
        self._on_fault = on_fault
        self._failed = threading.Event()
        self._mapped_array = picamera2_library.load().MappedArray
        self._encoder: Any = None
        self._watchdog: Watchdog | None = None
        self.encoded = picamera2_library.has_encoder()
        number, self.name = _choose(list_cameras(), settings.device)
        with libcamera_errors.in_words(self.name):
            self._camera = open_device(number)
        try:
            with libcamera_errors.in_words(self.name):
                self._start()
        except DeviceError:
            self.close()
            raise
        self._watchdog = Watchdog("hw-camera-watch", _SILENCE, self._silent)
        stream = "H.264" if self.encoded else "raw"
        _log.info("%s gives %s at %dx%d", self.name, stream, settings.width, settings.height)

    def force_key_frame(self) -> None:
        """Ask the encoder for a key frame; nothing to do on a raw camera."""
        if self._encoder is not None:
            self._encoder.force_key_frame()

    def set_bitrate(self, bps: int) -> None:
        """Set the bitrate of the running encoder, at least 100 kbit/s; ignored on a raw camera."""
        if self._encoder is not None:
            picamera2_encoder.set_bitrate(self._encoder, bps, self.name)

    def set_rate(self, fps: int) -> None:
        """Have the sensor give at most so many pictures a second; at once, without a new start."""
        camera = self._camera
        duration = 1_000_000 // max(1, min(fps, self._settings.fps))
        # Both are raised where the sensor does not know of rates, and while it is being closed.
        with contextlib.suppress(RuntimeError, AttributeError):
            camera.set_controls({"FrameDurationLimits": (duration, duration)})

    def close(self) -> None:
        """Stop, and give the camera and the encoder back; idempotent."""
        self._failed.set()
        if self._watchdog is not None:
            self._watchdog.close()
        camera, self._camera = self._camera, None
        if camera is not None:
            encoder, self._encoder = self._encoder, None
            with stuck.expected_back():
                close_device(camera, encoder)

    def _start(self) -> None:
        self._camera.configure(self._configuration())
        self._view = "lores" if self.encoded else "main"
        self._check(self._camera.camera_configuration()[self._view]["format"])
        # Its exception would end picamera2's event loop.
        self._camera.post_callback = Guard("camera", self._picture)
        if self.encoded:
            self._encoder = self._start_encoder()
        self._camera.start()

    def _configuration(self) -> Any:
        settings = self._settings
        size = (settings.width, settings.height)
        duration = 1_000_000 // settings.fps
        lores = {"format": "YUV420", "size": _lores_size(*size)} if self.encoded else None
        known = "FrameDurationLimits" in self._camera.camera_controls  # of every sensor on CSI
        return self._camera.create_video_configuration(
            main={"format": "YUV420", "size": size},
            lores=lores,
            raw={"size": _whole_view(self._camera.sensor_resolution, size)},
            controls={"FrameDurationLimits": (duration, duration)} if known else {},
            # Keeping the last picture for a later capture would hold one buffer for nothing.
            queue=False,
        )

    def _check(self, pixels: str) -> None:
        if not readable(pixels):
            message = f"{self.name} gives {pixels}, not YUV420: a USB camera has driver = 'v4l2'"
            raise DeviceError("camera", message)

    def _start_encoder(self) -> Any:
        encoder = picamera2_encoder.make_encoder(self._settings, self._refused)
        try:
            self._camera.start_encoder(encoder, packet_output(self._packet), name="main")
        except BaseException as error:
            picamera2_encoder.give_back(encoder)
            libcamera_errors.encoder_in_words(self.name, error)
            raise
        return encoder

    def _picture(self, request: Any) -> None:
        """In picamera2's thread, with its lock held: copy the picture out and hand it on."""
        if self._failed.is_set():
            return
        stream = request.config[self._view]
        with self._mapped_array(request, self._view, reshape=False, write=False) as mapped:
            frame = picture(mapped.array, stream)
        if not self.encoded:
            # libcamera may have changed the size that it was asked for.
            frame = fit(frame, self._settings.width, self._settings.height)
            self._feed()
        stamp(frame)
        self._on_frame(frame)

    def _packet(self, packet: av.Packet[Any]) -> None:
        """In the encoder's thread."""
        if not self._failed.is_set():
            self._feed()
            self._on_packet(packet)

    def _feed(self) -> None:
        # By what the calls live of: an encoder can fall silent while pictures go on.
        if self._watchdog is not None:
            self._watchdog.feed()

    def _silent(self) -> None:
        what = "nothing of its encoder" if self.encoded else "no picture"
        self._fail(f"{what} for {_SILENCE:.0f} s: see its cable; it is opened again")

    def _refused(self, error: OSError) -> None:
        self._fail(f"its encoder refuses a picture ({error.strerror}); it is opened again")

    def _fail(self, message: str) -> None:
        if not self._failed.is_set():
            self._failed.set()
            self._on_fault(f"{self.name}: {message}")


def _choose(cameras: list[DeviceInfo], device: str) -> tuple[int, str]:
    """Number and name of the camera meant; raises DeviceError that names those there are."""
    if not cameras:
        raise DeviceError("camera", libcamera_errors.why_none())
    if not device:
        return 0, cameras[0].name
    if device.isdecimal() and int(device) < len(cameras):
        return int(device), cameras[int(device)].name
    found = choose("camera", device, cameras, lambda camera: (camera.id, camera.name))
    return cameras.index(found), found.name


def _lores_size(width: int, height: int) -> tuple[int, int]:
    """The size of the local view: at most 320 pixels wide, even, of the same shape."""
    if width <= _LORES_WIDTH:
        return width, height
    return _LORES_WIDTH, round(height * _LORES_WIDTH / width / 2) * 2


def _whole_view(sensor: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """The sensor mode to ask for: binned 2x2, which sees all of the scene, where it suffices.

    Asked for the picture's own size, libcamera may take a mode that crops to a fraction.
    """
    half = (sensor[0] // 4 * 2, sensor[1] // 4 * 2)
    return half if size[0] <= half[0] and size[1] <= half[1] else size
