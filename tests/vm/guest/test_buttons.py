"""Buttons and lamps on the lines of a real GPIO chip, by gpiozero and lgpio, in the daemon."""

from __future__ import annotations

import asyncio
import time

import pytest

from intercom.demo.stage import Remote
from intercom.station.lamp import LampState
from tests.vm.guest import lamps
from tests.vm.guest.house import DOOR, KITCHEN, House

LAMPS = (DOOR["lamp"], KITCHEN["lamp"])
SPIKE = 0.002
HELD_UP = 0.035
"""A burst that took longer was no burst: the machine had other things to do."""


async def seen(house: House, *states: LampState) -> None:
    """The door's lamp and the kitchen's show these states within some seconds."""
    for _ in range(5):
        lights = await asyncio.to_thread(lamps.watch, house.chip, LAMPS)
        if [light.state for light in lights] == list(states):
            return
    raise AssertionError(f"the lamps show {lights}, not {states}")


def presses(remote: Remote, button: str, since: float) -> list[str]:
    """The kinds of the button's events since then."""
    events = (entry for entry in remote.events if entry["t"] >= since)
    return [entry["kind"] for entry in events if entry.get("button") == button]


async def test_the_lamps_follow_a_call_that_the_buttons_make(house: House) -> None:
    await seen(house, LampState.IDLE, LampState.IDLE)
    pressed = await house.tap(DOOR["call"])
    await house.kitchen.wait("invited", pressed, seconds=60)
    await seen(house, LampState.RINGING_OUT, LampState.RINGING_IN)
    await house.tap(KITCHEN["accept"])
    await house.kitchen.wait("lamp", pressed, state="in_call", seconds=60)
    await seen(house, LampState.IN_CALL, LampState.IN_CALL)
    await house.tap(KITCHEN["mute"])
    await seen(house, LampState.IN_CALL, LampState.MUTED)
    await house.tap(KITCHEN["mute"])
    await house.kitchen.wait("lamp", time.monotonic() - 1, state="in_call", seconds=60)
    ended = await house.tap(KITCHEN["hangup"])
    assert (await house.door.wait("call_end", ended, seconds=60))["reason"] == "hangup"
    await seen(house, LampState.IDLE, LampState.IDLE)


async def test_a_call_is_refused_by_the_button(house: House) -> None:
    pressed = await house.tap(DOOR["call"])
    await house.kitchen.wait("invited", pressed, seconds=60)
    await house.tap(KITCHEN["hangup"])
    assert (await house.door.wait("call_end", pressed, seconds=60))["reason"] == "reject"


@pytest.mark.parametrize("gap", [0.0, 0.0001, 0.0003, 0.001, 0.002, 0.004, 0.008])
async def test_a_chattering_contact_is_one_press(house: House, gap: float) -> None:
    toggles = min(20, max(2, int(0.016 / gap) // 2 * 2)) if gap else 20
    for _ in range(12):
        began = time.monotonic()
        closing = house.chip.chatter(DOOR["hangup"], toggles, gap, closed=True)
        await asyncio.sleep(0.2)
        opening = house.chip.chatter(DOOR["hangup"], toggles, gap, closed=False)
        await asyncio.sleep(0.3)
        if max(closing, opening) < HELD_UP:
            with house.plays("a contact that chatters: bursts of edges", 2):
                await house.door.wait("button", began, button="hangup", kind="released", seconds=10)
                assert presses(house.door, "hangup", began) == ["pressed", "released"]
            return
    pytest.skip("the machine was too busy to chatter")


async def test_a_spike_on_the_line_is_no_press(house: House) -> None:
    began, played = time.monotonic(), 0
    for _ in range(40):
        played += house.chip.chatter(DOOR["hangup"], 2, 0.0, closed=False) < SPIKE
        await asyncio.sleep(0.1)
    with house.plays("a spike of less than 2 ms on the line", played):
        assert presses(house.door, "hangup", began).count("pressed") <= 40 - played


async def test_a_button_that_is_stuck_calls_once(house: House) -> None:
    began = time.monotonic()
    with house.plays("a button that is stuck"):
        house.chip.close(DOOR["call"])
        try:
            await house.kitchen.wait("invited", began, seconds=60)
            ended = await house.tap(KITCHEN["hangup"])
            await house.door.wait("call_end", ended, seconds=60)
            await asyncio.sleep(4)
            assert await house.state(house.door) == "idle"
            assert presses(house.door, "call", began).count("pressed") == 1
        finally:
            house.chip.open(DOOR["call"])
        await asyncio.sleep(0.5)
        again = await house.tap(DOOR["call"])
        await house.kitchen.wait("invited", again, seconds=60)


async def test_a_flood_of_edges_leaves_a_button_that_works(house: House) -> None:
    with house.plays("a flood of 4000 edges on a line"):
        house.chip.chatter(DOOR["hangup"], 4000, 0.0, closed=False)
        await asyncio.sleep(3)
        began = await house.tap(DOOR["hangup"], 0.3)
        await house.door.wait("button", began, button="hangup", kind="released", seconds=60)
        assert presses(house.door, "hangup", began) == ["pressed", "released"]
