"""Hubs that come to harm while they enroll a station; started by test_enroll_faults.py.

`python -m tests.enroll_child MODE FOLDER` prints the hub's port and pin, and runs until killed.
`before` and `after`: killed before and after the device is on the disk; `full`: the disk is full
from the moment at which a device is to be written, until SIGUSR1.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys

from intercom.config import HubConfig
from intercom.hub.devices_book import DeviceBook
from intercom.hub.server import Hub

from .conftest import USERS

enroll = DeviceBook.enroll


def killed_before(book: DeviceBook, code_id: str, public: bytes, name: str) -> bool:
    """Die before anything is written."""
    os.kill(os.getpid(), signal.SIGKILL)
    return enroll(book, code_id, public, name)


def killed_after(book: DeviceBook, code_id: str, public: bytes, name: str) -> bool:
    """Die with all of it written, and nothing said."""
    enroll(book, code_id, public, name)
    os.kill(os.getpid(), signal.SIGKILL)
    return True


def on_a_full_disk(book: DeviceBook, code_id: str, public: bytes, name: str) -> bool:
    """Write where no file may grow, nor be written again."""
    try:
        _limit(0)
        return enroll(book, code_id, public, name)
    finally:
        if not room:
            _limit(0)


room: list[int] = []


def _limit(size: int) -> None:
    """Let no file be written beyond `size` bytes, unless there is room again."""
    if not room:
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))


def _room_again() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    room.append(1)


async def main(mode: str, folder: str) -> None:
    """Run the hub."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as a full disk, it is an error then
    changed = {"before": killed_before, "after": killed_after, "full": on_a_full_disk}
    setattr(DeviceBook, "enroll", changed.get(mode, enroll))  # noqa: B010 (mypy: a method)
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, _room_again)
    hub = Hub(HubConfig(listen="0.0.0.0", port=0, state_dir=folder, users=USERS))
    await hub.start()
    sys.stdout.write(f"{hub.port} {hub.pin}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
