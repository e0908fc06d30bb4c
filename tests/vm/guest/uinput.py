"""A touch screen and a keyboard by the kernel's uinput: linux/uapi/linux/uinput.h."""

from __future__ import annotations

import fcntl
import os
import struct
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

EV_SYN, EV_KEY, EV_ABS = 0, 1, 3
BTN_TOUCH = 0x14A
ABS_X, ABS_Y, SLOT, POSITION_X, POSITION_Y, TRACKING_ID = 0x00, 0x01, 0x2F, 0x35, 0x36, 0x39
DIRECT = 1  # INPUT_PROP_DIRECT: a touch screen, and no pad

RANGE = 4095

_SET_EVENT, _SET_KEY, _SET_AXIS, _SET_PROPERTY = 0x40045564, 0x40045565, 0x40045567, 0x4004556E
_SETUP, _AXIS_SETUP, _CREATE, _DESTROY = 0x405C5503, 0x401C5504, 0x5501, 0x5502


class Input:
    """One input device of these keys and axes (code to largest value)."""

    def __init__(
        self, name: str, keys: Sequence[int], axes: Mapping[int, int], direct: bool = False
    ) -> None:
        self._file = os.open("/dev/uinput", os.O_WRONLY | os.O_NONBLOCK)
        for kind in (EV_KEY, *([EV_ABS] if axes else [])):
            fcntl.ioctl(self._file, _SET_EVENT, kind)
        for key in keys:
            fcntl.ioctl(self._file, _SET_KEY, key)
        for axis, largest in axes.items():
            fcntl.ioctl(self._file, _SET_AXIS, axis)
            about = struct.pack("HxxiiiiII", axis, 0, 0, largest, 0, 0, 0)
            fcntl.ioctl(self._file, _AXIS_SETUP, about[:28])
        if direct:
            fcntl.ioctl(self._file, _SET_PROPERTY, DIRECT)
        bus = struct.pack("HHHH80sI", 3, 0x1209, len(keys), 1, name.encode(), 0)
        fcntl.ioctl(self._file, _SETUP, bus)
        fcntl.ioctl(self._file, _CREATE)

    def send(self, *events: tuple[int, int, int]) -> None:
        """Send (type, code, value) as one report."""
        for kind, code, value in (*events, (EV_SYN, 0, 0)):
            os.write(self._file, struct.pack("llHHi", 0, 0, kind, code, value))

    def close(self) -> None:
        """Unplug it."""
        fcntl.ioctl(self._file, _DESTROY)
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class TouchScreen(Input):
    """One finger on a screen, in the protocol with slots."""

    def __init__(self) -> None:
        axes = dict.fromkeys((ABS_X, ABS_Y, POSITION_X, POSITION_Y), RANGE)
        super().__init__("Touch", [BTN_TOUCH], axes | {SLOT: 9, TRACKING_ID: 65535}, direct=True)
        self._touches = 0

    def tap(self, x: float, y: float, seconds: float = 0.08) -> None:
        """Touch at these parts (0 to 1) of width and height."""
        self._touches += 1
        here = (int(x * RANGE), int(y * RANGE))
        self.send(
            (EV_ABS, SLOT, 0), (EV_ABS, TRACKING_ID, self._touches),
            (EV_ABS, POSITION_X, here[0]), (EV_ABS, POSITION_Y, here[1]),
            (EV_KEY, BTN_TOUCH, 1), (EV_ABS, ABS_X, here[0]), (EV_ABS, ABS_Y, here[1]),
        )  # fmt: skip
        time.sleep(seconds)
        self.send((EV_ABS, TRACKING_ID, -1), (EV_KEY, BTN_TOUCH, 0))


class Keyboard(Input):
    """A keyboard of a hundred keys; codes are those of linux/input-event-codes.h."""

    def __init__(self) -> None:
        super().__init__("Keyboard", range(1, 101), {})

    def tap(self, code: int, seconds: float = 0.08) -> None:
        """Press and release a key."""
        self.send((EV_KEY, code, 1))
        time.sleep(seconds)
        self.send((EV_KEY, code, 0))
