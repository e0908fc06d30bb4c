"""What the media may do, in every state that there is."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from intercom.phases import Calling, Connected, Idle, Other, Ringing
from intercom.plan import EPOCHS, PeerPlan, Plan, plan
from intercom.protocol import CallType

from .call_states import CALLED, CALLING, CONNECTED, GROUP, RINGING, RUNG, THIRD, THREE

BOTH = (False, True)
DOOR = Other("door", 2, rang=True)
C = TypeVar("C", Calling, Ringing, Connected)


def calls(kind: type[C], **fields: Any) -> Iterator[C]:
    """Every call of that state: its type, and what is sent."""
    names = ("type", "video", "audio")
    for values in itertools.product(CallType, BOTH, BOTH):
        known: dict[str, Any] = dict(zip(names, values, strict=True))
        yield kind("call-0001", "me", **(fields | known))


IN = replace(DOOR, joined=True)
EARLY = replace(DOOR, early=True)
BEFORE = [
    *calls(Calling, others=(DOOR,), entry=1),
    *calls(Calling, others=(EARLY,), entry=1),
    *calls(Ringing, others=(IN,), entry=3),
    *calls(Ringing, others=(IN,), entry=3, early_media=True),
]
CONNECTEDS = list(calls(Connected, others=(IN,), entry=1))


def made(call: Calling | Ringing | Connected) -> Plan:
    """The plan, which a call always has."""
    found = plan(call)
    assert found is not None
    return found


def only(call: Calling | Ringing | Connected) -> PeerPlan:
    """The one transport of a call between two."""
    (peer,) = made(call).peers
    return peer


def test_idle_has_no_plan() -> None:
    assert plan(Idle()) is None


@pytest.mark.parametrize("call", BEFORE, ids=repr)
def test_before_the_accept_only_early_media_goes_out(call: Calling | Ringing) -> None:
    peer = only(call)
    assert not peer.send_audio
    assert not peer.hear
    early = call.others[0].early
    assert peer.send_video == (early and call.video and call.type is CallType.VIDEO)
    assert peer.see == (isinstance(call, Ringing) and call.early_media)


@pytest.mark.parametrize("call", CONNECTEDS, ids=repr)
def test_in_a_call_everything_goes(call: Connected) -> None:
    peer = only(call)
    assert peer.send_audio
    assert peer.hear
    assert peer.see
    assert made(call).muted == (not call.audio)
    assert peer.send_video == (call.video and call.type is CallType.VIDEO)


@pytest.mark.parametrize("call", [*BEFORE, *CONNECTEDS], ids=repr)
def test_no_picture_leaves_without_an_open_camera(call: Calling | Ringing | Connected) -> None:
    found = made(call)
    assert found.call_id == call.call_id
    assert found.camera == (call.video and call.type is CallType.VIDEO)
    assert found.camera or not only(call).send_video


def test_transports_come_up_while_it_rings_at_both_sides() -> None:
    assert made(CALLING).peers == ()
    assert only(RUNG).user_id == only(RINGING).user_id == "door"


def test_both_sides_agree_who_offers_and_on_the_number_before_and_after_the_accept() -> None:
    """A change would cost a transport."""
    caller = [only(RUNG), only(CALLED)]
    callee = [only(RINGING), only(CONNECTED)]
    assert [peer.offerer for peer in caller + callee] == [True, True, False, False]
    assert {peer.epoch for peer in caller + callee} == {2 * EPOCHS}


def test_in_a_group_each_pair_has_one_transport_and_one_who_offers() -> None:
    """Two of four, seen from both sides, whatever the order in which they came."""
    entries = {"a": 1, "b": 4, "c": 2, "d": 9}
    plans = {
        me: made(replace(THREE, entry=entries[me], others=tuple(
            Other(user, entry, joined=True) for user, entry in entries.items() if user != me
        )))
        for me in entries
    }  # fmt: skip
    for me, other in itertools.permutations(entries, 2):
        (there,) = (peer for peer in plans[me].peers if peer.user_id == other)
        (back,) = (peer for peer in plans[other].peers if peer.user_id == me)
        assert there.offerer != back.offerer
        assert there.epoch == back.epoch


def test_who_is_rung_into_a_call_hears_nothing_of_it_yet() -> None:
    talking, ringing = made(GROUP).peers
    assert talking.hear
    assert ringing == PeerPlan(THIRD, 3 * EPOCHS, offerer=True)


def test_a_part_taken_anew_gets_a_new_transport() -> None:
    before = {peer.user_id: peer.epoch for peer in made(THREE).peers}
    back = replace(THREE, others=(replace(THREE.others[0], entry=8), THREE.others[1]))
    after = {peer.user_id: peer.epoch for peer in made(back).peers}
    assert after["door"] >= before["door"] + EPOCHS
    assert after[THIRD] == before[THIRD]
