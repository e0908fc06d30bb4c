"""Errors of a camera's start in words.

Most were caused for real in a guest (tests/vm/picamera2/inside/inside_errors.py), and are here as
they were raised; "by its source" are those that need a Pi.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hw import DeviceError, libcamera_errors, locks
from hw.libcamera_errors import encoder_in_words, explain, in_words, why_none

# What is raised, innermost first, and what must be said of it.
RAISED: dict[str, tuple[list[Exception], str]] = {
    "busy": (
        [
            RuntimeError("Failed to acquire camera: Device or resource busy"),
            RuntimeError("Camera __init__ sequence did not complete."),
        ],
        r"it is in use by .*: stop that",
    ),
    "gone since it was listed (by its source)": (
        [
            RuntimeError(
                'No camera number 0 found - use "rpicam-hello --list-cameras" to check connected'
                " cameras"
            )
        ],
        "it is gone: see that its cable",
    ),
    "no cameras (by its source)": (
        [
            RuntimeError(
                "Camera(s) not found (Do not forget to disable legacy camera with raspi-config)."
            ),
            RuntimeError("Failed to initialize camera"),
        ],
        "it is gone: see that its cable",
    ),
    "the memory's device is missing": (
        [RuntimeError("Could not open any dmaHeap device")],
        "dtoverlay=vc4-kms-v3d in config.txt",
    ),
    "the memory's device is shut": (
        [PermissionError(13, "Permission denied", "/dev/dma_heap/linux,cma")],
        "no permission for /dev/dma_heap: usermod -aG video",
    ),
    "no memory is left (by its source)": (
        [OSError(12, "Cannot allocate memory")],
        "cma-256",
    ),
    "no encoder": (
        [FileNotFoundError(2, "No such file or directory", "/dev/video11")],
        "no hardware encoder: is this a Pi 3",
    ),
    "the encoder is shut (by its source)": (
        [PermissionError(13, "Permission denied", "/dev/video11")],
        "no permission for the encoder /dev/video11: usermod -aG video",
    ),
    "tuning (by its source)": (
        [RuntimeError("Tuning file not found")],
        "libcamera-ipa",
    ),
    "timeout (by its source)": (
        [TimeoutError()],
        "it does not answer: see that its cable",
    ),
    "a camera without limits, as on USB": (
        [KeyError("FrameDurationLimits")],
        "driver = 'v4l2'",
    ),
    "a camera of one stream, as on USB": (
        [AttributeError("'NoneType' object has no attribute 'orientation'")],
        "driver = 'v4l2'",
    ),
    "an odd size (by its source)": (
        [RuntimeError("width and height should be even")],
        "refuses this size or rate: choose another quality",
    ),
    "a configuration (by its source)": (
        [RuntimeError("Invalid camera configuration: {'main': {'size': (9999, 2)}}")],
        "refuses this size or rate: choose another quality",
    ),
    "what nobody has foreseen": ([RuntimeError("it rains")], "it rains; see `rpicam-hello"),
}


@pytest.mark.parametrize("what", RAISED)
def test_each_error_has_its_remedy_and_its_own_text(what: str) -> None:
    chain, words = RAISED[what]
    with pytest.raises(DeviceError, match=words) as error, in_words("imx708"):
        raise linked(chain)
    message = str(error.value)
    assert message.startswith("cannot start imx708: ")
    for link in chain:
        assert (str(link) or type(link).__name__) in message


def linked(chain: list[Exception]) -> Exception:
    """The last, raised from the one before, and so on."""
    for cause, error in itertools.pairwise(chain):
        error.__cause__ = cause
    return chain[-1]


def test_our_own_words_stay() -> None:
    with pytest.raises(DeviceError, match=r"^as it was$"), in_words("imx708"):
        raise DeviceError("camera", "as it was")


def test_a_bug_is_no_device_error() -> None:
    with pytest.raises(AssertionError), in_words("imx708"):
        raise AssertionError("a bug")


def test_an_encoder_that_is_there_and_refuses() -> None:
    encoder_in_words("imx708", FileNotFoundError(2, "No such file", "/dev/video11"))
    encoder_in_words("imx708", RuntimeError("Profile not recognised"))
    with pytest.raises(DeviceError, match=r"refuses to start for imx708 \(Invalid argument\)"):
        encoder_in_words("imx708", OSError(22, "Invalid argument"))


def test_none_found_without_a_device_is_the_cable(tmp_path: Path) -> None:
    assert "no camera found: see that its cable is seated at both ends" in why_none(tmp_path)


def test_none_found_though_the_kernel_has_one(tmp_path: Path) -> None:
    (tmp_path / "media0").touch()
    (tmp_path / "v4l-subdev0").touch()
    assert "apt install libcamera-ipa" in why_none(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything; the guest tries it")
def test_none_found_for_want_of_permission(tmp_path: Path) -> None:
    (tmp_path / "media0").touch(mode=0)
    assert "usermod -aG video" in why_none(tmp_path)


HOLDER = """
import fcntl, sys
with open(sys.argv[1], "rb+") as file:
    fcntl.lockf(file, fcntl.LOCK_EX)
    print("locked", flush=True)
    input()
"""


def test_who_has_locked_it_is_named_also_among_others(tmp_path: Path) -> None:
    media = tmp_path / "media3"
    media.touch()
    command = [sys.executable, "-c", HOLDER, str(media)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        [name] = locks.lockers(tmp_path, "media*")
        assert name.endswith(f"({holder.pid})")
        assert f"no camera is left: it is in use by {name}" in why_none(tmp_path)
        assert locks.lockers(tmp_path, "video*") == []
        holder.communicate("\n")
    assert locks.lockers(tmp_path, "media*") == []


def test_an_own_lock_is_named_as_such(tmp_path: Path) -> None:
    media = tmp_path / "media0"
    media.touch()
    with media.open("rb+") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        assert locks.lockers(tmp_path, "media*") == [f"this program itself ({os.getpid()})"]


def test_no_list_of_locks_is_nobody(tmp_path: Path) -> None:
    assert locks.lockers(tmp_path, "*", tmp_path / "none") == []


def test_the_first_match_of_the_table_counts() -> None:
    # Each pattern is reached: none stands behind a wider one.
    reached = {explain(linked(chain)).partition(" (")[0] for chain, _ in RAISED.values()}
    remedies = {remedy.partition(" (")[0] for _, remedy in libcamera_errors.TABLE}
    missed = {each for each in remedies if "{busy}" not in each} - reached
    assert missed == {"no permission: usermod -aG video USER, then start the program again"}
