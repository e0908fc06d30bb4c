"""The kernel's test camera: its picture, and unplugging it."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DRIVER = Path("/sys/bus/platform/drivers/vivid")
DEVICE = "vivid.0"

_QUERY, _SET, _MENU = 0xC0445624, 0xC008561C, 0xC02C5625
_NEXT, _IS_MENU = 0x80000000, 3


def _controls(camera: int) -> Iterator[tuple[int, int, str]]:
    """Id, type and name of each."""
    number = 0
    while True:
        about = bytearray(struct.pack("I64x", number | _NEXT))
        try:
            fcntl.ioctl(camera, _QUERY, about)  # VIDIOC_QUERYCTRL
        except OSError:
            return
        number, kind, name = struct.unpack_from("II32s", about)
        yield number, kind, name.split(b"\0")[0].decode()


def node() -> Path:
    """The first camera's node; its number is another one if it came back while the old was held."""
    return min(Path("/dev").glob("video*"), key=lambda path: int(path.name[5:]))


@contextmanager
def _opened() -> Iterator[int]:
    camera = os.open(node(), os.O_RDWR)
    try:
        yield camera
    finally:
        os.close(camera)


def choose_item(control: str, item: str) -> None:
    """Set a control to the item of its menu that is called so."""
    with _opened() as camera:
        number = next(number for number, _, name in _controls(camera) if name == control)
        for index in range(100):
            about = bytearray(struct.pack("II32sI", number, index, b"", 0))
            fcntl.ioctl(camera, _MENU, about)  # VIDIOC_QUERYMENU
            if struct.unpack_from("II32s", about)[2].split(b"\0")[0].decode() == item:
                fcntl.ioctl(camera, _SET, struct.pack("Ii", number, index))
                return


def drop(percent: int) -> None:
    """Have it lose so many of its pictures; of 100 it streams, and none comes."""
    with _opened() as camera:
        name = "Percentage of Dropped Buffers"
        number = next(number for number, _, known in _controls(camera) if known == name)
        fcntl.ioctl(camera, _SET, struct.pack("Ii", number, percent))


def unplug() -> None:
    """Take the camera away, in use or not."""
    (DRIVER / "unbind").write_text(DEVICE)


def plug() -> None:
    """Have it there again."""
    (DRIVER / "bind").write_text(DEVICE)
