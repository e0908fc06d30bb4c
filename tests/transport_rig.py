"""A conductor whose media are no media: it remembers what its peers were told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from intercom import protocol as p
from intercom import transport as t
from intercom.conductor import Conductor
from intercom.mesh import Mesh
from intercom.plan import PeerPlan, Plan

from .media_rig import until

FLAT = PeerPlan("flat", 0, offerer=True, send_audio=True, send_video=True, hear=True, see=True)
DESK = replace(FLAT, user_id="desk", epoch=3000)
TALK = Plan("call", camera=False, peers=(FLAT,))


@dataclass
class Transport:
    """Remembers what it was told."""

    user_id: str
    epoch: int
    offerer: bool
    told: list[str] = field(default_factory=list)
    gates: tuple[bool, bool] = (False, False)
    shown: t.View | None = None
    slow: asyncio.Event | None = None
    address: str = "192.0.2.1"
    stats: dict[str, Any] = field(default_factory=dict)

    async def start(self) -> None:
        self.told.append("start")
        if self.slow is not None:
            await self.slow.wait()

    async def handle(self, body: dict[str, Any]) -> None:
        self.told.append(body["kind"])
        if body["kind"] == "bomb":
            raise LookupError("not foreseen by anybody")

    def send(self, audio: bool, video: bool) -> None:
        self.told.append(f"send {audio} {video}")
        self.gates = audio, video

    def listen(self, audio: bool) -> None:
        """Not looked at here."""

    def view(self, view: t.View | None) -> None:
        self.shown = view

    def uses(self, addresses: Collection[str]) -> bool:
        return self.address in addresses

    async def close(self) -> None:
        self.told.append("close")


class Studio:
    """Media without devices; its transports are kept."""

    def __init__(self) -> None:
        self.made: list[Transport] = []
        self.slow: asyncio.Event | None = None
        self.mutes: list[tuple[bool, tuple[bool, bool]]] = []  # and the gates of that moment

    async def open_camera(self) -> None:
        """Nothing to open."""

    close_camera = open_sound = open_speaker = close_sound = close_microphone = open_camera

    def set_mic_mute(self, muted: bool) -> None:
        self.mutes.append((muted, self.made[-1].gates if self.made else (False, False)))

    def peer(
        self,
        call_id: str,
        user_id: str,
        epoch: int,
        offerer: bool,
        signal: Callable[[dict[str, Any]], None],
    ) -> Transport:
        self.made.append(Transport(user_id, epoch, offerer, slow=self.slow))
        return self.made[-1]


class Rig:
    """A conductor in a call."""

    def __init__(self) -> None:
        self.studio = Studio()
        self.signals: list[tuple[int, str]] = []
        self.conductor = Conductor(
            self.studio, lambda call, user, epoch, body: self.signals.append((epoch, body["kind"]))
        )

    async def call(self, offerer: bool, muted: bool = False) -> None:
        """Be in a call whose transport is up."""
        self.conductor.start()
        self.mesh.hub(True)
        plan = replace(TALK, peers=(replace(FLAT, offerer=offerer),), muted=muted)
        self.conductor.apply(plan)
        await until(lambda: self.studio.made and "start" in self.studio.made[0].told)
        self.mesh.connected("flat")

    @property
    def mesh(self) -> Mesh:
        """The conductor's."""
        return self.conductor.mesh

    def signal(self, epoch: int, kind: str) -> None:
        """The other side signals."""
        self.signal_body(epoch, {"kind": kind})

    def signal_body(self, epoch: int, body: object) -> None:
        """The other side signals anything."""
        raw = msgspec.Raw(msgspec.json.encode(body))
        self.mesh.signaled(p.Signaled("call", "flat", epoch, raw))

    @property
    def epochs(self) -> list[int]:
        """Of the transports made so far."""
        return [transport.epoch for transport in self.studio.made]
