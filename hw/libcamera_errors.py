"""What picamera2 and libcamera raise, in words that name the remedy."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from hw.base import DeviceError
from hw.holders import busy


@contextlib.contextmanager
def in_words(camera: str) -> Iterator[None]:
    """Turn what opening a camera raises into a DeviceError.

    picamera2 hides the cause behind "Camera __init__ sequence did not complete", so the whole chain
    of causes is read.
    """
    try:
        yield
    except (RuntimeError, OSError, IndexError, ValueError) as error:
        if isinstance(error, DeviceError):
            raise
        raise DeviceError("camera", f"cannot start {camera}: {explain(error)}") from error


def explain(error: BaseException) -> str:
    """Cause and remedy of a failed start."""
    text = "; ".join(_chain(error))
    lower = text.lower()
    if "busy" in lower or "in use" in lower or "failed to acquire" in lower:
        who = busy("/dev/media", "/dev/video")
        return f"it is {who}: stop that, or wait a moment after a crash ({text})"
    if "not found" in lower or "out of range" in lower or "no cameras" in lower:
        return f"it is gone: see that its cable is seated at both ends ({text})"
    if "/dev/video11" in text:
        return f"no hardware encoder: is this a Pi 3, 4 or Zero 2, in the group video? ({text})"
    if "permission" in lower:
        return f"no permission: usermod -aG video USER ({text})"
    if "configur" in lower:
        return f"it refuses this size or rate: choose a smaller quality ({text})"
    return f"{text}; see `rpicam-hello --list-cameras` and the cable"


def _chain(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        yield str(error) or type(error).__name__
        error = error.__cause__ or error.__context__
