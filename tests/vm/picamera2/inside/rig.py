"""What the tests in the guest share: a camera with its callbacks, and what a process holds."""

from __future__ import annotations

import contextlib
import gc
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av

import hw
from hw import CameraSettings

HOST = Path("/host")  # a folder of the host's, to leave things in
_VIMC = Path("/sys/bus/platform/drivers/vimc")
SETTINGS = CameraSettings(width=320, height=240, fps=15)


class Seen:
    """A camera's callbacks."""

    def __init__(self) -> None:
        self.frames: list[av.VideoFrame] = []
        self.packets: list[av.Packet[av.VideoStream]] = []
        self.faults: list[str] = []
        self._cameras: list[hw.Camera] = []

    def open(self, settings: CameraSettings = SETTINGS) -> hw.Camera:
        """The driver under test, as the station opens it."""
        camera = hw.open_camera(
            "picamera2", settings, self.frames.append, self.packets.append, self.faults.append
        )
        self._cameras.append(camera)
        return camera

    def more_frames(self) -> Callable[[], bool]:
        """Whether there is another picture than those there are now."""
        count = len(self.frames)
        return lambda: len(self.frames) > count

    def more_packets(self) -> Callable[[], bool]:
        """Whether there is another packet than those there are now."""
        count = len(self.packets)
        return lambda: len(self.packets) > count

    def close(self) -> None:
        """What a failed test has left open."""
        for camera in self._cameras:
            camera.close()


def wait_for(condition: Callable[[], object], timeout: float = 30.0) -> None:
    """Wait until the condition holds; fails the test after `timeout` seconds."""
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@contextlib.contextmanager
def unplugged() -> Iterator[None]:
    """The kernel has no camera for a while."""
    (_VIMC / "unbind").write_text("vimc.0")
    try:
        yield
    finally:
        (_VIMC / "bind").write_text("vimc.0")
        subprocess.run(["udevadm", "settle"], check=True)


@contextlib.contextmanager
def no_collector() -> Iterator[None]:
    """Garbage stays: what is freed has been let go of."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def scarce() -> list[str]:
    """The devices and the buffers of cameras that this process has open."""
    links = [Path("/proc/self/fd", name) for name in os.listdir("/proc/self/fd")]  # noqa: PTH208
    targets = [os.readlink(link) for link in links if link.is_symlink()]  # noqa: PTH115
    return [name for name in targets if re.match(r"/dev/(media|video|v4l|dma)|/dmabuf", name)]


def held() -> tuple[int, int]:
    """How many files and threads (the kernel's count) this process has, without garbage."""
    gc.collect()
    return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))  # noqa: PTH208


def note(text: str) -> None:
    """A figure for people, into a file of the host's."""
    with (HOST / "notes").open("a") as notes:
        print(text, file=notes)


def held_after_twenty_times(
    seen: Seen, settings: CameraSettings, more: Callable[[], Callable[[], bool]]
) -> tuple[int, int]:
    """Open and close the camera twenty times, each until there is `more`; what is held after each,
    which must be what was held before."""
    seen.open(settings).close()
    before = held()
    for _ in range(20):
        with no_collector():
            camera = seen.open(settings)
            wait_for(more())
            assert scarce()
            camera.close()
            assert scarce() == []
        # The kernel may count a thread for a moment that has been joined.
        wait_for(lambda: held() == before)
    return before
