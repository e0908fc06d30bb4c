"""A slot opens, reports, tries again, and closes whatever it is doing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from intercom.media import DeviceFault, DeviceRestored, MediaEvent, device_slot
from intercom.media.device_slot import DeviceSlot
from intercom.media.devices import OnFault
from tests.media_rig import until


class Thing:
    """A device that counts."""

    def __init__(self) -> None:
        self.closed = 0
        self.xruns = 0
        self.broken = False

    def close(self) -> None:
        self.closed += 1
        if self.broken:
            raise OSError("no such device")


class Bench:
    """A slot and its history."""

    def __init__(self, executor: ThreadPoolExecutor) -> None:
        self.events: list[MediaEvent] = []
        self.things: list[Thing] = []
        self.faults: list[OnFault] = []
        self.failing: Exception | None = None
        self.dying = 0  # so many devices fail while they are opened
        self.may_open = threading.Event()
        self.may_open.set()
        self.slot: DeviceSlot[Thing] = DeviceSlot(
            "camera", self._open, executor, self.events.append
        )

    def _open(self, on_fault: OnFault) -> Thing:
        self.faults.append(on_fault)
        if self.failing is not None:
            raise self.failing
        if self.dying:
            self.dying -= 1
            on_fault("died young")
        assert self.may_open.wait(10)
        self.things.append(Thing())
        return self.things[-1]


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(device_slot, "RETRIES", (0.01, 0.02))
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


async def test_what_is_plugged_in_is_tried_at_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_slot, "RETRIES", (1000.0,))
    bench.failing = OSError("unplugged")
    await bench.slot.open()
    bench.slot.look()  # something else came
    await until(lambda: len(bench.faults) == 2)
    bench.failing = None
    bench.slot.look()
    await until(lambda: bench.slot.device is not None)
    assert bench.events == [DeviceFault("camera", "unplugged"), DeviceRestored("camera")]


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


async def test_a_device_that_fails_while_it_is_opened_is_closed_and_opened_again(
    bench: Bench,
) -> None:
    bench.dying = 2  # of the first try, and of the first that is repeated
    await bench.slot.open()
    assert bench.slot.device is None
    await until(lambda: bench.slot.device is not None)
    assert bench.slot.device is bench.things[2]
    assert [thing.closed for thing in bench.things] == [1, 1, 0]
    assert bench.events == [DeviceFault("camera", "died young"), DeviceRestored("camera")]


async def test_what_is_opened_for_nobody_is_closed(bench: Bench) -> None:
    bench.may_open.clear()
    opening = asyncio.create_task(bench.slot.open())
    await until(lambda: bench.faults)
    opening.cancel()
    await asyncio.wait([opening])
    await bench.slot.close()
    bench.may_open.set()
    await until(lambda: [thing.closed for thing in bench.things] == [1])
    assert bench.slot.device is None


async def test_a_device_that_cannot_be_closed_ends_nothing(bench: Bench) -> None:
    await bench.slot.open()
    bench.things[0].broken = True
    await asyncio.to_thread(bench.faults[0], "gone")
    await until(lambda: len(bench.things) == 2 and bench.slot.device is bench.things[1])
    bench.things[1].broken = True
    await bench.slot.close()
    assert bench.slot.device is None


async def test_closing_goes_on_when_nobody_waits_for_it(bench: Bench) -> None:
    await bench.slot.open()
    closing = asyncio.create_task(bench.slot.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait([closing])
    await bench.slot.close()
    await until(lambda: bench.things[0].closed == 1)


async def test_lost_sound_is_counted_over_all_devices(bench: Bench) -> None:
    await bench.slot.open()
    bench.things[0].xruns = 3
    await bench.slot.reopen()
    bench.things[1].xruns = 2
    assert bench.slot.xruns == 5


async def test_a_swap_opens_the_other_one_and_closes_the_old(bench: Bench) -> None:
    assert await bench.slot.swap(pytest.fail) == ""  # not wanted: nothing is opened
    assert not bench.faults
    await bench.slot.open()
    assert await bench.slot.swap(pytest.fail) == ""
    assert bench.slot.device is bench.things[1]
    assert [thing.closed for thing in bench.things] == [1, 0]
    assert bench.events == []


@pytest.mark.parametrize("how", ["raises", "dies young"])
async def test_a_swap_that_fails_is_undone_and_nobody_is_alarmed(bench: Bench, how: str) -> None:
    await bench.slot.open()
    if how == "raises":
        bench.failing = OSError("in use by zoom (7)")
    else:
        bench.dying = 1

    def back() -> None:
        bench.failing = None

    why = await bench.slot.swap(back)
    assert why == ("in use by zoom (7)" if how == "raises" else "died young")
    assert bench.slot.device is bench.things[-1]
    assert bench.things[-1].closed == 0
    assert bench.events == []


async def test_a_swap_that_leaves_nothing_open_goes_on_trying(bench: Bench) -> None:
    await bench.slot.open()
    bench.failing = OSError("all unplugged")
    assert await bench.slot.swap(lambda: None) == "all unplugged"
    assert bench.events == [DeviceFault("camera", "all unplugged")]
    bench.failing = None
    await until(lambda: bench.slot.device is not None)
    assert bench.events[1:] == [DeviceRestored("camera")]


async def test_a_swap_of_a_broken_device_is_its_repair(bench: Bench) -> None:
    bench.failing = OSError("unplugged")
    await bench.slot.open()
    bench.failing = None
    assert await bench.slot.swap(pytest.fail) == ""
    assert bench.events == [DeviceFault("camera", "unplugged"), DeviceRestored("camera")]
    opened = len(bench.faults)
    await asyncio.sleep(0.05)
    assert len(bench.faults) == opened  # nobody tries any more


async def test_a_swap_that_is_cancelled_is_undone(bench: Bench) -> None:
    await bench.slot.open()
    bench.may_open.clear()
    undone: list[bool] = []
    swapping = asyncio.create_task(bench.slot.swap(lambda: undone.append(True)))
    await until(lambda: len(bench.faults) == 2)
    swapping.cancel()
    await asyncio.wait([swapping])
    assert undone
    bench.may_open.set()
    await until(lambda: bench.slot.device is not None)
    open_things = [thing for thing in bench.things if not thing.closed]
    assert open_things == [bench.slot.device]
