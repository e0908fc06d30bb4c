"""Standby of the screens by the kernel's mode setting, on the device file that SDL has open.

Only who has the display may switch it, and within this process that is SDL's own file: it is found
in /proc/self/fd. A screen that is off must not be painted: a flip would fail. The structures and
numbers are those of linux/drm.h and drm_mode.h; DPMS is the connector's property of that name.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import logging
import struct
from collections.abc import Iterator
from pathlib import Path

_log = logging.getLogger(__name__)

_ON, _OFF = 0, 3  # DRM_MODE_DPMS_ON, DRM_MODE_DPMS_OFF

_RESOURCES = struct.Struct("4Q 8I")
_CONNECTOR = struct.Struct("4Q 12I")
_PROPERTY = struct.Struct("2Q 2I 32s 2I")
_SET = struct.Struct("Q 2I")
_MODE_SIZE = 68  # struct drm_mode_modeinfo


def set_dpms(on: bool) -> int:
    """Switch every screen of the display that this process has open; returns how many obeyed."""
    switched = 0
    for fd in _cards():
        for connector, prop in _switches(fd):
            try:
                _call(fd, 0xAB, _SET, _ON if on else _OFF, prop, connector)
            except OSError as error:  # another program has the display
                _log.debug("connector %d stays as it is: %s", connector, error.strerror)
            else:
                switched += 1
    return switched


def _cards(folder: Path = Path("/proc/self/fd")) -> Iterator[int]:
    """The open device files that can set modes, one a display controller."""
    seen = set()
    for link in sorted(folder.iterdir()):
        with contextlib.suppress(OSError):  # closed meanwhile
            target = str(link.readlink())
            if target.startswith("/dev/dri/card") and target not in seen:
                seen.add(target)
                yield int(link.name)


def _switches(fd: int) -> Iterator[tuple[int, int]]:
    """(connector, its DPMS property) of all connectors."""
    try:
        connectors = _connectors(fd)
    except OSError as error:
        _log.debug("no connectors: %s", error.strerror)
        return
    for connector in connectors:
        with contextlib.suppress(OSError):  # unplugged just now
            for prop in _properties(fd, connector):
                if _name(fd, prop) == b"DPMS":
                    yield connector, prop


def _connectors(fd: int) -> list[int]:
    none = (0,) * 4
    count = _call(fd, 0xA0, _RESOURCES, *none, *none, *none)[6]
    ids = array.array("I", [0] * count)
    pointers = (0, 0, _address(ids), 0)
    found = _call(fd, 0xA0, _RESOURCES, *pointers, 0, 0, count, 0, *none)[6]
    return ids.tolist()[: min(count, found)]


def _properties(fd: int, connector: int) -> list[int]:
    # Room for a mode, or the kernel would ask the screen for its modes, which takes its time.
    mode = array.array("B", [0] * _MODE_SIZE)
    rest = (connector, *(0,) * 7)
    modes = (0, _address(mode), 0, 0)
    count = _call(fd, 0xA7, _CONNECTOR, *modes, 1, 0, 0, 0, *rest)[5]
    ids, values = array.array("I", [0] * count), array.array("Q", [0] * count)
    pointers = (0, _address(mode), _address(ids), _address(values))
    _call(fd, 0xA7, _CONNECTOR, *pointers, 1, count, 0, 0, *rest)
    return ids.tolist()


def _name(fd: int, prop: int) -> bytes:
    told = _call(fd, 0xAA, _PROPERTY, 0, 0, prop, 0, b"", 0, 0)
    return bytes(told[4]).rstrip(b"\0")


def _address(values: array.array[int]) -> int:
    return values.buffer_info()[0]


def _call(fd: int, number: int, layout: struct.Struct, *values: int | bytes) -> tuple[int, ...]:
    """One ioctl of DRM, _IOWR('d', number, layout); returns the structure as it comes back."""
    buffer = bytearray(layout.pack(*values))
    fcntl.ioctl(fd, 3 << 30 | layout.size << 16 | ord("d") << 8 | number, buffer)
    return layout.unpack(buffer)
