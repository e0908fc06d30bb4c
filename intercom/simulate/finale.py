"""The end of a run, rule 5: everybody hangs up, one call more works, and everybody goes home."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from intercom.errors import CallingError, Code
from intercom.hub.records_schema import RecordsError
from intercom.phases import State
from intercom.protocol import CallType
from intercom.simulate.check_records import Down, check_records
from intercom.simulate.check_size import HubSize, check_hub, check_own
from intercom.simulate.device import Device
from intercom.simulate.entries import Asked
from intercom.simulate.hub_process import SimulationError
from intercom.simulate.quiet import settle, within
from intercom.simulate.stage import Stage, own_size
from intercom.simulate.store import complaints, read_records

GRACES = 36.0
"""Seconds until everybody is IDLE: a group call waits 30 for who was lost."""
PROMPT = 6.0
"""Seconds for anything that nothing holds up."""
ACTIONS_END = 30.0
"""Seconds until what users began has come back."""


async def finish(stage: Stage, downs: list[Down], warm: HubSize | None) -> HubSize:
    """End a run and check what is left; return what the hub was at the end.

    `downs`: when the hub went in between, `warm`: its size in the run.
    """
    await asyncio.gather(*(device.faults.close() for device in stage.devices))
    await settle(stage)
    largest = (await stage.hub.size()).rss
    await _hang_up(stage)
    await _actions_end(stage)
    await _one_more_call(stage)
    await stage.tasks.close()
    await stage.leave()
    stage.checker.over(stage.clock())
    end = await _hub_empty(stage, largest, warm)
    if (code := await stage.hub.stop()) != 0:
        stage.broken("5e", f"the hub ended with exit code {code} after SIGTERM")
    await _own_empty(stage)
    _read_back(stage, downs)
    return end


async def _actions_end(stage: Stage) -> None:
    running = asyncio.gather(*(device.tasks.finished() for device in stage.devices))
    try:
        async with asyncio.timeout(ACTIONS_END):
            await running
    except TimeoutError:
        stage.broken("8a", f"calls of the API did not come back within {ACTIONS_END:.0f} s")


async def _hang_up(stage: Stage) -> None:
    for device in stage.devices:
        await device.doing("hangup", device.calling.hangup)

    async def idle() -> bool:
        busy = any(device.state is not State.IDLE for device in stage.devices)
        return not busy and (await stage.hub.size()).calls == 0

    if not await within(GRACES, idle):
        for device in stage.devices:
            if device.state is not State.IDLE:
                text = f"is {device.state} {GRACES:.0f} s after everybody has hung up"
                stage.broken("5a", text, device.spec.name, device.calling.call_id)
        calls = (await stage.hub.size()).calls
        if calls:
            stage.broken("5b", f"the hub still has {calls} calls, though everybody has hung up")


async def _one_more_call(stage: Stage) -> None:
    """Two users, drawn at random, call each other as if nothing had been."""
    first, second = stage.rng.sample(stage.cast.users, 2)
    caller, callee = stage.room[first][0], stage.room[second][0]
    try:
        for device in (caller, callee):
            await device.login()
            if not await within(PROMPT, _linked(device)):
                raise SimulationError(f"{device.spec.name} is not connected")
        await _dial(caller, second)
        await _becomes(callee, State.RINGING)
        stage.tell(Asked(*callee.me, callee.calling.call_id, "accept"))
        await callee.calling.accept()
        await _becomes(callee, State.CONNECTED)
        await caller.calling.hangup()
        await _becomes(callee, State.IDLE)
    except (CallingError, SimulationError) as error:
        text = f"a fresh call from {first} to {second} does not work: {error}"
        stage.broken("5c", text, caller.spec.name)


async def _dial(caller: Device, user_id: str) -> None:
    """Call; a caller that has called too often is to wait, as the hub says."""
    for _ in range(4):
        try:
            await caller.calling.call(user_id, type=CallType.AUDIO, timeout=20)
        except CallingError as error:
            if error.code is not Code.RATE_LIMITED:
                raise
            await asyncio.sleep(2.5)
        else:
            return


async def _hub_empty(stage: Stage, largest: float, warm: HubSize | None) -> HubSize:
    async def empty() -> bool:
        size = await stage.hub.size()
        return not size.clients and not size.calls

    await within(PROMPT, empty)
    end = await stage.hub.size()
    assert stage.fresh is not None, "looked at when it was started"
    end = HubSize(max(end.rss, largest), end.fds, end.clients, end.calls)
    stage.checker.report(check_hub(stage.clock(), stage.fresh, warm, end))
    return end


async def _own_empty(stage: Stage) -> None:
    before = stage.before
    assert before is not None, "looked at at the start"

    async def empty() -> bool:
        return not list(check_own(0.0, before, own_size()))

    await within(PROMPT, empty)
    stage.checker.report(check_own(stage.clock(), before, own_size()))


def _read_back(stage: Stage, downs: list[Down]) -> None:
    for text in complaints(stage.log):
        stage.broken("9c", f"the hub logs what it should not: {text}")
    try:
        rows = read_records(stage.state_dir)
    except RecordsError as error:
        stage.broken("7a", str(error))
        return
    stage.checker.report(check_records(stage.checker.facts, rows, downs, stage.clock()))


async def _becomes(device: Device, state: State) -> None:
    async def test() -> bool:
        return device.state is state

    if not await within(PROMPT, test):
        raise SimulationError(f"{device.spec.name} is {device.state}, not {state}")


def _linked(device: Device) -> Callable[[], Awaitable[bool]]:
    async def test() -> bool:
        return device.calling.link.connected

    return test
