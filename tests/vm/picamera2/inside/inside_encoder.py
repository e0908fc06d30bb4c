"""The path of an encoding camera: the driver as on a Pi 4, with vimc's camera and real encoders.

What is not there is the Pi's own encoder. Its two halves are: real H.264 by picamera2's encoder in
software, and picamera2's own class for the Pi's encoder on vicodec, a real device of the kernel
with the same interface (V4L2 memory-to-memory, DMA buffers of the camera) that codes FWHT.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest
import videodev2

from hw import DeviceError, camera_picamera2, picamera2_output
from tests.vm.picamera2 import shims
from tests.vm.picamera2.inside.rig import (
    HOST,
    SETTINGS,
    Seen,
    held,
    held_after_twenty_times,
    note,
    wait_for,
)

ENCODER = Path("/dev/video11")
SLOW = replace(SETTINGS, fps=1)  # a key frame comes with every tenth picture
LARGE = replace(SETTINGS, width=640, height=480)  # vicodec has nothing smaller than 640x360


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    shims.with_two_streams(monkeypatch)
    seen = Seen()
    yield seen
    seen.close()


@pytest.fixture
def libx264(monkeypatch: pytest.MonkeyPatch) -> None:
    shims.with_encoder(monkeypatch, shims.Libx264)


@pytest.fixture
def vicodec(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    shims.with_encoder(monkeypatch, shims.Fwht)
    ENCODER.symlink_to(device("stateful-encoder"))
    yield
    ENCODER.unlink()


def device(name: str) -> Path:
    """The video device that the kernel gives that name."""
    names = {
        path.parent.name: path.read_text() for path in Path("/sys/class").glob("video4*/*/name")
    }
    [found] = [Path("/dev", node) for node, its in names.items() if name in its]
    return found


class Calls:
    """Every call of `outputframe`, by a wrapper around the driver's own output."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.calls: list[dict[str, Any]] = []
        make = picamera2_output.packet_output

        def recorded(on_packet: Any) -> Any:
            output = make(on_packet)
            deliver = output.outputframe

            def outputframe(
                frame: bytes, keyframe: bool, timestamp: int, packet: object, audio: bool
            ) -> None:
                self.calls.append(
                    {
                        "frame": b64encode(frame).decode(),
                        "keyframe": keyframe,
                        "timestamp": timestamp,
                        "packet": type(packet).__name__,
                        "audio": audio,
                        "thread": threading.current_thread().name,
                    }
                )
                deliver(frame, keyframe, timestamp, packet, audio)

            output.outputframe = outputframe
            return output

        patch.setattr(camera_picamera2, "packet_output", recorded)

    def keep(self, name: str) -> None:
        """For the host, a line a call."""
        lines = [json.dumps(call) for call in self.calls]
        (HOST / f"{name}.jsonl").write_text("\n".join(lines) + "\n")


