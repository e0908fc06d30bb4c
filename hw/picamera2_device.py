"""Opening and closing a Picamera2, leaving nothing behind (written against 0.3.38).

A constructor of picamera2 that fails keeps what it has: a pipe, the lock on the camera, its place
in the manager of all cameras. A station tries again for ever, so all of that is given back here.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any

from hw import picamera2_library


def open_device(number: int) -> Any:
    """The Picamera2 of that number; raises whatever picamera2 and libcamera raise."""
    cls = picamera2_library.load().Picamera2
    camera = cls.__new__(cls)
    try:
        camera.__init__(number)
    except BaseException:
        _abandon(camera)
        raise
    return camera


def close_device(camera: Any, encoder: Any = None) -> None:
    """Stop and close all of it, in order, whatever fails; raises RuntimeError or OSError after.

    The event loop ends first. `stop()` would have that loop's thread do the work, and wait for ever
    when an encoder's exception has killed it.
    """
    with contextlib.ExitStack() as last_to_first:
        last_to_first.callback(_dissolve, camera)
        last_to_first.callback(camera.close)
        if encoder is not None and encoder.running:
            last_to_first.callback(camera.stop_encoder, encoder)
        last_to_first.callback(camera.stop)
        last_to_first.callback(_end_loop, camera)
        camera.post_callback = None


def _end_loop(camera: Any) -> None:
    with contextlib.suppress(RuntimeError):  # there is none: it was not started
        camera.stop_preview()


def _dissolve(camera: Any) -> None:
    # It and its parts hold each other, and what they hold is scarce: a file of the memory's device,
    # and buffers. A collection of all garbage would do too, but stops every thread meanwhile.
    vars(camera).clear()
    camera._preview, camera.is_open = None, False  # noqa: SLF001 - all that its __del__ asks for


def _abandon(camera: Any) -> None:
    # close() gets as far as the constructor got, and then misses what is not there.
    with contextlib.suppress(AttributeError, KeyError, RuntimeError, OSError):
        camera.close()
    pipe = getattr(camera, "notifymeread", None)
    if pipe is not None and not pipe.closed:
        pipe.close()
        os.close(camera.notifyme_w)
    _dissolve(camera)
