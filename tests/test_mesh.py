"""Each party of a call has a transport of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from intercom import protocol as p
from tests.media_rig import until
from tests.transport_rig import DESK, FLAT, TALK, Rig


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
