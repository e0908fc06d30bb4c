"""What the media may do, in every state that there is."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, TypeVar

import pytest

from intercom.phases import Calling, Connected, Idle, Ringing
from intercom.plan import plan
from intercom.protocol import CallType

BOTH = (False, True)
C = TypeVar("C", Calling, Ringing, Connected)


def calls(kind: type[C], flag: str) -> Iterator[C]:
    """Every call of that state: who rang, what is sent, its type, and its own flag."""
    names = ("sponsor", "type", "early_media", "video", "audio", flag)
    for values in itertools.product(("door", "indoor"), CallType, BOTH, BOTH, BOTH, BOTH):
        fields: dict[str, Any] = dict(zip(names, values, strict=True))
        yield kind("call-0001", peer="door", **fields)


BEFORE = [*calls(Calling, "rung"), *calls(Ringing, "answering")]
CONNECTEDS = list(calls(Connected, "since"))


def test_idle_has_no_plan() -> None:
    assert plan(Idle()) is None


@pytest.mark.parametrize("call", BEFORE, ids=repr)
def test_before_the_accept_only_early_media_goes_out(call: Calling | Ringing) -> None:
    made = plan(call)
    assert made is not None
    assert not made.send_audio
    assert not made.hear
    early = isinstance(call, Calling) and call.early_media
    assert made.send_video == (early and call.video and call.type is CallType.VIDEO)
    assert made.see == (isinstance(call, Ringing) and call.early_media)


@pytest.mark.parametrize("call", CONNECTEDS, ids=repr)
def test_in_a_call_everything_goes(call: Connected) -> None:
    made = plan(call)
    assert made is not None
    assert made.connect
    assert made.send_audio
    assert made.hear
    assert made.see
    assert made.muted == (not call.audio)
    assert made.send_video == (call.video and call.type is CallType.VIDEO)


@pytest.mark.parametrize("call", [*BEFORE, *CONNECTEDS], ids=repr)
def test_no_picture_leaves_without_an_open_camera(call: Calling | Ringing | Connected) -> None:
    made = plan(call)
    assert made is not None
    assert made.camera == (call.video and call.type is CallType.VIDEO)
    assert made.camera or not made.send_video
    assert (made.call_id, made.peer) == (call.call_id, call.peer)


def test_transports_come_up_while_it_rings_at_both_sides() -> None:
    for rung in BOTH:
        made = plan(Calling("call-0001", "door", "indoor", CallType.VIDEO, rung=rung))
        assert made is not None
        assert made.connect == rung
    made = plan(Ringing("call-0001", "door", "door", CallType.VIDEO))
    assert made is not None
    assert made.connect


def test_one_side_offers_before_and_after_the_accept() -> None:
    """Whoever rang offers, at both sides and in both states: a change would cost a transport."""
    for state in (Calling, Connected):
        made = plan(state("call-0001", "door", "indoor", CallType.VIDEO))
        assert made is not None
        assert made.offerer
    for other in (Ringing, Connected):
        made = plan(other("call-0001", "door", "door", CallType.VIDEO))
        assert made is not None
        assert not made.offerer
