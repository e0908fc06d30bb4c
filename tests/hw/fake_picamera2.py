"""A module tree with the parts of picamera2 0.3.38 that the driver uses, as its source has them.

It is not hardware and stands in for none: it checks that the driver calls the library by the
library's names and reads its buffers by the library's layout. Streams have the padded stride that
the Pi's ISP gives them; the encoder is libx264, so that what comes out is real H.264.
"""

from __future__ import annotations

import enum
import os
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import av
import numpy as np

ALIGN = 64


class Platform(enum.Enum):
    """picamera2.platform.Platform."""

    VC4 = 0
    PISP = 1


class Output:
    """picamera2.outputs.Output."""

    def __init__(self, pts: object = None) -> None:
        self.recording = False

    def start(self) -> None:
        self.recording = True

    def stop(self) -> None:
        self.recording = False

    def outputframe(
        self,
        frame: bytes,
        keyframe: bool = True,
        timestamp: int | None = None,
        packet: object = None,
        audio: bool = False,
    ) -> None:
        raise NotImplementedError


class H264Encoder:
    """picamera2.encoders.H264Encoder; `instances` remembers them for the tests."""

    instances: list[H264Encoder] = []  # noqa: RUF012 - shared on purpose
    refusal: OSError | None = None

    def __init__(  # noqa: PLR0917 - the original's
        self,
        bitrate: int | None = None,
        repeat: bool = True,
        iperiod: int | None = None,
        framerate: float | None = None,
        enable_sps_framerate: bool = False,
        qp: int | None = None,
        profile: str | None = None,
    ) -> None:
        self.arguments = {
            "bitrate": bitrate,
            "repeat": repeat,
            "iperiod": iperiod,
            "framerate": framerate,
            "profile": profile,
        }
        self.vd: Any = None
        self.running = False
        self.buf_available: queue.Queue[int] = queue.Queue()
        self.key_frames_requested = 0
        self.output: Output | None = None
        self.instances.append(self)

    def force_key_frame(self) -> None:
        self.key_frames_requested += 1

    def start(self, size: tuple[int, int]) -> None:
        self.running = True
        self.vd = open("/dev/null", "rb+", buffering=0)  # noqa: SIM115, PTH123 - as the original
        self._codec = av.CodecContext.create("libx264", "w")
        assert isinstance(self._codec, av.VideoCodecContext)
        self._codec.width, self._codec.height = size
        self._codec.pix_fmt = "yuv420p"
        self._codec.framerate = 30  # type: ignore[assignment]  # PyAV takes an int too
        self._codec.options = {"tune": "zerolatency", "preset": "ultrafast"}
        self._count = 0
        for index in range(16):
            self.buf_available.put(index)
        assert self.output is not None
        self.output.start()

    def stop(self) -> None:
        if not self.running:
            raise RuntimeError("Encoder already stopped")
        self.running = False
        self.vd.close()
        assert self.output is not None
        self.output.stop()

    def encode(self, stream: str, request: Request) -> None:
        if self.refusal is not None:
            raise self.refusal
        width, height = request.config[stream]["size"]
        grey = np.full((height * 3 // 2, width), 90, np.uint8)
        frame = av.VideoFrame.from_ndarray(grey, "yuv420p")
        frame.pts = self._count
        if self.key_frames_requested:
            self.key_frames_requested = 0
            frame.pict_type = av.video.frame.PictureType.I
        for packet in self._codec.encode(frame):
            assert self.output is not None
            stamp = self._count * 33_333
            self.output.outputframe(bytes(packet), packet.is_keyframe, stamp, None, False)
        self._count += 1


class MappedArray:
    """picamera2.MappedArray with reshape=False: the stream's buffer as it lies in memory."""

    def __init__(
        self, request: Request, stream: str, reshape: bool = True, write: bool = True
    ) -> None:
        assert not reshape
        self.array = request.buffers[stream]

    def __enter__(self) -> MappedArray:
        return self

    def __exit__(self, *error: object) -> None:
        del self.array


class Request:
    """picamera2.request.CompletedRequest."""

    def __init__(self, config: dict[str, Any], count: int) -> None:
        self.config = config
        self.buffers = {
            name: buffer(config[name]["size"], config[name]["stride"], count)
            for name in ("main", "lores")
            if config[name]
        }


def buffer(size: tuple[int, int], stride: int, count: int) -> np.ndarray[Any, Any]:
    """Y, U and V one after the other; the padding is 255, which no picture has."""
    width, height = size
    luma = np.full((height, stride), 255, np.uint8)
    luma[:, :width] = 50 + count % 50
    chroma = np.full((2, height // 2, stride // 2), 255, np.uint8)
    chroma[0, :, : width // 2] = 100
    chroma[1, :, : width // 2] = 150
    return np.concatenate([luma.reshape(-1), chroma.reshape(-1)])


@dataclass
class Trace:
    """What was done with one Picamera2; it outlives what the driver leaves of that."""

    number: int
    config: dict[str, Any] = field(default_factory=dict)
    controls: list[dict[str, Any]] = field(default_factory=list)
    closed: bool = False


class Picamera2:
    """picamera2.Picamera2; the class attributes are set by the tests."""

    infos: list[dict[str, Any]] = []  # noqa: RUF012 - shared on purpose
    open_error: Exception | None = None
    encoder_error: Exception | None = None
    adjusted = ""  # the format that libcamera gives instead of the one it is asked for
    traces: list[Trace] = []  # noqa: RUF012 - shared on purpose
    frozen = threading.Event()

    @staticmethod
    def global_camera_info() -> list[dict[str, Any]]:
        return Picamera2.infos

    def __init__(self, camera_num: int = 0) -> None:
        notifyme_r, self.notifyme_w = os.pipe2(os.O_NONBLOCK)
        self.notifymeread = os.fdopen(notifyme_r, "rb")
        self.is_open = False
        self._preview: threading.Thread | None = None
        self._trace = Trace(camera_num)
        self.traces.append(self._trace)
        if self.open_error is not None:
            raise RuntimeError("Camera __init__ sequence did not complete.") from self.open_error
        self.sensor_resolution = (3280, 2464)
        self.post_callback: Callable[[Request], None] | None = None
        self.is_open = True
        self._encoders: list[tuple[H264Encoder, str]] = []
        self._stopping = threading.Event()
        self.camera_controls = {"FrameDurationLimits": (100, 1_000_000, 33_333)}

    def create_video_configuration(
        self,
        main: dict[str, Any],
        lores: dict[str, Any] | None = None,
        raw: dict[str, Any] | None = None,
        controls: dict[str, Any] | None = None,
        queue: bool = True,
    ) -> dict[str, Any]:
        return {"main": main, "lores": lores, "raw": raw, "controls": controls, "queue": queue}

    def configure(self, camera_config: dict[str, Any]) -> None:
        for name in ("main", "lores"):
            stream = camera_config[name]
            if stream:
                stream["format"] = self.adjusted or stream["format"]
                stream["stride"] = -(-stream["size"][0] // ALIGN) * ALIGN
        self.config = self._trace.config = camera_config

    def set_controls(self, controls: dict[str, Any]) -> None:
        self._trace.controls.append(controls)

    def camera_configuration(self) -> dict[str, Any]:
        return self.config

    def start_encoder(self, encoder: H264Encoder, output: Output, name: str | None = None) -> None:
        assert isinstance(output, Output)
        if self.encoder_error is not None:
            encoder.running = True  # the original has set it before its device fails to open
            raise self.encoder_error
        encoder.output = output
        encoder.start(self.config[name or "main"]["size"])
        self._encoders.append((encoder, name or "main"))

    def stop_encoder(self, encoders: H264Encoder) -> None:
        encoders.stop()
        self._encoders = [pair for pair in self._encoders if pair[0] is not encoders]

    def start(self) -> None:
        self._preview = threading.Thread(target=self._run, daemon=True)
        self._preview.start()

    def stop_preview(self) -> None:
        if self._preview is None:
            raise RuntimeError("No preview specified.")
        self._stopping.set()
        self._preview.join()
        self._preview = None

    def stop(self) -> None:
        # The original has its event loop do it, and waits for ever where that has died.
        assert self._preview is None, "stopped while its event loop runs"

    def close(self) -> None:
        if self.is_open:
            self.is_open, self._trace.closed = False, True
            self.notifymeread.close()
            os.close(self.notifyme_w)

    def _run(self) -> None:
        count = 0
        while not self._stopping.wait(0.02):
            if self.frozen.is_set():
                continue
            request = Request(self.config, count)
            if self.post_callback is not None:
                self.post_callback(request)
            for encoder, name in self._encoders:
                encoder.encode(name, request)
            count += 1


def tree(platform: Platform) -> dict[str, ModuleType]:
    """The modules by name, on a Pi of that platform."""
    names: dict[str, dict[str, Any]] = {
        "picamera2": {"Picamera2": Picamera2, "MappedArray": MappedArray},
        "picamera2.platform": {"Platform": Platform, "get_platform": lambda: platform},
        "picamera2.encoders": {"H264Encoder": H264Encoder},
        "picamera2.outputs": {"Output": Output},
    }
    modules = {}
    for name, contents in names.items():
        modules[name] = ModuleType(name)
        vars(modules[name]).update(contents)
    return modules
