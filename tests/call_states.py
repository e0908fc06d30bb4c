"""A sample of every state and every event of the call machine, for the tests that try them all."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import msgspec

from intercom import phases as ph
from intercom import protocol as p
from intercom.phases import State
from intercom.protocol import CallType, Reason

CALL, OTHER, LATE = "call-0001", "call-0002", "call-0003"
ME, PEER, THIRD = "indoor", "door", "desk"


def invited(call_id: str = CALL, sponsor: str = PEER) -> p.Invited:
    """An invitation to ME."""
    return p.Invited(call_id, sponsor, [ME], CallType.VIDEO, 30.0, 2, 1, data="hello")


def roster(call_id: str = CALL, *others: p.Present, **more: Any) -> p.Roster:
    """The hub's word that ME is in the call with PEER, or with `others`."""
    known = {"answered": True, **more}
    return p.Roster(call_id, PEER, CallType.VIDEO, 2, list(others) or [p.Present(PEER, 1)], **known)


JOINING = ph.Idle(joining=4)
INVITEE = ph.Other(PEER)
RINGS = ph.Other(PEER, 2, rang=True)
SPONSOR = ph.Other(PEER, 1, joined=True)
ANSWERED = ph.Other(PEER, 2, joined=True)
THIRD_IN, THIRD_RINGS = ph.Other(THIRD, 3, joined=True), ph.Other(THIRD, 3, rang=True)

CALLING = ph.Calling(CALL, ME, (INVITEE,), CallType.VIDEO, entry=1)
RUNG = replace(CALLING, others=(RINGS,))
RINGING = ph.Ringing(CALL, PEER, (SPONSOR,), CallType.VIDEO, entry=2)
CONNECTED = ph.Connected(CALL, PEER, (SPONSOR,), CallType.VIDEO, entry=2, since=100.0)
CALLED = ph.Connected(CALL, ME, (ANSWERED,), CallType.VIDEO, entry=1, since=100.0)
DIALING = replace(CALLING, group=True, others=(INVITEE, ph.Other(THIRD)))
GROUP = replace(CALLED, group=True, others=(ANSWERED, THIRD_RINGS))
THREE = replace(CALLED, group=True, others=(ANSWERED, THIRD_IN))

_CALLS: dict[State, list[ph.Calling | ph.Ringing | ph.Connected]] = {
    State.CALLING: [
        CALLING,
        RUNG,
        DIALING,
        replace(CALLING, waiting=invited(OTHER, THIRD)),
    ],
    State.RINGING: [RINGING, replace(RINGING, answering=True)],
    State.CONNECTED: [CONNECTED, GROUP, replace(CALLED, type=CallType.AUDIO, video=False)],
}
_HUB = [(False, False), (True, False), (True, True)]
STATES: dict[State, list[ph.Phase]] = {
    State.IDLE: [ph.Idle()],
    **{
        state: [
            replace(call, adrift=adrift, untold=untold)
            for call, (adrift, untold) in itertools.product(calls, _HUB)
        ]
        for state, calls in _CALLS.items()
    },
}
"""Every state, with each of its own conditions."""


def commands(call_id: str = CALL) -> dict[str, ph.Input]:
    """What users, the link and the timers say."""
    invite = p.Invite(1, call_id, CallType.VIDEO, [PEER])
    return {
        "the user calls": ph.Dialed(invite, ME),
        "the hub refuses the call": ph.DialFailed(call_id),
        "the user asks to be let into a call": ph.JoinAsked(3, call_id),
        "the hub lets nobody in": ph.JoinFailed(),
        "the user accepts": ph.Answered(2),
        "the hub refuses the accept": ph.AnswerFailed(call_id),
        "the user rejects": ph.Refused(),
        "the user hangs up": ph.HungUp(),
        "camera or microphone switched": ph.Opened(video=False, audio=False),
        "the hub is lost": ph.HubLost(),
        "the hub is back, and holds the call": ph.HubBack(call_id),
        "the hub is back without it": ph.HubBack(""),
        "the hub stays lost": ph.GraceOver(call_id),
    }


def messages(call_id: str = CALL) -> list[p.HubMessage]:
    """One of each message of the hub that names a call."""
    return [
        invited(call_id),
        p.Rang(call_id, PEER, 2),
        p.Accepted(call_id, PEER, 2, video=True, audio=False),
        roster(call_id),
        p.Invitees(call_id, [THIRD]),
        p.Merged(call_id, call_id, PEER, PEER, CallType.VIDEO, 1, 2),
        p.Left(call_id, PEER, Reason.LOST),
        p.Rejected(call_id, PEER),
        p.Busy(call_id, ME, PEER),
        p.NoResponse(call_id, [PEER], "timeout"),
        p.Ended(call_id, PEER, Reason.HANGUP, 7),
        p.Signaled(call_id, PEER, 0, msgspec.Raw(b"{}")),
        p.PeerAvailable(call_id, PEER, video=False, audio=True),
        p.TypeAsked(call_id, PEER, CallType.VIDEO),
        p.TypeChanged(call_id, CallType.VIDEO, CallType.AUDIO),
        p.Texted(call_id, PEER, "I am coming"),
        p.DoorOpened(call_id, PEER, 3.0),
    ]


LINK_MESSAGES: list[p.HubMessage] = [
    p.Welcome(1, "secret"),
    p.Pong(),
    p.Ok(1),
    p.Error(1, 8010, "no"),
    p.Kicked("elsewhere"),
    p.Reconnect(1.0),
    p.IceServers([]),
]
"""What names no call: the link takes these, and the machine must not care."""