@pytest.mark.usefixtures("libx264")
def test_packets_are_whole_access_units_that_decode(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = Calls(monkeypatch)
    camera = seen.open(SLOW)
    wait_for(lambda: len(seen.packets) >= 12)
    with mirrored():
        wait_for(lambda: len(seen.packets) >= 24)
        camera.close()  # before it is turned back, or the last packet may show that
    assert camera.encoded
    assert len(calls.calls) - 1 <= len(seen.packets) <= len(calls.calls)  # one came in closing
    calls.keep("libx264")
    stamps = [packet.pts or 0 for packet in seen.packets]
    assert stamps[0] == 0
    assert sorted(set(stamps)) == stamps
    keys = [index for index, packet in enumerate(seen.packets) if packet.is_keyframe]
    assert keys[:3] == [0, 10, 20]
    for index in keys:
        assert {7, 8, 5} <= set(kinds(bytes(seen.packets[index])))
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    pictures = [frame for packet in seen.packets for frame in decoder.decode(packet)]
    assert len(pictures) >= len(seen.packets) - 1
    assert {(frame.width, frame.height) for frame in pictures} == {(320, 240)}
    assert len(seen.frames) >= 20  # the local view goes on beside it
    note(f"libx264: {len(stamps)} packets, {stamps[-1] / 1e6:.1f} s, key frames at {keys}")


@contextlib.contextmanager
def mirrored() -> Iterator[None]:
    """The sensor turns its picture, so that something changes in it."""
    names = Path("/sys/class/video4linux").glob("v4l-subdev*/name")
    [sensor] = [path.parent.name for path in names if path.read_text().strip() == "Sensor B"]
    control = videodev2.v4l2_control()
    control.id, control.value = videodev2.V4L2_CID_HFLIP, 1
    with Path("/dev", sensor).open("rb+", buffering=0) as subdev:
        fcntl.ioctl(subdev, videodev2.VIDIOC_S_CTRL, control)
        yield
        control.value = 0
        fcntl.ioctl(subdev, videodev2.VIDIOC_S_CTRL, control)


def kinds(unit: bytes) -> list[int]:
    """The types of an access unit's NAL units."""
    starts = [i + 3 for i in range(len(unit) - 3) if unit[i : i + 3] == b"\0\0\1"]
    return [unit[start] & 31 for start in starts]


def test_a_key_frame_comes_on_request(seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    shims.with_encoder(monkeypatch, shims.Libx264Keys)
    camera = seen.open()
    wait_for(lambda: len(seen.packets) >= 4)
    camera.force_key_frame()
    wait_for(lambda: sum(packet.is_keyframe for packet in seen.packets) == 2)
    camera.close()
    [_, asked] = [packet for packet in seen.packets if packet.is_keyframe]
    assert {7, 8, 5} <= set(kinds(bytes(asked)))
    assert seen.faults == []


@pytest.mark.usefixtures("libx264")
def test_an_encoder_that_kills_picamera2s_loop_is_a_fault_and_closes(seen: Seen) -> None:
    camera = seen.open()
    wait_for(lambda: seen.packets)
    camera.force_key_frame()  # picamera2 0.3.38 gives PyAV the wrong type, in the camera's thread
    wait_for(lambda: seen.faults)
    assert seen.faults == [
        "Sensor B: nothing of its encoder for 3 s: see its cable; it is opened again"
    ]
    camera.close()
    count = len(seen.packets)
    camera = seen.open()
    wait_for(lambda: len(seen.packets) > count)
    camera.close()


@pytest.mark.usefixtures("vicodec")
def test_the_kernels_encoder_in_its_own_thread(seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(monkeypatch)
    camera = seen.open(LARGE)
    wait_for(lambda: len(seen.packets) >= 12)
    camera.close()
    stamps = [packet.pts or 0 for packet in seen.packets]
    assert stamps[0] == 0
    assert sorted(set(stamps)) == stamps
    assert {call["packet"] for call in calls.calls} == {"NoneType"}
    assert all("thread_poll" in call["thread"] for call in calls.calls)
    assert len(seen.frames) >= 10
    assert seen.faults == []
    keys = [index for index, packet in enumerate(seen.packets) if packet.is_keyframe]
    note(f"vicodec: {len(stamps)} packets in {calls.calls[0]['thread']}, key frames {keys}")


@pytest.mark.usefixtures("vicodec")
def test_an_encoder_that_hangs_is_a_fault_and_closes_while_pictures_go_on(seen: Seen) -> None:
    camera = seen.open(LARGE)
    wait_for(lambda: seen.packets)
    stop_encoding(camera)
    count, begun = len(seen.frames), time.monotonic()
    wait_for(lambda: seen.faults)
    assert len(seen.frames) > count + 3
    note(f"a hung encoder was noticed after {time.monotonic() - begun:.1f} s")
    begun = time.monotonic()
    camera.close()
    note(f"and closed in {time.monotonic() - begun:.1f} s")
    assert "nothing of its encoder for 3 s" in seen.faults[0]
    count = len(seen.packets)
    camera = seen.open(LARGE)
    wait_for(lambda: len(seen.packets) > count)
    camera.close()
    assert len(seen.faults) == 1


def stop_encoding(camera: Any) -> None:
    """The kernel's encoder takes pictures and gives nothing: STREAMOFF behind its owner's back."""
    kind = videodev2.v4l2_buf_type(videodev2.V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE)
    device = camera._encoder.vd  # noqa: SLF001 - the device is to be broken, not the driver
    fcntl.ioctl(device, videodev2.VIDIOC_STREAMOFF, kind)


@pytest.mark.usefixtures("vicodec")
def test_an_encoder_that_refuses_a_picture_is_a_fault_at_once(seen: Seen) -> None:
    camera = seen.open(LARGE)
    wait_for(lambda: seen.packets)
    camera.force_key_frame()  # vicodec has no such control
    wait_for(lambda: seen.faults)
    camera.close()
    assert seen.faults == [
        "Sensor B: its encoder refuses a picture (Invalid argument); it is opened again"
    ]


@pytest.mark.usefixtures("vicodec")
def test_a_bitrate_that_the_kernel_refuses_is_a_warning(
    seen: Seen, caplog: pytest.LogCaptureFixture
) -> None:
    camera = seen.open(LARGE)
    camera.set_bitrate(700_000)  # nor this one
    camera.close()
    camera.set_bitrate(700_000)
    assert caplog.text.count("Sensor B keeps its bitrate: Invalid argument") == 1


@pytest.mark.usefixtures("vicodec")
def test_twenty_times_with_the_encoder_leaves_nothing_behind(seen: Seen) -> None:
    files, threads = held_after_twenty_times(seen, LARGE, seen.more_packets)
    note(f"20 times with an encoder: {files} files, {threads} threads before and after")


def test_without_an_encoder_the_start_says_so_and_leaves_nothing_behind(seen: Seen) -> None:
    assert not ENCODER.exists()
    refused(seen, "no hardware encoder: is this a Pi 3, 4 or Zero 2")


def test_another_device_in_the_encoders_place(seen: Seen) -> None:
    ENCODER.symlink_to(device("RGB/YUV Capture"))
    try:
        refused(seen, "encoder refuses to start for Sensor B")
    finally:
        ENCODER.unlink()


def refused(seen: Seen, words: str) -> None:
    """The start fails, says so, and can be tried for ever."""
    with pytest.raises(DeviceError, match=words) as error:
        seen.open(LARGE)
    note(f"said: {error.value}")
    before = held()
    for _ in range(3):
        with pytest.raises(DeviceError, match=words):
            seen.open(LARGE)
    assert held() == before
