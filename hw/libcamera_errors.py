"""What picamera2 and libcamera raise, in words that name the remedy.

They raise no classes of their own: most is a RuntimeError, and what their code does not expect (no
camera of a Pi, say) is whatever Python makes of it. So the text of the whole chain is read.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

from hw.base import DeviceError
from hw.holders import busy
from hw.locks import lockers

_GROUP = "usermod -aG video USER, then start the program again"

# The first that matches counts: (what is raised, cause and remedy).
TABLE = (
    (r"busy|in use|failed to acquire", "it is {busy}: stop that, or wait a moment after a crash"),
    (r"permission denied.*dma_heap", "no permission for /dev/dma_heap: " + _GROUP),
    (
        r"could not open any dmaheap",
        "the kernel has no memory for cameras (/dev/dma_heap/linux,cma): start Raspberry Pi's own"
        " kernel, with dtoverlay=vc4-kms-v3d in config.txt",
    ),
    (
        r"cannot allocate memory|failed to allocate",
        "no memory is left for its pictures: choose a smaller quality, or write"
        " dtoverlay=vc4-kms-v3d,cma-256 into config.txt",
    ),
    (r"permission denied.*/dev/video11", "no permission for the encoder /dev/video11: " + _GROUP),
    (
        r"/dev/video11",
        "no hardware encoder: is this a Pi 3, 4 or Zero 2 with Raspberry Pi's own kernel?",
    ),
    (
        r"tuning",
        "its tuning file is missing: apt install --reinstall libcamera-ipa, and see"
        " camera_auto_detect or the dtoverlay in config.txt",
    ),
    (
        r"not found|out of range|no cameras?\b|no such device",
        "it is gone: see that its cable is seated at both ends",
    ),
    (r"permission denied|not permitted", "no permission: " + _GROUP),
    (r"timed? ?out|timeout", "it does not answer: see that its cable is seated at both ends"),
    (
        r"not advertised|framedurationlimits|nonetype|unrecognised format|display stream",
        "it is no camera of a Pi's connector: for a USB camera set driver = 'v4l2'",
    ),
    (
        r"configur|should be even|bad format|dimensions",
        "it refuses this size or rate: choose another quality",
    ),
)
_ELSE = "see `rpicam-hello --list-cameras` and the cable"

# What can be raised by a library that expects a Pi and finds something else.
_RAISED = (RuntimeError, OSError, ValueError, LookupError, AttributeError, TypeError)


@contextlib.contextmanager
def in_words(camera: str) -> Iterator[None]:
    """Turn what opening a camera raises into a DeviceError."""
    try:
        yield
    except DeviceError:
        raise
    except _RAISED as error:
        raise DeviceError("camera", f"cannot start {camera}: {explain(error)}") from error


def explain(error: BaseException) -> str:
    """Cause and remedy of a failed start, and in brackets what was raised."""
    text = "; ".join(dict.fromkeys(_chain(error)))
    for pattern, remedy in TABLE:
        if re.search(pattern, text, re.IGNORECASE):
            words = remedy.format(busy=_busy()) if "{busy}" in remedy else remedy
            return f"{words} ({text})"
    return f"{text}; {_ELSE}"


def encoder_in_words(camera: str, error: BaseException) -> None:
    """Raise a DeviceError if the kernel's encoder was there and has refused to start."""
    if isinstance(error, OSError) and error.filename is None:
        raise DeviceError(
            "camera",
            f"the hardware encoder refuses to start for {camera} ({error.strerror}): stop other"
            " programs that encode video, or choose a smaller quality",
        ) from error


def why_none(dev: Path = Path("/dev")) -> str:
    """Why libcamera, which says nothing itself, lists no camera."""
    for file in sorted(dev.glob("media*")):
        try:
            # Not access(2), which knows nothing of a unit's DeviceAllow=.
            os.close(os.open(file, os.O_RDWR | os.O_CLOEXEC))
        except PermissionError as error:
            allow = "char-media, char-video4linux and char-dma_heap in its unit's DeviceAllow="
            remedy = allow if error.errno == errno.EPERM else _GROUP
            return f"no camera found, for want of permission for {file}: {remedy}"
        except OSError:
            continue
    if found := lockers(dev, "media*"):
        return f"no camera is left: it is in use by {', '.join(found)}: stop that"
    if any(dev.glob("v4l-subdev*")):
        return (
            "the kernel has found a camera, and libcamera does not take it: apt install"
            " libcamera-ipa (its tuning files); `rpicam-hello --list-cameras` says more"
        )
    return (
        "no camera found: see that its cable is seated at both ends, contacts to the right side,"
        " with the power off; then `rpicam-hello --list-cameras` must show it"
    )


def _busy() -> str:
    # libcamera locks the media device; another user's files cannot be seen, but locks can.
    if found := lockers(Path("/dev"), "media*"):
        return "in use by " + ", ".join(found)
    return busy("/dev/media", "/dev/video")


def _chain(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        yield str(error) or type(error).__name__
        error = error.__cause__ or error.__context__
