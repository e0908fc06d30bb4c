"""What must not stop the media, or leave them open: bad signals, and plans that change quickly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from intercom import protocol as p
from intercom.conductor import Conductor
from intercom.plan import Plan

TALK = Plan(
    "call0001", "door", connect=True, offerer=False, camera=True,
    send_audio=True, send_video=True, hear=True, see=True,
)  # fmt: skip


class Peer:
    """A transport whose start takes as long as the test likes, and which keeps its gates."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.gates = (False, False)
        self.closed = False
        self.handled: list[dict[str, Any]] = []
        self.stats: dict[str, Any] = {}

    async def start(self) -> None:
        await self.go.wait()

    async def handle(self, body: dict[str, Any]) -> None:
        if body.get("kind") == "bomb":
            raise LookupError("not foreseen by anybody")
        self.handled.append(body)

    def send(self, audio: bool, video: bool) -> None:
        self.gates = (audio, video)

    def listen(self, audio: bool) -> None:
        pass

    def view(self, view: object) -> None:
        pass

    def uses(self, addresses: object) -> bool:
        return False

    async def close(self) -> None:
        self.closed = True


class Media:
    """Records what the conductor asks for."""

    def __init__(self) -> None:
        self.peers: list[Peer] = []
        self.muted: list[tuple[bool, tuple[bool, bool]]] = []

    def set_mic_mute(self, muted: bool) -> None:
        self.muted.append((muted, self.peers[-1].gates if self.peers else (False, False)))

    def peer(self, *arguments: object) -> Peer:
        self.peers.append(Peer())
        return self.peers[-1]

    async def nothing(self) -> None:
        pass

    open_camera = close_camera = open_sound = close_sound = close_microphone = nothing


def signal(body: object) -> p.Signaled:
    return p.Signaled("call0001", "door", 0, msgspec.Raw(msgspec.json.encode(body)))


async def until(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not fact():  # noqa: ASYNC110 - facts of fakes that tell nobody
            await asyncio.sleep(0.001)


@pytest.fixture
async def media() -> Media:
    return Media()


@pytest.fixture
async def conductor(media: Media) -> AsyncIterator[Conductor]:
    made = Conductor(media, lambda *signaled: None, tail=0.01)
    made.start()
    yield made
    for peer in media.peers:
        peer.go.set()
    await made.close()
    assert all(peer.closed for peer in media.peers)


@pytest.mark.parametrize("body", [[], 3, "offer", None])
async def test_a_signal_that_is_no_object_is_left_out(
    conductor: Conductor, media: Media, body: object
) -> None:
    conductor.apply(TALK)
    await until(lambda: bool(media.peers))
    media.peers[0].go.set()
    conductor.signaled(signal(body))
    conductor.signaled(signal({"kind": "offer"}))
    await until(lambda: media.peers[0].handled == [{"kind": "offer"}])


async def test_a_failure_costs_the_transport_not_the_next_call(
    conductor: Conductor, media: Media
) -> None:
    conductor.apply(TALK)
    await until(lambda: bool(media.peers))
    media.peers[0].go.set()
    conductor.signaled(signal({"kind": "bomb"}))
    await until(lambda: media.peers[0].closed)
    conductor.apply(None)
    conductor.apply(replace(TALK, call_id="call0002"))
    await until(lambda: len(media.peers) == 2)


async def test_gates_shut_at_once_and_stay_shut_behind_a_slow_transport(
    conductor: Conductor, media: Media
) -> None:
    conductor.apply(TALK)
    await until(lambda: bool(media.peers))
    assert media.peers[0].gates == (True, True)
    conductor.apply(None)  # while start() still waits
    assert media.peers[0].gates == (False, False)
    media.peers[0].go.set()
    await until(lambda: media.peers[0].closed)
    assert media.peers[0].gates == (False, False)


async def test_a_muted_call_is_not_unmuted_by_its_end(conductor: Conductor, media: Media) -> None:
    conductor.apply(replace(TALK, muted=True))
    await until(lambda: bool(media.peers))
    media.peers[0].go.set()
    conductor.apply(None)
    assert not any(not muted and gates[0] for muted, gates in media.muted)
