"""A lost transport is replaced under the same call, when that is of use and not before."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from intercom import transport as t
from tests.media_rig import until
from tests.transport_rig import FLAT, TALK, Rig


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


async def test_an_offer_that_was_lost_is_made_again(rig: Rig) -> None:
    rig.conductor.start()
    rig.mesh.hub(True)
    rig.conductor.apply(TALK)
    await until(lambda: rig.epochs[:3] == [0, 1, 2])
    rig.mesh.connected("flat")
    await asyncio.sleep(0.3)
    assert rig.epochs == [0, 1, 2]


async def test_who_was_never_offered_anything_asks_for_it(rig: Rig) -> None:
    rig.conductor.start()
    rig.mesh.hub(True)
    rig.conductor.apply(replace(TALK, peers=(replace(FLAT, offerer=False),)))
    await until(lambda: rig.signals[:2] == [(0, t.RESTART), (0, t.RESTART)])
    rig.signal(1, "offer")
    await until(lambda: rig.epochs == [0, 1])
    rig.mesh.connected("flat")
    asked = len(rig.signals)
    await asyncio.sleep(0.3)
    assert len(rig.signals) == asked


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
