"""The picamera2 driver against a tree of the library's names (fake_picamera2): NOT hardware.

What this holds: the calls, the platform's choice, the layout of padded buffers, packets out of
access units, errors in words. What it cannot: that a Pi's camera and encoder work. The library
itself is run by tests/vm/test_picamera2.py.
"""

from __future__ import annotations

import fcntl
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

import hw
from hw import CameraSettings, DeviceError
from hw.picture import planes
from tests.hw import fake_picamera2
from tests.hw.fake_picamera2 import H264Encoder, Picamera2, Platform
from tests.hw.helpers import wait_for

SETTINGS = CameraSettings(width=400, height=304, fps=25, bitrate=600_000)
INFOS = [
    {"Model": "imx219", "Id": "/base/soc/i2c0mux/i2c@1/imx219@10", "Num": 0},
    {"Model": "ov5647", "Id": "/base/soc/i2c0mux/i2c@0/ov5647@36", "Num": 1},
]


class Seen:
    """What a camera has called back."""

    def __init__(self) -> None:
        self.frames: list[av.VideoFrame] = []
        self.packets: list[av.Packet[av.VideoStream]] = []
        self.faults: list[str] = []

    def open(self, settings: CameraSettings = SETTINGS) -> hw.Camera:
        """Open the camera with these callbacks."""
        return hw.open_camera(
            "picamera2", settings, self.frames.append, self.packets.append, self.faults.append
        )


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    """Fresh lists, and a fake tree as of a Pi 4."""
    install(monkeypatch, Platform.VC4)
    monkeypatch.setattr(Picamera2, "infos", INFOS)
    Picamera2.frozen.clear()
    Picamera2.traces.clear()
    H264Encoder.instances.clear()
    yield Seen()
    Picamera2.frozen.clear()


def install(monkeypatch: pytest.MonkeyPatch, platform: Platform) -> None:
    """Put the tree where imports find it."""
    for name, module in fake_picamera2.tree(platform).items():
        monkeypatch.setitem(sys.modules, name, module)


def test_pi4_gives_packets_of_h264_and_small_pictures(seen: Seen) -> None:
    camera = seen.open()
    wait_for(lambda: len(seen.packets) >= 5 and len(seen.frames) >= 5)
    camera.close()
    assert camera.encoded
    assert camera.name == "imx219"
    assert seen.packets[0].is_keyframe
    assert not seen.packets[1].is_keyframe
    assert [packet.pts for packet in seen.packets[:3]] == [0, 33_333, 66_666]
    assert float(seen.packets[0].time_base) == 1e-6
    assert bytes(seen.packets[0]).startswith(b"\0\0")
    assert (seen.frames[0].width, seen.frames[0].height) == (320, 244)
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    pictures = [frame for packet in seen.packets for frame in decoder.decode(packet)]
    assert (pictures[0].width, pictures[0].height) == (400, 304)


def test_pi4_starts_the_encoder_as_a_browser_wants_it(seen: Seen) -> None:
    seen.open().close()
    assert H264Encoder.instances[0].arguments == {
        "bitrate": 600_000,
        "repeat": True,
        "iperiod": 250,
        "framerate": 25,
        "profile": "constrained baseline",
    }
    config = Picamera2.traces[0].config
    assert config["main"]["format"] == "YUV420"
    assert config["lores"]["format"] == "YUV420"
    assert config["raw"] == {"size": (1640, 1232)}
    assert config["controls"] == {"FrameDurationLimits": (40_000, 40_000)}


def test_pi5_gives_raw_pictures_and_has_no_encoder(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, Platform.PISP)
    camera = seen.open()
    wait_for(lambda: len(seen.frames) >= 3)
    camera.force_key_frame()
    camera.set_bitrate(1)
    camera.close()
    assert not camera.encoded
    assert seen.packets == []
    assert H264Encoder.instances == []
    assert Picamera2.traces[0].config["lores"] is None
    assert (seen.frames[0].width, seen.frames[0].height) == (400, 304)


def test_padding_of_the_rows_is_left_out(seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Platform.PISP)
    camera = seen.open()
    wait_for(lambda: seen.frames)
    camera.close()
    luma, u, v = planes(seen.frames[0])
    assert Picamera2.traces[0].config["main"]["stride"] == 448
    assert np.all(luma == 50)
    assert np.all(u == 100)
    assert np.all(v == 150)


def test_key_frame_on_request(seen: Seen) -> None:
    camera = seen.open()
    wait_for(lambda: len(seen.packets) >= 3)
    camera.force_key_frame()
    wait_for(lambda: sum(packet.is_keyframe for packet in seen.packets) >= 2)
    camera.close()


def test_bitrate_goes_to_the_encoder_while_it_runs(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[int, tuple[int, int]]] = []

    def ioctl(device: object, request: int, control: bytes) -> int:
        calls.append((request, struct.unpack("Ii", control)))
        return 0

    camera = seen.open()
    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    camera.set_bitrate(700_000)
    camera.set_bitrate(5_000)
    camera.close()
    camera.set_bitrate(900_000)
    bitrate = 0x00990900 + 207  # V4L2_CID_CODEC_BASE + 207
    set_control = 3 << 30 | 8 << 16 | ord("V") << 8 | 28  # _IOWR('V', 28, 8 bytes)
    # Not below 100 kbit/s, where the encoder hangs, and not after close().
    assert calls == [(set_control, (bitrate, 700_000)), (set_control, (bitrate, 100_000))]


