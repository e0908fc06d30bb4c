"""A slot opens, reports, tries again, and closes whatever it is doing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from intercom.media import DeviceFault, DeviceRestored, MediaEvent, devices
from intercom.media.devices import DeviceSlot, OnFault
from tests.media_rig import until


class Thing:
    """A device that counts."""

    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


class Bench:
    """A slot and its history."""

    def __init__(self, executor: ThreadPoolExecutor) -> None:
        self.events: list[MediaEvent] = []
        self.things: list[Thing] = []
        self.faults: list[OnFault] = []
        self.failing: Exception | None = None
        self.slot: DeviceSlot[Thing] = DeviceSlot(
            "camera", self._open, executor, self.events.append
        )

    def _open(self, on_fault: OnFault) -> Thing:
        self.faults.append(on_fault)
        if self.failing is not None:
            raise self.failing
        self.things.append(Thing())
        return self.things[-1]


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(devices, "RETRIES", (0.01, 0.02))
    executor = ThreadPoolExecutor(1)
    made = Bench(executor)
    yield made
    await made.slot.close()
    executor.shutdown()


async def test_open_and_close_are_idempotent(bench: Bench) -> None:
    for _ in range(2):
        await bench.slot.open()
    assert bench.slot.device is bench.things[0]
    for _ in range(2):
        await bench.slot.close()
    assert bench.slot.device is None
    assert [thing.closed for thing in bench.things] == [1]
    assert bench.events == []


@pytest.mark.parametrize("error", [OSError("unplugged"), RuntimeError("unplugged")])
async def test_a_failure_is_reported_once_and_tried_again(bench: Bench, error: Exception) -> None:
    bench.failing = error
    await bench.slot.open()
    await until(lambda: len(bench.faults) >= 4)
    assert bench.events == [DeviceFault("camera", "unplugged")]
    bench.failing = None
    await until(lambda: bench.slot.device is not None)
    assert bench.events[1:] == [DeviceRestored("camera")]


async def test_a_device_that_fails_later_is_closed_and_opened_again(bench: Bench) -> None:
    await bench.slot.open()
    await asyncio.to_thread(bench.faults[0], "gone")
    await until(lambda: len(bench.things) == 2 and bench.slot.device is bench.things[1])
    assert bench.things[0].closed == 1
    await until(lambda: bench.events == [DeviceFault("camera", "gone"), DeviceRestored("camera")])


async def test_the_dead_cannot_harm_the_living(bench: Bench) -> None:
    await bench.slot.open()
    await bench.slot.reopen()
    bench.faults[0]("late")
    await asyncio.sleep(0.02)
    assert bench.slot.device is bench.things[1]
    assert bench.events == []


async def test_closing_ends_the_trying(bench: Bench) -> None:
    bench.failing = OSError("unplugged")
    await bench.slot.open()
    await bench.slot.close()
    tried = len(bench.faults)
    await asyncio.sleep(0.05)
    assert len(bench.faults) == tried
    await bench.slot.reopen()  # not wanted any more
    assert len(bench.faults) == tried
