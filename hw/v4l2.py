"""Which /dev/video* are cameras, and ending a read that no picture ends; linux/videodev2.h.

FFmpeg waits in VIDIOC_DQBUF for the next picture. VIDIOC_STREAMOFF on the same file ends that wait;
who else has the device open is refused it. That file is found in /proc/self/fd.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
from dataclasses import dataclass
from pathlib import Path

_CAPABILITY = struct.Struct("16s32s32sIII12x")  # struct v4l2_capability
_VIDIOC_QUERYCAP = 0x80685600  # _IOR('V', 0, struct v4l2_capability)
_VIDIOC_STREAMOFF = 0x40045613  # _IOW('V', 19, int)
_VIDEO_CAPTURE = struct.pack("i", 1)  # V4L2_BUF_TYPE_VIDEO_CAPTURE
_CAP_VIDEO_CAPTURE = 0x00000001
_CAP_DEVICE_CAPS = 0x80000000


@dataclass(frozen=True, slots=True)
class Device:
    """A capture device and what its driver calls it."""

    path: Path
    card: str


def capture_devices(folder: Path = Path("/dev")) -> list[Device]:
    """The devices that capture video, by number; those that cannot be opened are left out."""
    paths = (path for path in folder.glob("video*") if path.name[5:].isdecimal())
    found = []
    for path in sorted(paths, key=lambda path: int(path.name[5:])):
        card = _card(path)
        if card is not None:
            found.append(Device(path, card))
    return found


def end_stream(path: str, folder: Path = Path("/proc/self/fd")) -> None:
    """Have the driver give no more pictures to this process; a read of one fails at once."""
    device = os.path.realpath(path)
    for link in folder.iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile, or not the one that streams
            if str(link.readlink()) == device:
                fcntl.ioctl(int(link.name), _VIDIOC_STREAMOFF, _VIDEO_CAPTURE)


def _card(path: Path) -> str | None:
    """The name of a capture device; None when it is an encoder, a metadata node, or not ours."""
    answer = bytearray(_CAPABILITY.size)
    try:
        handle = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        try:
            fcntl.ioctl(handle, _VIDIOC_QUERYCAP, answer)
        finally:
            os.close(handle)
    except OSError:
        return None
    return parse_capability(bytes(answer))


def parse_capability(answer: bytes) -> str | None:
    """The card's name out of a struct v4l2_capability when that node captures, else None."""
    _driver, card, _bus, _version, whole, node = _CAPABILITY.unpack(answer)
    capabilities = node if whole & _CAP_DEVICE_CAPS else whole
    if not capabilities & _CAP_VIDEO_CAPTURE:
        return None
    return str(card.split(b"\0", 1)[0].decode("utf-8", "replace"))
