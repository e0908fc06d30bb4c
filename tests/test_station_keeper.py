"""A device is reopened when it fails, and closed when its keeper ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

import hw
from intercom.station import keeper as module
from intercom.station.keeper import Keeper


class Device:
    """A device that is told to fail, from its own thread."""

    def __init__(self, fault: Callable[[str], None]) -> None:
        self.fault = fault
        self.closed = False

    def fail(self, message: str) -> None:
        threading.Thread(target=self.fault, args=(message,)).start()

    def close(self) -> None:
        self.closed = True


async def test_life_of_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACKOFF", (0.01,))
    opened: list[Device] = []
    news: asyncio.Queue[tuple[Device | None, str]] = asyncio.Queue()

    def opener(fault: Callable[[str], None]) -> Device:
        if len(opened) == 1 and opened[0].closed and not refused:
            refused.append(1)
            raise hw.DeviceError("screen", "still gone")
        opened.append(Device(fault))
        return opened[-1]

    refused: list[int] = []
    keeper: Keeper[Device] = Keeper("screen", opener, lambda *what: news.put_nowait(what))
    task = asyncio.create_task(keeper.run())
    assert await news.get() == (opened[0], "")
    opened[0].fail("cable pulled")
    assert await news.get() == (None, "cable pulled")
    assert await news.get() == (None, "still gone")
    assert opened[0].closed
    assert await news.get() == (opened[1], "")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await news.get() == (None, "")
    assert opened[1].closed
