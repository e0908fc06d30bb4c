"""Reads back what a screen shows, from the kernel's framebuffer: linux/uapi/drm/drm_mode.h."""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

CARD = "/dev/dri/card0"

Struct = TypeVar("Struct", bound=ctypes.Structure)


_KINDS = ("fbs", "crtcs", "connectors", "encoders")


class _Resources(ctypes.Structure):
    _fields_ = [
        *((f"{kind}_ptr", ctypes.c_uint64) for kind in _KINDS),
        *((f"count_{kind}", ctypes.c_uint32) for kind in _KINDS),
        *((name, ctypes.c_uint32) for name in ("min_w", "max_w", "min_h", "max_h")),
    ]


class _Crtc(ctypes.Structure):
    _fields_ = [
        ("set_connectors_ptr", ctypes.c_uint64),
        *((name, ctypes.c_uint32) for name in ("count_connectors", "crtc_id", "fb_id")),
        *((name, ctypes.c_uint32) for name in ("x", "y", "gamma_size", "mode_valid")),
        ("mode", ctypes.c_uint8 * 68),
    ]


class _Framebuffer(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_uint32) for name in ("fb_id", "width", "height", "format", "flags")),
        *((name, ctypes.c_uint32 * 4) for name in ("handles", "pitches", "offsets")),
        ("modifier", ctypes.c_uint64 * 4),
    ]


class _Map(ctypes.Structure):
    _fields_ = [("handle", ctypes.c_uint32), ("pad", ctypes.c_uint32), ("offset", ctypes.c_uint64)]


def _ask(card: int, number: int, about: Struct) -> Struct:
    """DRM_IOWR of this number."""
    fcntl.ioctl(card, 0xC0006400 | ctypes.sizeof(about) << 16 | number, about)
    return about


def _crtc(card: int) -> _Crtc:
    """The first display controller."""
    counted = _ask(card, 0xA0, _Resources())
    ids = (ctypes.c_uint32 * counted.count_crtcs)()
    _ask(card, 0xA0, _Resources(crtcs_ptr=ctypes.addressof(ids), count_crtcs=len(ids)))
    return _ask(card, 0xA1, _Crtc(crtc_id=ids[0]))


def shown() -> NDArray[np.uint8]:
    """What is on the screen now: rows of pixels of red, green and blue. For root.

    Raises RuntimeError while nothing is shown.
    """
    card = os.open(CARD, os.O_RDWR | os.O_CLOEXEC)
    try:
        crtc = _crtc(card)
        if not crtc.fb_id:
            raise RuntimeError("the screen shows nothing")
        frame = _ask(card, 0xCE, _Framebuffer(fb_id=crtc.fb_id))  # DRM_IOCTL_MODE_GETFB2
        where = _ask(card, 0xB3, _Map(handle=frame.handles[0]))  # DRM_IOCTL_MODE_MAP_DUMB
        size = frame.pitches[0] * frame.height
        with mmap.mmap(card, size, mmap.MAP_SHARED, mmap.PROT_READ, offset=where.offset) as pixels:
            rows = np.frombuffer(pixels[:size], np.uint8).reshape(frame.height, frame.pitches[0])
    finally:
        os.close(card)
    return rows[:, : 4 * frame.width].reshape(frame.height, frame.width, 4)[:, :, 2::-1]
