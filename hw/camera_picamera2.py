"""The Pi's own camera by picamera2 (written against 0.3.36): hardware H.264, or raw on a Pi 5.

Pi 3, 4 and Zero 2 (VC4) have an H.264 encoder: `main` goes through it and comes out as packets, and
`lores` gives the pictures of the local view. The Pi 5 (PISP) has none, and picamera2's own stand-in
cannot make key frames on request: there `main` itself is handed out as raw pictures.
"""

from __future__ import annotations

import fcntl
import logging
import struct
from types import ModuleType
from typing import TYPE_CHECKING, Any

from hw import libcamera_errors
from hw.base import DeviceError, DeviceInfo, OnFault, OnFrame, OnPacket
from hw.choose import choose
from hw.guard import Guard
from hw.picamera2_output import packet_output
from hw.picture import fit, from_buffer, stamp
from hw.settings import CameraSettings
from hw.watchdog import Watchdog

if TYPE_CHECKING:
    import av

_log = logging.getLogger(__name__)

_SILENCE = 3.0  # seconds without a picture: the cable, or the pipeline has stopped
_KEY_FRAMES = 10  # seconds between key frames that nobody asked for
_MIN_BITRATE = 100_000  # the encoder hangs below (raspberrypi/rpicam-apps#664)
_LORES_WIDTH = 320

# linux/videodev2.h and v4l2-controls.h: _IOWR('V', 28, struct v4l2_control)
_VIDIOC_S_CTRL = 0xC008561C
_V4L2_CID_MPEG_VIDEO_BITRATE = 0x009909CF


def list_cameras() -> list[DeviceInfo]:
    """The cameras that libcamera sees; raises DeviceError without picamera2."""
    infos = _picamera2().Picamera2.global_camera_info()
    return [DeviceInfo(str(info["Id"]), str(info["Model"])) for info in infos]


class Picamera2Camera:
    """A CSI camera; `device` is its model or id, a part of one, or its number; "" the first."""

    def __init__(
        self,
        settings: CameraSettings,
        on_frame: OnFrame,
        on_packet: OnPacket,
        on_fault: OnFault,
    ) -> None:
        module = _picamera2()
        self._settings = settings
        self._on_frame = Guard("on_frame", on_frame)
        self._on_packet = Guard("on_packet", on_packet)
        self._on_fault = on_fault
        self._mapped_array = module.MappedArray
        self._encoder: Any = None
        self._watchdog: Watchdog | None = None
        self.encoded = _has_encoder()
        number, self.name = _choose(list_cameras(), settings.device)
        with libcamera_errors.in_words(self.name):
            self._camera = module.Picamera2(number)
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
        device = None if self._encoder is None else self._encoder.vd
        if device is None or device.closed:
            return
        control = struct.pack("Ii", _V4L2_CID_MPEG_VIDEO_BITRATE, max(bps, _MIN_BITRATE))
        try:
            fcntl.ioctl(device, _VIDIOC_S_CTRL, control)
        except OSError as error:
            _log.warning("%s keeps its bitrate: %s", self.name, error.strerror)

    def close(self) -> None:
        """Stop, and give the camera and the encoder back; idempotent."""
        if self._watchdog is not None:
            self._watchdog.close()
        self._camera.post_callback = None
        self._camera.stop()
        if self._encoder is not None and self._encoder.running:
            self._camera.stop_encoder(self._encoder)
        self._camera.close()

    def _start(self) -> None:
        self._view = "lores" if self.encoded else "main"
        self._camera.configure(self._configuration())
        self._camera.post_callback = self._picture
        if self.encoded:
            encoder = self._make_encoder()
            self._camera.start_encoder(encoder, packet_output(self._packet), name="main")
            # Only now: an encoder whose start has failed cannot be stopped.
            self._encoder = encoder
        self._camera.start()

    def _configuration(self) -> Any:
        settings = self._settings
        size = (settings.width, settings.height)
        duration = 1_000_000 // settings.fps
        lores = {"format": "YUV420", "size": _lores_size(*size)} if self.encoded else None
        raw = {"size": _whole_view(self._camera.sensor_resolution, size)}
        return self._camera.create_video_configuration(
            main={"format": "YUV420", "size": size},
            lores=lores,
            raw=raw,
            controls={"FrameDurationLimits": (duration, duration)},
            # Keeping the last picture for a later capture would hold one buffer for nothing.
            queue=False,
        )

    def _make_encoder(self) -> Any:
        from picamera2.encoders import H264Encoder  # noqa: PLC0415 - a Pi only

        return H264Encoder(
            bitrate=max(self._settings.bitrate, _MIN_BITRATE),
            repeat=True,
            iperiod=_KEY_FRAMES * self._settings.fps,
            framerate=self._settings.fps,
            profile="constrained baseline",
        )

    def _picture(self, request: Any) -> None:
        """In picamera2's thread, with its lock held: copy the picture out and hand it on."""
        if self._watchdog is not None:
            self._watchdog.feed()
        config = request.config[self._view]
        with self._mapped_array(request, self._view, reshape=False) as mapped:
            frame = from_buffer(mapped.array, config["size"], config["stride"])
        if not self.encoded:
            # libcamera may have changed the size that it was asked for.
            frame = fit(frame, self._settings.width, self._settings.height)
        stamp(frame)
        self._on_frame(frame)

    def _packet(self, packet: av.Packet[Any]) -> None:
        if self._watchdog is not None:
            self._watchdog.feed()
        self._on_packet(packet)

    def _silent(self) -> None:
        self._on_fault(
            f"{self.name}: no picture for {_SILENCE:.0f} s: see its cable; it is opened again"
        )


def _picamera2() -> ModuleType:
    try:
        import picamera2  # noqa: PLC0415 - a Pi only
    except ImportError as error:
        raise DeviceError(
            "camera",
            f"no picamera2 library ({error}): apt install python3-picamera2, and make the"
            " virtual environment with --system-site-packages",
        ) from error
    module: ModuleType = picamera2
    return module


def _has_encoder() -> bool:
    from picamera2.platform import Platform, get_platform  # noqa: PLC0415 - a Pi only

    return bool(get_platform() == Platform.VC4)


def _choose(cameras: list[DeviceInfo], device: str) -> tuple[int, str]:
    """Number and name of the camera meant; raises DeviceError that names those there are."""
    if not cameras:
        raise DeviceError(
            "camera",
            "no camera found: see that its cable is seated at both ends, contacts to the right"
            " side, with the power off; then `rpicam-hello --list-cameras` must show it",
        )
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
    half = (sensor[0] // 2, sensor[1] // 2)
    return half if size[0] <= half[0] and size[1] <= half[1] else size
