"""A lost transport is replaced under the same call, when that is of use and not before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from intercom import conductor as c
from intercom import protocol as p
from intercom.conductor import Conductor
from intercom.plan import Plan
from tests.media_rig import until


@dataclass
class Transport:
    """Remembers what it was told."""

    epoch: int
    offerer: bool
    told: list[str] = field(default_factory=list)
    address: str = "192.0.2.1"
    stats: dict[str, Any] = field(default_factory=dict)

    async def start(self) -> None:
        self.told.append("start")

    async def handle(self, body: dict[str, Any]) -> None:
        self.told.append(body["kind"])

    def send(self, audio: bool, video: bool) -> None:
        self.told.append(f"send {audio} {video}")

    def listen(self, audio: bool) -> None:
        """Not looked at here."""

    def view(self, view: c.View | None) -> None:
        """Not looked at here."""

    def uses(self, addresses: Collection[str]) -> bool:
        return self.address in addresses

    async def close(self) -> None:
        self.told.append("close")


class Studio:
    """Media without devices; its transports are kept."""

    def __init__(self) -> None:
        self.made: list[Transport] = []

    async def open_camera(self) -> None:
        """Nothing to open."""

    close_camera = open_sound = close_sound = close_microphone = open_camera

    def set_mic_mute(self, muted: bool) -> None:
        """No microphone."""

    def peer(
        self,
        call_id: str,
        user_id: str,
        epoch: int,
        offerer: bool,
        signal: Callable[[dict[str, Any]], None],
    ) -> Transport:
        self.made.append(Transport(epoch, offerer))
        return self.made[-1]


class Rig:
    """A conductor in a call."""

    def __init__(self) -> None:
        self.studio = Studio()
        self.signals: list[tuple[int, str]] = []
        self.conductor = Conductor(
            self.studio, lambda call, user, epoch, body: self.signals.append((epoch, body["kind"]))
        )

    async def call(self, offerer: bool) -> None:
        """Be in a call whose transport is up."""
        self.conductor.start()
        self.conductor.hub(True)
        plan = Plan("call", "flat", True, offerer, True, send_audio=True, send_video=True)
        self.conductor.apply(plan)
        await until(lambda: self.studio.made and "start" in self.studio.made[0].told)
        self.conductor.connected()

    def signal(self, epoch: int, kind: str) -> None:
        """The other side signals."""
        body = msgspec.Raw(msgspec.json.encode({"kind": kind}))
        self.conductor.signaled(p.Signaled("call", "flat", epoch, body))

    @property
    def epochs(self) -> list[int]:
        """Of the transports made so far."""
        return [transport.epoch for transport in self.studio.made]


@pytest.fixture
async def rig(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    monkeypatch.setattr(c, "PATIENCE", 0.05)
    monkeypatch.setattr(c, "RETRY", 0.1)
    made = Rig()
    yield made
    await made.conductor.close()


async def test_the_offerer_tries_again_until_one_is_up(rig: Rig) -> None:
    await rig.call(offerer=True)
    rig.conductor.lost()
    await until(lambda: len(rig.epochs) == 3)
    rig.conductor.connected()
    await asyncio.sleep(0.3)
    assert rig.epochs == [0, 1, 2]
    assert "close" in rig.studio.made[0].told
    assert "send True True" in rig.studio.made[2].told


async def test_without_a_hub_the_old_one_is_kept_and_may_come_back(rig: Rig) -> None:
    await rig.call(offerer=True)
    rig.conductor.lost()
    rig.conductor.hub(False)
    await asyncio.sleep(0.3)
    assert rig.epochs == [0]
    rig.conductor.connected()  # its packets arrive again
    rig.conductor.hub(True)
    await asyncio.sleep(0.1)
    assert rig.epochs == [0]
    assert "close" not in rig.studio.made[0].told


async def test_when_the_hub_is_back_and_the_media_are_not_a_new_one_is_tried_at_once(
    rig: Rig,
) -> None:
    await rig.call(offerer=True)
    rig.conductor.hub(False)
    rig.conductor.lost()
    rig.conductor.hub(True)
    await until(lambda: rig.epochs == [0, 1])


async def test_who_answered_waits_for_the_other_and_asks_only_when_it_moved(rig: Rig) -> None:
    await rig.call(offerer=False)
    rig.conductor.lost()
    await asyncio.sleep(0.2)
    rig.conductor.moved(["192.0.2.99"])  # not the one in use
    await asyncio.sleep(0.05)
    assert rig.signals == []
    rig.conductor.moved(["192.0.2.1"])
    await until(lambda: rig.signals == [(0, c.RESTART)])
    rig.conductor.hub(False)
    rig.conductor.hub(True)  # the line that it was said on may have been dead
    await until(lambda: len(rig.signals) == 2)
    assert rig.epochs == [0]
    rig.signal(1, "offer")
    await until(lambda: rig.epochs == [0, 1])
    assert "offer" in rig.studio.made[1].told


async def test_the_offerer_is_asked_once_by_a_number(rig: Rig) -> None:
    await rig.call(offerer=True)
    rig.signal(0, c.RESTART)
    rig.signal(0, c.RESTART)  # the same wish, said again
    await until(lambda: rig.epochs == [0, 1])
    rig.conductor.connected()
    await asyncio.sleep(0.2)
    assert rig.epochs == [0, 1]
    rig.conductor.moved(["192.0.2.1"])
    await until(lambda: rig.epochs[:3] == [0, 1, 2])
