"""A USB camera that stalls, answers nothing, or gives torn pictures; FFmpeg's side is played."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

import hw
from hw import CameraSettings, DeviceError, DeviceInfo, camera_v4l2, stuck
from tests.hw.helpers import wait_for

STREAMOFF = 0x40045613


class Stream:
    """The input of FFmpeg: holds the device's file, and waits for pictures as VIDIOC_DQBUF does."""

    def __init__(self, path: Path, packets: list[Any]) -> None:
        self.file = os.open(path, os.O_RDWR)
        self.packets = packets
        self.ended, self.closed = threading.Event(), threading.Event()

    def demux(self, video: int) -> Iterator[Any]:
        """The packets, and then nothing until the stream is switched off."""
        yield from self.packets
        self.ended.wait()
        raise av.ArgumentError(22, "Invalid argument")

    def close(self) -> None:
        """Give the file back."""
        if not self.closed.is_set():
            self.closed.set()
            os.close(self.file)


class Bench:
    """A camera whose driver can be told to stall; `obeys`: it ends a read at STREAMOFF."""

    def __init__(self, path: Path) -> None:
        self.path, self.obeys = path, True
        self.packets: list[Any] = []
        self.streams: list[Stream] = []
        self.first = threading.Event()  # a picture, without which FFmpeg does not open
        self.first.set()
        path.touch()

    def open(self, path: str, **options: Any) -> Stream:
        """What av.open does: it looks at a first picture."""
        stream = Stream(Path(path), self.packets)
        self.streams.append(stream)
        if not self.first.is_set():
            stream.ended.wait()
            stream.close()
            raise av.ArgumentError(22, "Invalid argument")
        return stream

    def ioctl(self, file: int, request: int, argument: bytes) -> int:
        """The kernel's side of it."""
        assert (request, argument) == (STREAMOFF, b"\1\0\0\0")
        stream = next(stream for stream in self.streams if stream.file == file)
        if self.obeys:
            stream.ended.set()
        return 0

    def camera(self, on_fault: Any = print, on_frame: Any = print) -> camera_v4l2.V4l2Camera:
        """Open it."""
        return camera_v4l2.V4l2Camera(CameraSettings(), on_frame, on_fault)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A camera at video0; its threads are gone in the end."""
    found = Bench(tmp_path / "video0")
    info = [DeviceInfo(str(found.path), "A USB camera")]
    monkeypatch.setattr(camera_v4l2, "list_cameras", lambda: info)
    monkeypatch.setattr(camera_v4l2, "_SILENCE", 0.1)
    monkeypatch.setattr(camera_v4l2, "_NEXT", 0.05)
    monkeypatch.setattr(camera_v4l2, "_JOIN_TIMEOUT", 0.2)
    monkeypatch.setattr(av, "open", found.open)
    monkeypatch.setattr(fcntl, "ioctl", found.ioctl)
    yield found
    for stream in found.streams:
        stream.ended.set()
    wait_for(lambda: not [it for it in threading.enumerate() if it.name.startswith("hw-camera")])
    assert not hw.camera_hangs()


def test_a_stream_that_stalls_is_ended_and_its_device_given_back(bench: Bench) -> None:
    faults: list[str] = []
    camera = bench.camera(faults.append)
    wait_for(lambda: faults)
    assert "no picture for" in faults[0]
    camera.close()
    assert bench.streams[0].closed.is_set()
    assert not hw.camera_hangs()
    bench.camera().close()  # nobody has it any more
    assert faults == faults[:1]


def test_a_driver_that_does_not_answer_is_known_until_it_does(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.obeys = False
    camera = bench.camera()
    camera.close()
    assert "does not answer" in caplog.text
    assert hw.camera_hangs()
    camera.close()  # it can be repeated
    bench.streams[0].ended.set()
    wait_for(lambda: not hw.camera_hangs())


def test_a_camera_without_a_first_picture_does_not_open(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_v4l2, "_FIRST", 0.05)
    bench.first.clear()
    with pytest.raises(DeviceError, match="gives no picture"):
        bench.camera()
    assert [stream.closed.is_set() for stream in bench.streams] == [True]


def test_a_camera_that_this_program_holds_says_so(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.obeys = False
    bench.camera().close()

    def refuse(path: str, **options: Any) -> Stream:
        raise av.FFmpegError(16, "Device or resource busy")

    monkeypatch.setattr(av, "open", refuse)
    with pytest.raises(DeviceError, match=r"by this program itself: restart the station"):
        bench.camera()


def test_a_call_of_a_driver_that_does_not_come_back_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of any camera: the library of the Pi's can hang as well."""
    with stuck.expected_back():
        assert not hw.camera_hangs()
        monkeypatch.setattr(stuck, "_PATIENCE", -1)
        assert hw.camera_hangs()
    assert not hw.camera_hangs()


def test_torn_pictures_are_left_out(bench: Bench) -> None:
    """The first of many cameras are; the call goes on with the next whole one."""
    bench.packets = [_packet(b"torn"), _packet(None), _packet(b"torn")]
    frames: list[av.VideoFrame] = []
    faults: list[str] = []
    camera = bench.camera(faults.append, frames.append)
    wait_for(lambda: frames)
    camera.close()
    assert len(frames) == 1
    assert (frames[0].width, frames[0].height) == (640, 480)
    assert not [message for message in faults if "no picture" not in message]


def _packet(torn: bytes | None) -> av.Packet[Any]:
    """A picture in MJPEG; or what is left of one, which has a decoder of its own all the same."""
    encoder = av.CodecContext.create("mjpeg", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = 640, 480, "yuvj420p"
    encoder.framerate = Fraction(30)
    whole = encoder.encode(av.VideoFrame(640, 480, "yuvj420p"))[0]
    return _Packet(whole if torn is None else av.Packet(torn))  # type: ignore[return-value]  # the part that is used


class _Packet:
    """A packet of a stream, which brings its decoder along."""

    def __init__(self, packet: av.Packet[Any]) -> None:
        self._packet, self.size = packet, packet.size

    def decode(self) -> list[Any]:
        """As av.Packet.decode does."""
        return list(av.CodecContext.create("mjpeg", "r").decode(self._packet))