def test_a_bitrate_that_the_encoder_refuses_is_a_warning(
    seen: Seen, caplog: pytest.LogCaptureFixture
) -> None:
    camera = seen.open()
    camera.set_bitrate(700_000)  # /dev/null takes no such control
    camera.close()
    assert "keeps its bitrate" in caplog.text


def test_silence_is_a_fault_that_names_the_cable(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hw.camera_picamera2._SILENCE", 0.2)
    camera = seen.open()
    wait_for(lambda: seen.frames)
    Picamera2.frozen.set()
    wait_for(lambda: seen.faults)
    camera.close()
    assert len(seen.faults) == 1
    assert "cable" in seen.faults[0]


def test_close_stops_everything_and_can_be_repeated(seen: Seen) -> None:
    camera = seen.open()
    wait_for(lambda: seen.packets)
    camera.close()
    camera.close()
    assert Picamera2.traces[0].closed
    assert not H264Encoder.instances[0].running


@pytest.mark.parametrize(
    ("device", "number"), [("", 0), ("1", 1), ("ov5647", 1), ("OV56", 1), (INFOS[1]["Id"], 1)]
)
def test_camera_by_name_or_number(seen: Seen, device: str, number: int) -> None:
    seen.open(CameraSettings(device=device)).close()
    assert Picamera2.traces[0].number == number
    assert [info.name for info in hw.list_cameras("picamera2")] == ["imx219", "ov5647"]


def test_an_unknown_camera_is_refused_with_the_names_of_the_others(seen: Seen) -> None:
    with pytest.raises(DeviceError, match="'imx219', 'ov5647'"):
        seen.open(CameraSettings(device="imx708"))


def test_no_camera_names_the_cable(seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Picamera2, "infos", [])
    with pytest.raises(DeviceError, match="cable"):
        seen.open()


def test_a_busy_camera_names_the_remedy(seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    cause = RuntimeError("Failed to acquire camera: Device or resource busy")
    monkeypatch.setattr(Picamera2, "open_error", cause)
    with pytest.raises(DeviceError, match=r"in use by .* stop that"):
        seen.open()


def test_a_missing_encoder_is_refused_and_the_camera_given_back(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    cause = FileNotFoundError(2, "No such file or directory", "/dev/video11")
    monkeypatch.setattr(Picamera2, "encoder_error", cause)
    with pytest.raises(DeviceError, match="no hardware encoder"):
        seen.open()
    assert Picamera2.traces[0].closed


def test_an_encoder_that_refuses_to_start_is_told_and_stopped(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Picamera2, "encoder_error", OSError(12, "Cannot allocate memory"))
    with pytest.raises(DeviceError, match="refuses to start for imx219"):
        seen.open()
    assert not H264Encoder.instances[0].running
    assert Picamera2.traces[0].closed


def test_an_encoder_that_refuses_a_picture_is_one_fault(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = seen.open()
    wait_for(lambda: seen.packets)
    monkeypatch.setattr(H264Encoder, "refusal", OSError(22, "Invalid argument"))
    wait_for(lambda: seen.faults)
    count = len(seen.packets)
    camera.close()
    assert seen.faults == [
        "imx219: its encoder refuses a picture (Invalid argument); it is opened again"
    ]
    assert len(seen.packets) == count


def test_an_encoder_without_a_free_buffer_is_not_waited_for(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hw.camera_picamera2._SILENCE", 0.2)
    camera = seen.open()
    wait_for(lambda: seen.packets)
    free = H264Encoder.instances[0].buf_available
    while not free.empty():
        free.get()
    wait_for(lambda: seen.faults)
    count = len(seen.packets)
    camera.close()
    assert "nothing of its encoder" in seen.faults[0]
    assert len(seen.packets) == count


def test_a_constructor_that_fails_leaves_no_pipe(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Picamera2, "open_error", RuntimeError("Camera grab failed."))
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(DeviceError):
        seen.open()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_format_that_cannot_be_read_names_the_driver_for_usb(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Picamera2, "adjusted", "MJPEG")
    with pytest.raises(DeviceError, match=r"imx219 gives MJPEG, not YUV420: .* driver = 'v4l2'"):
        seen.open()
    assert Picamera2.traces[0].closed


def test_the_rate_follows_while_it_runs_and_not_above_its_own(seen: Seen) -> None:
    camera = seen.open()
    controls = Picamera2.traces[0].controls
    camera.set_rate(10)
    camera.set_rate(60)
    camera.set_rate(0)
    camera.close()
    camera.set_rate(5)
    limits = [control["FrameDurationLimits"] for control in controls]
    assert limits == [(100_000, 100_000), (40_000, 40_000), (1_000_000, 1_000_000)]
