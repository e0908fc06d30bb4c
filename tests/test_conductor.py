"""The media follow the plan at once, whatever others send; a lost transport is replaced under the
same call, when that is of use and not before; each party of a call has a transport of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import pytest

from intercom import protocol as p
from intercom import transport as t
from intercom.conductor import Conductor
from intercom.mesh import Mesh
from intercom.plan import PeerPlan, Plan
from tests.media_rig import until

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


@pytest.fixture
async def rig(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    monkeypatch.setattr(t, "PATIENCE", 0.05)
    monkeypatch.setattr(t, "RETRY", 0.1)
    made = Rig()
    yield made
    await made.conductor.close()


async def test_the_offerer_tries_again_until_one_is_up(rig: Rig) -> None:
    await rig.call(offerer=True)
    rig.mesh.lost("flat")
    await until(lambda: len(rig.epochs) == 3)
    rig.mesh.connected("flat")
    await asyncio.sleep(0.3)
    assert rig.epochs == [0, 1, 2]
    assert "close" in rig.studio.made[0].told
    assert "send True True" in rig.studio.made[2].told


async def test_without_a_hub_the_old_one_is_kept_and_may_come_back(rig: Rig) -> None:
    await rig.call(offerer=True)
    rig.mesh.lost("flat")
    rig.mesh.hub(False)
    await asyncio.sleep(0.3)
    assert rig.epochs == [0]
    rig.mesh.connected("flat")  # its packets arrive again
    rig.mesh.hub(True)
    await asyncio.sleep(0.1)
    assert rig.epochs == [0]
    assert "close" not in rig.studio.made[0].told


async def test_when_the_hub_is_back_and_the_media_are_not_a_new_one_is_tried_at_once(
    rig: Rig,
) -> None:
    await rig.call(offerer=True)
    rig.mesh.hub(False)
    rig.mesh.lost("flat")
    rig.mesh.hub(True)
    await until(lambda: rig.epochs == [0, 1])


async def test_who_answered_waits_for_the_other_and_asks_only_when_it_moved(rig: Rig) -> None:
    await rig.call(offerer=False)
    rig.mesh.lost("flat")
    await asyncio.sleep(0.2)
    rig.mesh.moved(["192.0.2.99"])  # not the one in use
    await asyncio.sleep(0.05)
    assert rig.signals == []
    rig.mesh.moved(["192.0.2.1"])
    await until(lambda: rig.signals == [(0, t.RESTART)])
    rig.mesh.hub(False)
    rig.mesh.hub(True)  # the line that it was said on may have been dead
    await until(lambda: len(rig.signals) == 2)
    assert rig.epochs == [0]
    rig.signal(1, "offer")
    await until(lambda: rig.epochs == [0, 1])
    assert "offer" in rig.studio.made[1].told


async def test_the_offerer_is_asked_once_by_a_number(rig: Rig) -> None:
    await rig.call(offerer=True)
    rig.signal(0, t.RESTART)
    rig.signal(0, t.RESTART)  # the same wish, said again
    await until(lambda: rig.epochs == [0, 1])
    rig.mesh.connected("flat")
    await asyncio.sleep(0.2)
    assert rig.epochs == [0, 1]
    rig.mesh.moved(["192.0.2.1"])
    await until(lambda: rig.epochs[:3] == [0, 1, 2])


@pytest.mark.parametrize("body", [[], 3, "offer", None])
async def test_a_signal_that_is_no_object_is_left_out(rig: Rig, body: object) -> None:
    await rig.call(offerer=False)
    rig.signal_body(0, body)
    rig.signal(0, "offer")
    await until(lambda: "offer" in rig.studio.made[0].told)


async def test_more_signals_than_may_wait_are_dropped(rig: Rig) -> None:
    await rig.call(offerer=False)
    for number in range(t.SIGNALS + 50):
        rig.signal(0, f"s{number}")
    rig.signal(0, "late")
    await until(lambda: f"s{t.SIGNALS - 1}" in rig.studio.made[0].told)
    rig.signal(0, "later")
    await until(lambda: "later" in rig.studio.made[0].told)
    assert "late" not in rig.studio.made[0].told


async def test_a_failure_costs_the_transport_and_not_the_call(rig: Rig) -> None:
    await rig.call(offerer=True)
    rig.signal(0, "bomb")
    await until(lambda: rig.epochs == [0, 1])
    assert rig.studio.made[0].told[-1] == "close"
    assert rig.studio.made[1].gates == (True, True)


async def test_who_answered_asks_for_another_after_a_failure(rig: Rig) -> None:
    await rig.call(offerer=False)
    rig.signal(0, "bomb")
    await until(lambda: (0, t.RESTART) in rig.signals)


async def test_gates_shut_at_once_and_stay_shut_behind_a_slow_start(rig: Rig) -> None:
    rig.studio.slow = asyncio.Event()
    await rig.call(offerer=True)
    made = rig.studio.made[0]
    assert made.gates == (True, True)
    rig.conductor.apply(None)
    assert made.gates == (False, False)
    rig.studio.slow.set()
    await until(lambda: made.told[-1] == "close")
    assert made.gates == (False, False)


async def test_a_muted_call_is_not_unmuted_by_its_end(rig: Rig) -> None:
    await rig.call(offerer=True, muted=True)
    rig.conductor.apply(None)
    assert not any(not muted and gates[0] for muted, gates in rig.studio.mutes)


# -- several ---------------------------------------------------------------------------------


def peers_of(rig: Rig) -> list[tuple[str, int, bool]]:
    """Who has a transport, with its number, and whether it was closed."""
    return [(made.user_id, made.epoch, "close" in made.told) for made in rig.studio.made]


async def test_each_party_has_its_own_and_one_that_goes_costs_the_others_nothing(rig: Rig) -> None:
    await rig.call(offerer=True)
    rig.conductor.apply(replace(TALK, peers=(FLAT, DESK)))
    await until(lambda: len(rig.studio.made) == 2)
    rig.mesh.lost("desk")
    await until(lambda: rig.epochs == [0, 3000, 3001])
    rig.mesh.connected("desk")
    rig.conductor.apply(replace(TALK, peers=(FLAT,)))
    assert rig.studio.made[2].gates == (False, False)
    await until(lambda: ("desk", 3001, True) in peers_of(rig))
    assert ("flat", 0, False) in peers_of(rig)


async def test_a_higher_number_of_the_plan_is_a_new_transport_and_its_old_signals_are_late(
    rig: Rig,
) -> None:
    await rig.call(offerer=False)
    rig.signal(1, "offer")
    await until(lambda: rig.epochs == [0, 1])
    rig.conductor.apply(replace(TALK, peers=(replace(FLAT, epoch=7000, offerer=True),)))
    await until(lambda: rig.epochs == [0, 1, 7000])
    assert rig.studio.made[2].offerer
    rig.signal(1, "late")
    rig.signal(7000, "answer")
    await until(lambda: "answer" in rig.studio.made[2].told)
    assert not any("late" in made.told for made in rig.studio.made)


async def test_the_same_user_in_the_next_call_gets_a_new_transport(rig: Rig) -> None:
    await rig.call(offerer=True)
    rig.conductor.apply(replace(TALK, call_id="next"))
    await until(lambda: peers_of(rig) == [("flat", 0, True), ("flat", 0, False)])


async def test_a_signal_of_a_stranger_or_of_another_call_goes_nowhere(rig: Rig) -> None:
    await rig.call(offerer=False)
    raw = msgspec.Raw(b'{"kind": "offer"}')
    rig.mesh.signaled(p.Signaled("call", "stranger", 1, raw))
    rig.mesh.signaled(p.Signaled("other", "flat", 1, raw))
    rig.signal(0, "candidate")
    await until(lambda: "candidate" in rig.studio.made[0].told)
    assert rig.epochs == [0]
    assert "offer" not in rig.studio.made[0].told


class Nowhere:
    """A view that nobody looks at."""

    def show(self, frame: Any) -> None:
        """Nothing to show."""

    def clear(self) -> None:
        """Nothing to clear."""


async def test_a_view_is_kept_for_whoever_may_be_seen_now_or_later(rig: Rig) -> None:
    flat, desk = Nowhere(), Nowhere()
    rig.mesh.view("desk", desk)
    await rig.call(offerer=True)
    rig.mesh.view("flat", flat)
    rig.conductor.apply(replace(TALK, peers=(FLAT, replace(DESK, see=False))))
    await until(lambda: len(rig.studio.made) == 2)
    assert [made.shown for made in rig.studio.made] == [flat, None]
    rig.conductor.apply(replace(TALK, peers=(FLAT, DESK)))
    assert rig.studio.made[1].shown is desk
    rig.mesh.view("flat", None)
    assert rig.studio.made[0].shown is None


async def test_the_counters_are_told_by_user(rig: Rig) -> None:
    await rig.call(offerer=True)
    rig.conductor.apply(replace(TALK, peers=(FLAT, DESK)))
    await until(lambda: len(rig.studio.made) == 2)
    for made in rig.studio.made:
        made.stats = {"epoch": made.epoch}
    assert rig.mesh.stats() == {"flat": {"epoch": 0}, "desk": {"epoch": 3000}}
