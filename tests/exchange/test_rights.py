"""Who may say what in a call at the hub, and who hears it."""

from __future__ import annotations

import msgspec
import pytest

from intercom import protocol as p
from intercom.config import GroupConfig, UserConfig
from intercom.errors import Code, IllegalEvent, ProtocolError
from intercom.hub import calls as hc
from intercom.hub.keys import Keys
from intercom.hub.talking import BODY_MAX
from intercom.protocol import CallType

from .rig import C1, Hub, config, invite


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (invite("door"), Code.BAD_PARAMETER),
        (invite("nobody"), Code.UNKNOWN_USER),
        (p.Accept(1, C1), Code.INVITATION_GONE),
        (p.SendText(1, C1, "x"), Code.INVITATION_GONE),
        (p.Hello((1, 1), "door", "x"), Code.PROTOCOL),
    ],
)
def test_what_is_refused_changes_nothing(hub: Hub, message: p.ClientMessage, code: Code) -> None:
    assert hub.refused("door", message) is code


def test_who_may_call_whom(keys: Keys) -> None:
    users = {"door": UserConfig(may_call=("desk",)), "indoor": UserConfig()}
    hub = Hub(keys, config(users=users, groups={}))
    hub.login("door")
    assert hub.refused("door", invite("indoor")) is Code.NOT_PERMITTED


def test_a_call_id_in_use_is_refused(connected: Hub) -> None:
    connected.login("desk")
    assert connected.refused("desk", invite("indoor", call_id=C1)) is Code.BAD_PARAMETER


def test_strangers_cannot_reach_into_a_call(connected: Hub) -> None:
    for message in (
        p.Hangup(C1),
        p.Reject(C1),
        p.Ringing(C1),
        p.Available(C1, video=False, audio=False),
        p.Signal(C1, "indoor", 0, msgspec.Raw(b"{}")),
        p.SwitchAnswer(C1, allow=True),
    ):
        connected.do("desk", message)
    for request in (
        p.Accept(1, C1),
        p.SendText(1, C1, "x"),
        p.OpenDoor(1, C1),
        p.SwitchType(1, C1, CallType.AUDIO),
    ):
        assert connected.refused("desk", request) is Code.INVITATION_GONE
    assert connected.news("door") == connected.news("indoor") == []


def test_signals_pass_while_it_rings_and_only_to_members(ringing: Hub) -> None:
    ringing.news("indoor")
    body = msgspec.Raw(b'{"kind":"offer"}')
    for user in ("indoor", "desk", "door", "nobody"):
        ringing.do("door", p.Signal(C1, user, 1, body))
    assert ringing.news("indoor") == [p.Signaled(C1, "door", 1, body)]
    assert ringing.news("desk") == []


def test_before_the_accept_nobody_sees_what_the_callee_does(ringing: Hub) -> None:
    ringing.news("door")
    ringing.do("indoor", p.Available(C1, video=False, audio=False))
    for early in (p.SendText(3, C1, "x"), p.OpenDoor(3, C1), p.SwitchType(3, C1, CallType.AUDIO)):
        assert ringing.refused("indoor", early) is Code.INVITATION_GONE
    ringing.do("indoor", p.SwitchAnswer(C1, allow=True))
    assert ringing.news("door") == []


def test_who_may_open_the_door(connected: Hub) -> None:
    assert connected.refused("door", p.OpenDoor(3, C1)) is Code.NOT_PERMITTED
    connected.do("indoor", p.OpenDoor(3, C1))
    opened = p.DoorOpened(C1, "indoor", 3.0)
    assert connected.news("door") == [opened]
    assert connected.news("indoor") == [opened, p.Ok(3)]


def test_a_text_goes_to_the_others(connected: Hub) -> None:
    connected.do("indoor", p.SendText(3, C1, "coming"))
    assert connected.news("door") == [p.Texted(C1, "indoor", "coming")]
    assert connected.news("indoor") == [p.Ok(3)]


def test_an_accept_comes_once(connected: Hub) -> None:
    assert connected.refused("indoor", p.Accept(3, C1)) is Code.INVITATION_GONE


def test_the_dead_say_nothing(hub: Hub) -> None:
    """Events of sockets that are gone, and timers of calls that are over."""
    hub.lose("desk")
    for event in (
        hc.Received(hub.sockets["desk"], invite("indoor")),
        hc.Detached(hub.sockets["desk"]),
        hc.TimerFired(("ring", "door")),
        hc.TimerFired(("lost", "door")),
        hc.TimerFired(("switch", C1)),
        hc.TimerFired(("missed", "door")),
        hc.TimerFired(("away", "door")),
    ):
        hub.feed(event)
    assert hub.news("indoor") == hub.news("door") == []
    with pytest.raises(IllegalEvent, match='"lunch"'):
        hub.feed(hc.TimerFired(("lunch", "door")))


def test_a_signal_that_would_fit_no_message_is_refused(connected: Hub) -> None:
    """With the names around it, it would be longer for the hub than it was for its sender."""
    body = msgspec.Raw(b'"%s"' % (b"x" * (BODY_MAX - 2)))
    connected.do("door", p.Signal(C1, "indoor", 2**53 - 1, body))
    [passed] = connected.news("indoor")
    long = "u" * 64
    assert isinstance(passed, p.Signaled)
    p.encode(msgspec.structs.replace(passed, call_id=long, user_id=long))
    body = msgspec.Raw(b'"%s"' % (b"x" * (BODY_MAX - 1)))
    assert connected.refused("door", p.Signal(C1, "indoor", 1, body)) is Code.PROTOCOL


@pytest.mark.parametrize("kind", CallType)
def test_in_an_audio_call_nobody_has_a_picture(hub: Hub, kind: CallType) -> None:
    """Whatever a client says of itself; in a video call, it is what it says."""
    seen = kind is CallType.VIDEO
    hub.do("desk", invite("ann", "bob", group=True, type=kind))
    assert hub.one("ann", p.Invited).video is seen
    hub.do("ann", p.Accept(2, C1, video=True))
    assert hub.one("desk", p.Accepted).video is seen
    assert hub.one("ann", p.Roster).others[0] == p.Present("desk", 1, video=seen)
    hub.do("ann", p.Available(C1, video=True, audio=False))
    assert hub.one("desk", p.PeerAvailable).video is seen
    hub.do("bob", p.Reject(C1))
    hub.do("bob", p.Join(3, C1, video=True))
    assert hub.one("desk", p.Accepted).video is seen
    hub.do("bob", p.Available(C1, video=False, audio=True))
    assert not hub.one("desk", p.PeerAvailable).video


def test_a_refusal_of_many_fits_into_a_message(keys: Keys) -> None:
    members = tuple(f"{'u' * 60}{n:04d}" for n in range(600))
    users = dict.fromkeys(members, UserConfig()) | {"door": UserConfig(may_call=())}
    groups = {"all": GroupConfig(members=members)}
    hub = Hub(keys, config(users=users, groups=groups))
    hub.login("door")
    with pytest.raises(ProtocolError, match="; and 597 more") as refused:
        hub.do("door", invite(group=True, group_id="all"))
    p.encode(p.Error(1, refused.value.code, refused.value.message))
