"""What vimc lacks of a Pi, put in from outside: each is a stand-in, and named in the reports.

The driver is not touched; the library only where a function here says so.
"""

from __future__ import annotations

import queue
from types import SimpleNamespace
from typing import Any

import av
import libcamera
import numpy as np
import picamera2
import picamera2.encoders
import picamera2.platform
import pytest
import videodev2
from av.video.frame import PictureType
from picamera2.encoders.v4l2_encoder import V4L2Encoder

PADDED = 64  # bytes: the ISP of a Pi 5 aligns its rows to them


def as_pi5(patch: pytest.MonkeyPatch) -> None:
    """The platform, which picamera2 reads from the names of the video devices."""
    platform = picamera2.platform.Platform.PISP
    patch.setattr(picamera2.platform, "_platform", platform)
    patch.setattr(picamera2.Picamera2, "platform", platform)


def with_two_streams(patch: pytest.MonkeyPatch) -> None:
    """A `lores` that is `main` once more, and limits of the frame's duration: vimc has neither."""
    configure = picamera2.Picamera2.configure_

    def both(self: Any, wanted: dict[str, Any]) -> None:
        configure(self, {**wanted, "lores": None})
        self.camera_config["lores"] = self.camera_config["main"]
        self.stream_map["lores"] = self.stream_map["main"]
        limits = SimpleNamespace(min=33_333, max=1_000_000, default=33_333)
        self.camera_ctrl_info["FrameDurationLimits"] = (
            libcamera.controls.FrameDurationLimits,
            limits,
        )

    patch.setattr(picamera2.Picamera2, "configure_", both)


def with_yuv420(patch: pytest.MonkeyPatch) -> None:
    """The picture as the ISP of a Pi 5 writes it: YUV420 in padded rows, in the camera's buffer.

    vimc gives RGB only: each buffer is rewritten in picamera2's `pre_callback`, and the
    configuration says what is in it then. The padding is white, and must not be seen.
    """
    configure = picamera2.Picamera2.configure_

    def padded(self: Any, wanted: dict[str, Any]) -> None:
        configure(self, wanted)
        main = self.camera_config["main"]
        stride = -(-main["size"][0] // PADDED) * PADDED
        self.pre_callback = lambda request: _rewrite(request, main, stride)
        self.camera_config["main"] = {**main, "format": "YUV420", "stride": stride}

    patch.setattr(picamera2.Picamera2, "configure_", padded)


def _rewrite(request: Any, real: dict[str, Any], stride: int) -> None:
    width, height = real["size"]
    with picamera2.MappedArray(request, "main", reshape=False) as mapped:
        rows = mapped.array[: real["stride"] * height].reshape(height, real["stride"])
        rgb = np.ascontiguousarray(rows[:, : width * 3]).reshape(height, width, 3)
        yuv = av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format="yuv420p").to_ndarray()
        luma = np.full((height, stride), 255, np.uint8)
        luma[:, :width] = yuv[:height]
        chroma = np.full((height, stride // 2), 255, np.uint8)
        chroma[:, : width // 2] = yuv[height:].reshape(height, width // 2)
        plain = np.concatenate([luma.reshape(-1), chroma.reshape(-1)])
        mapped.array[: len(plain)] = plain


class Libx264(picamera2.encoders.LibavH264Encoder):  # type: ignore[misc]  # it has no types
    """picamera2's own encoder in software, where the driver expects the hardware's."""

    vd = None  # there is no device to set a bitrate on

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.buf_available: queue.Queue[int] = queue.Queue()
        self.buf_available.put(0)


class Libx264Keys(Libx264):
    """The same, with key frames on request: picamera2 0.3.38 asks PyAV for them by a letter."""

    _stream: Any

    def force_key_frame(self) -> None:
        """The next picture is one."""
        self._stream.wanted = True

    def _start(self) -> None:
        super()._start()
        self._stream = _Keyed(self._stream)


class _Keyed:
    """A stream of PyAV's that makes a picture a key frame when it is wanted."""

    def __init__(self, stream: Any) -> None:
        self.wanted = False
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def encode(self, frame: Any = None) -> Any:
        """The stream's packets."""
        if frame is not None and self.wanted:
            self.wanted = False
            frame.pict_type = PictureType.I
        return self._stream.encode(frame)


class Fwht(V4L2Encoder):  # type: ignore[misc]  # it has no types
    """picamera2's own class for the Pi's encoder, on vicodec, which codes FWHT and not H.264."""

    def __init__(self, **arguments: Any) -> None:
        del arguments  # vicodec knows neither bitrate nor profile
        super().__init__(None, videodev2.V4L2_PIX_FMT_FWHT)

    def _send_streams(self, output: Any) -> None:
        pass  # an Output of ours wants to know nothing of it

    def force_key_frame(self) -> None:
        """As H264Encoder's; vicodec refuses the control."""
        self._key_frames_requested += 1


def with_encoder(patch: pytest.MonkeyPatch, encoder: type) -> None:
    """That class under the name by which the driver takes its encoder."""
    patch.setattr(picamera2.encoders, "H264Encoder", encoder)
