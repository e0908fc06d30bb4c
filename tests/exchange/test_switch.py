"""Switching a call between audio and video."""

from __future__ import annotations

import pytest

from intercom import protocol as p
from intercom.errors import Code
from intercom.hub import calls as hc
from intercom.protocol import CallType, Reason

from .rig import C1, Hub, invite

# -- rule 12: switching ----------------------------------------------------------------------------


def to(hub: Hub, user: str, kind: CallType, req: int = 5) -> None:
    hub.do(user, p.SwitchType(req, C1, kind))


@pytest.fixture
def audio(connected: Hub) -> Hub:
    """A call that was switched to audio."""
    to(connected, "door", CallType.AUDIO)
    changed = p.TypeChanged(C1, CallType.VIDEO, CallType.AUDIO)
    assert connected.news("indoor") == [changed]
    assert connected.news("door") == [p.Ok(5), changed]
    return connected


def test_switching_to_video_needs_consent(audio: Hub) -> None:
    to(audio, "door", CallType.VIDEO)
    assert audio.news("indoor") == [p.TypeAsked(C1, "door", CallType.VIDEO)]
    audio.do("door", p.SwitchAnswer(C1, allow=True))  # nobody consents for the other
    assert audio.news("door") == []
    audio.do("indoor", p.SwitchAnswer(C1, allow=True))
    changed = p.TypeChanged(C1, CallType.AUDIO, CallType.VIDEO)
    assert audio.news("door") == [p.Ok(5), changed]
    assert audio.news("indoor") == [changed]


@pytest.mark.parametrize("how", ["no", "silence", "gone"])
def test_no_consent_no_video(audio: Hub, how: str) -> None:
    to(audio, "door", CallType.VIDEO)
    match how:
        case "no":
            audio.do("indoor", p.SwitchAnswer(C1, allow=False))
        case "silence":
            audio.wait(hc.SWITCH_GRACE)
        case "gone":
            audio.do("indoor", p.Hangup(C1))
    error = audio.one("door", p.Error)
    assert (error.req, error.code) == (5, Code.SWITCH_TO_VIDEO_FAILED)
    audio.do("indoor", p.SwitchAnswer(C1, allow=True))  # too late
    assert audio.news("door") == []


def test_one_question_at_a_time(audio: Hub) -> None:
    to(audio, "door", CallType.VIDEO)
    switch = p.SwitchType(6, C1, CallType.VIDEO)
    assert audio.refused("indoor", switch) is Code.SWITCH_TO_VIDEO_FAILED


def test_the_type_that_it_is_needs_no_switch(connected: Hub) -> None:
    to(connected, "door", CallType.VIDEO)
    assert connected.news("door") == [p.Ok(5)]
    assert connected.news("indoor") == []


# -- among several ---------------------------------------------------------------------------


@pytest.fixture
def three(hub: Hub) -> Hub:
    """An audio call of desk, ann and bob, in which the desk asked for video; cem still rings."""
    hub.do("desk", invite("ann", "bob", "cem", group=True, type=1))
    for user in ("ann", "bob"):
        hub.do(user, p.Accept(2, C1))
    hub.hush()
    to(hub, "desk", CallType.VIDEO)
    asked = [p.TypeAsked(C1, "desk", CallType.VIDEO)]
    assert hub.news("ann") == hub.news("bob") == asked
    assert hub.silent()
    return hub


CHANGED = p.TypeChanged(C1, CallType.AUDIO, CallType.VIDEO)


def test_all_must_allow(three: Hub) -> None:
    three.do("ann", p.SwitchAnswer(C1, allow=True))
    three.do("ann", p.SwitchAnswer(C1, allow=True))
    three.do("cem", p.SwitchAnswer(C1, allow=True))
    assert three.silent()
    three.do("bob", p.SwitchAnswer(C1, allow=True))
    assert three.news("desk") == [p.Ok(5), CHANGED]
    assert three.news("ann") == three.news("bob") == [CHANGED]
    assert not {("switch", C1)} & three.timers.keys()
    assert three.silent()


def test_one_may_deny(three: Hub) -> None:
    three.do("ann", p.SwitchAnswer(C1, allow=False))
    assert three.one("desk", p.Error).code == Code.SWITCH_TO_VIDEO_FAILED
    three.do("bob", p.SwitchAnswer(C1, allow=True))
    assert three.silent()


def test_one_that_leaves_need_not_be_asked(three: Hub) -> None:
    three.do("ann", p.SwitchAnswer(C1, allow=True))
    three.do("bob", p.Hangup(C1))
    assert three.news("desk") == [p.Left(C1, "bob", Reason.HANGUP), p.Ok(5), CHANGED]


def test_one_that_comes_in_is_asked_too(three: Hub) -> None:
    three.do("ann", p.SwitchAnswer(C1, allow=True))
    three.do("cem", p.Accept(2, C1))
    assert three.one("cem", p.TypeAsked).user_id == "desk"
    three.do("bob", p.SwitchAnswer(C1, allow=True))
    three.hush()
    three.do("cem", p.SwitchAnswer(C1, allow=True))
    assert CHANGED in three.news("cem")


def test_one_that_was_away_is_asked_again(three: Hub) -> None:
    three.do("ann", p.SwitchAnswer(C1, allow=True))
    for user in ("ann", "bob"):
        three.lose(user)
        three.back(user, C1)
    assert [type(m) for m in three.news("ann")] == [p.Welcome, p.Roster]
    assert [type(m) for m in three.news("bob")] == [p.Welcome, p.Roster, p.TypeAsked]


def test_without_the_asker_nothing_is_asked(three: Hub) -> None:
    three.do("desk", p.Hangup(C1))
    assert three.one("desk", p.Error).req == 5
    three.hush()
    for user in ("ann", "bob"):
        three.do(user, p.SwitchAnswer(C1, allow=True))
    assert three.silent()


def test_who_is_alone_asks_nobody(three: Hub) -> None:
    three.do("ann", p.SwitchAnswer(C1, allow=False))
    for user in ("ann", "bob"):
        three.do(user, p.Hangup(C1))
    three.hush()
    to(three, "desk", CallType.VIDEO, req=6)
    assert three.news("desk") == [p.Ok(6), CHANGED]
