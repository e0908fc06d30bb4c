"""A call and a broken network: short breaks are survived, long ones end it, all come back."""

from __future__ import annotations

import asyncio
import time

import pytest

from intercom.demo.stage import Remote
from tests.net.conftest import Street

# What was measured is far below; a busy machine needs room.
BACK_WITHIN = 4.0
IDLE_WITHIN = 15.0


async def broken(street: Street, how: str, seconds: float) -> float:
    """Take the door off the network for so long; return when it came back (monotonic)."""
    switch = street.net.link if how == "interface" else street.net.cable
    began = time.monotonic()
    switch("door", False)
    for remote in street.both:
        await remote.wait("connection_state", began, state="reconnecting", seconds=8)
    await asyncio.sleep(began + seconds - time.monotonic())
    switch("door", True)
    return time.monotonic()


@pytest.mark.parametrize("how", ["interface", "cable"])
async def test_5_seconds_are_survived(street: Street, how: str) -> None:
    await street.talk()
    began = time.monotonic()
    back = await broken(street, how, 5.0)
    took = await asyncio.gather(*(street.seen_again(r, BACK_WITHIN) for r in street.both))
    print(f"{how}: pictures back after {[round(t, 2) for t in took]} s")  # noqa: T201 - with -s
    for remote in street.both:
        who = "indoor" if remote.name == "door" else "door"
        await remote.wait("connection_state", back, user_id=who, state="connected")
        assert (await remote.do("stats"))["state"] == "connected"
    assert time.monotonic() - began < 30


async def test_another_address(street: Street) -> None:
    await street.talk()
    for mover, address in (("door", "10.77.0.111"), ("indoor", "10.77.0.112")):
        street.net.move(mover, address)
        await asyncio.sleep(0.15)  # what was under way is shown
        took = await asyncio.gather(*(street.seen_again(r, 5.0) for r in street.both))
        print(f"{mover} moved: pictures back after {[round(t, 2) for t in took]} s")  # noqa: T201
        await asyncio.sleep(1.0)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [30, 120])
@pytest.mark.parametrize("how", ["interface", "cable"])
async def test_a_long_break_ends_the_call_and_all_come_back(
    street: Street, how: str, seconds: int
) -> None:
    await street.talk()
    began = time.monotonic()
    back = await broken(street, how, seconds)
    ended = [await lost(remote, began) for remote in street.both]
    states = [
        await r.wait("connection_state", back - 0.2, user_id="hub", state="connected", seconds=20)
        for r in street.both
        if r.name == "door"
    ]
    again = [round(entry["t"] - back, 2) for entry in states]
    print(f"{how} {seconds} s: ended after {ended} s, the hub again after {again} s")  # noqa: T201
    assert max(ended) < 10.5
    assert max(again) < IDLE_WITHIN
    await asyncio.sleep(4.5)  # the screen says how the call ended
    await street.talk()


async def lost(remote: Remote, began: float) -> float:
    """The seconds after which the call had ended, as lost."""
    ended = await remote.wait("call_end", began, seconds=1)
    assert ended["reason"] == "lost"
    return round(float(ended["t"]) - began, 2)
