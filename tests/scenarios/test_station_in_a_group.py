"""A station that talks to two others: what it shows and counts is of each by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from intercom import Event
from intercom.station import scene as sc
from intercom.station.controls import Intent
from tests.media_rig import until
from tests.scenarios.guest import Guest
from tests.scenarios.house import House
from tests.station_rig import Station


@pytest.fixture
async def door(house: House) -> AsyncIterator[Station]:
    """The door's station."""
    made = Station(house.hub)
    await made.start()
    yield made
    await made.close()


async def conference(house: House, door: Station) -> tuple[Guest, Guest]:
    """Anna and ben talk to each other, and to the door."""
    anna, ben = await house.clients("anna", "ben", media=True)
    await anna.group_call(["door", "ben"])
    await door.shows(sc.RingingIn)
    door.do(Intent.ACCEPT)
    await ben.wait(Event.INVITED)
    await ben.accept()
    missing = {"anna", "ben"}
    while missing:  # in whatever order
        told = await door.hears(Event.CONNECTION_STATE, state="connected")
        missing.discard(told["user_id"])
    return anna, ben


def reconnecting(door: Station) -> set[str]:
    """Whose tile says so."""
    shown = door.scene
    assert isinstance(shown, sc.InCall)
    return {tile.user_id for tile in shown.tiles if tile.reconnecting}


def fall_silent(guest: Guest, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose, on the way, all that the present transport of `guest` has for `user`."""

    async def lose(data: bytes) -> None:
        pass

    assert guest.media is not None
    for peer, other in guest.media._peers.items():  # noqa: SLF001 - faults go in below
        if other == user:
            [transport] = {t.sender.transport for t in peer._pc.getTransceivers()}  # noqa: SLF001
            monkeypatch.setattr(transport, "_send_rtp", lose)


async def test_only_the_tile_of_who_is_lost_says_so(
    house: House, door: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, ben = await conference(house, door)
    assert reconnecting(door) == set()
    said: list[set[str]] = []

    async def watch() -> None:
        while True:
            said.append(reconnecting(door))
            await asyncio.sleep(0.01)

    watching = asyncio.create_task(watch())
    try:
        fall_silent(ben, "door", monkeypatch)
        await until(lambda: {"ben"} in said)
        # and by a new transport it is back
        await door.hears(Event.CONNECTION_STATE, user_id="ben", state="connected")
        await until(lambda: said[-1] == set())
    finally:
        watching.cancel()
    assert {frozenset(users) for users in said} == {frozenset(), frozenset({"ben"})}


async def test_the_numbers_are_of_each(house: House, door: Station) -> None:
    await conference(house, door)
    monitor = door.app.monitor
    counts: dict[str, Any] = {}

    def both_have_come() -> bool:
        counts.update(door.calling.mesh.stats())
        return all(counts[user]["packets_in"] > 20 for user in ("anna", "ben"))

    monitor.take(1000.0)
    await until(both_have_come)
    monitor.take(1001.0)
    assert monitor.numbers.keys() == {"anna", "ben"}
    for user in ("anna", "ben"):
        rate = monitor.numbers[user].received_kbps
        assert rate is not None
        assert rate > 0
        assert monitor.numbers[user].latency_ms is None  # nobody measures it
        assert monitor.counters[user]["packets_in"] > 20
