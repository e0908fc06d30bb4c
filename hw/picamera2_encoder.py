"""The H.264 encoder of a Pi 3, 4 or Zero 2, by picamera2 (written against 0.3.38)."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import struct
from collections.abc import Callable
from typing import Any

from hw.settings import CameraSettings

_log = logging.getLogger(__name__)

KEY_FRAMES = 10  # seconds between key frames that nobody asked for
MIN_BITRATE = 100_000  # the encoder hangs below (raspberrypi/rpicam-apps#664)

# linux/videodev2.h and v4l2-controls.h: _IOWR('V', 28, struct v4l2_control)
_VIDIOC_S_CTRL = 0xC008561C
_V4L2_CID_MPEG_VIDEO_BITRATE = 0x009909CF


def make_encoder(settings: CameraSettings, on_error: Callable[[OSError], object]) -> Any:
    """An encoder to start; `on_error` comes from the camera's thread when the kernel refuses."""
    from picamera2.encoders import H264Encoder  # noqa: PLC0415 - a Pi only

    class Encoder(H264Encoder):  # type: ignore[misc]  # picamera2 has no types: its base is Any
        """Never keeps the camera's thread waiting, and never kills it."""

        def encode(self, stream: Any, request: Any) -> None:
            # The original waits for a free buffer with the camera's lock held. An encoder that
            # hangs would so hang the camera, and nobody could close either.
            if self.buf_available.empty():
                return
            try:
                super().encode(stream, request)
            except OSError as error:
                on_error(error)

    return Encoder(
        bitrate=max(settings.bitrate, MIN_BITRATE),
        repeat=True,
        iperiod=KEY_FRAMES * settings.fps,
        framerate=settings.fps,
        profile="constrained baseline",
    )


def give_back(encoder: Any) -> None:
    """Stop an encoder whose start has failed half-way: its thread would poll for ever."""
    # It stops what it has come to, and then misses the rest.
    with contextlib.suppress(AttributeError, RuntimeError, OSError):
        encoder.stop()
    if encoder.vd is not None:
        encoder.vd.close()


def set_bitrate(encoder: Any, bps: int, name: str) -> None:
    """Set the bitrate of a running encoder, at least MIN_BITRATE; refused, it is a warning."""
    device = encoder.vd
    if device is None or device.closed:
        return
    control = struct.pack("Ii", _V4L2_CID_MPEG_VIDEO_BITRATE, max(bps, MIN_BITRATE))
    try:
        fcntl.ioctl(device, _VIDIOC_S_CTRL, control)
    except OSError as error:
        _log.warning("%s keeps its bitrate: %s", name, error.strerror)
