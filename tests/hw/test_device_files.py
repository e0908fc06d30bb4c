"""Device files: who holds them, which are cameras, and what a failed start means."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest

from hw import DeviceError, libcamera_errors, v4l2
from hw.holders import busy, holders

_HOLD = "import sys; file = open(sys.argv[1]); print('open', flush=True); sys.stdin.read()"


def test_the_process_that_holds_a_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "video0"
    path.touch()
    assert holders(str(path)) == []
    assert busy(str(path)) == "in use by another program"
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        found = holders(str(tmp_path / "video"))
        assert holder.stdin is not None
        holder.stdin.close()
    assert len(found) == 1
    assert found[0].endswith(f"({holder.pid})")
    assert found[0].startswith("python")


def test_this_process_is_not_among_the_holders(tmp_path: Path) -> None:
    path = tmp_path / "own"
    with path.open("w"):
        assert holders(str(path)) == []


def capability(card: bytes, whole: int, node: int) -> bytes:
    """A struct v4l2_capability as the kernel fills it."""
    head = struct.pack("16s32s32sI", b"uvcvideo", card, b"usb-1", 0x060C00)
    return head + struct.pack("II12x", whole, node)


CAPTURE, OUTPUT, META, DEVICE_CAPS = 0x1, 0x2, 0x00800000, 0x80000000


@pytest.mark.parametrize(
    ("whole", "node", "name"),
    [
        (CAPTURE | META | DEVICE_CAPS, CAPTURE, "USB Camera"),
        (CAPTURE | META | DEVICE_CAPS, META, None),
        (OUTPUT, 0, None),
        (CAPTURE, 0, "USB Camera"),
    ],
)
def test_only_nodes_that_capture_are_cameras(whole: int, node: int, name: str | None) -> None:
    answer = capability(b"USB Camera\0garbage", whole, node)
    assert len(answer) == 104
    assert v4l2.parse_capability(answer) == name


def test_files_that_are_no_devices_are_left_out(tmp_path: Path) -> None:
    for name in ("video0", "video10", "video-codec", "videos"):
        (tmp_path / name).touch()
    assert v4l2.capture_devices(tmp_path) == []


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (RuntimeError("Failed to acquire camera: Device or resource busy"), "in use by"),
        (RuntimeError("Camera(s) not found (Do not forget ...)"), "cable"),
        (IndexError("list index out of range"), "cable"),
        (FileNotFoundError(2, "No such file or directory", "/dev/video11"), "hardware encoder"),
        (PermissionError(13, "Permission denied", "/dev/media0"), "usermod -aG video"),
        (RuntimeError("Configuration failed: {'main': 1}"), "another quality"),
        (RuntimeError("something new"), "something new.*rpicam-hello"),
    ],
)
def test_a_hidden_cause_is_found_and_explained(cause: Exception, words: str) -> None:
    with pytest.raises(DeviceError, match=words) as caught, libcamera_errors.in_words("imx219"):
        raise RuntimeError("Camera __init__ sequence did not complete.") from cause
    assert caught.value.kind == "camera"
    assert "imx219" in str(caught.value)


def test_what_is_in_words_already_stays_as_it_is() -> None:
    with pytest.raises(DeviceError, match=r"^said$"), libcamera_errors.in_words("imx219"):
        raise DeviceError("camera", "said")


def test_holders_survives_processes_that_end(tmp_path: Path) -> None:
    (tmp_path / "12").mkdir()
    (tmp_path / "13" / "fd").mkdir(parents=True)
    (tmp_path / "13" / "fd" / "3").symlink_to("/dev/video0")
    (tmp_path / "13" / "comm").write_text("motion\n")
    assert holders("/dev/video", proc=tmp_path) == ["motion (13)"]
