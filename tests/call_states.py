"""A sample of every state and every event of the call machine, for the tests that try them all."""

from __future__ import annotations

import itertools
from dataclasses import replace

import msgspec

from intercom import phases as ph
from intercom import protocol as p
from intercom.phases import State
from intercom.protocol import CallType, Reason

CALL, OTHER, LATE = "call-0001", "call-0002", "call-0003"
ME, PEER, THIRD = "indoor", "door", "desk"


def invited(call_id: str = CALL, sponsor: str = PEER) -> p.Invited:
    """An invitation to ME."""
    return p.Invited(call_id, sponsor, [ME], CallType.VIDEO, 30.0, data="hello")


CALLING = ph.Calling(CALL, sponsor=ME, peer=PEER, type=CallType.VIDEO)
RINGING = ph.Ringing(CALL, sponsor=PEER, peer=PEER, type=CallType.VIDEO)
CONNECTED = ph.Connected(CALL, sponsor=PEER, peer=PEER, type=CallType.VIDEO, since=100.0)

_CALLS: dict[State, list[ph.Calling | ph.Ringing | ph.Connected]] = {
    State.CALLING: [
        CALLING,
        replace(CALLING, rung=True),
        replace(CALLING, waiting=invited(OTHER, THIRD)),
    ],
    State.RINGING: [RINGING, replace(RINGING, answering=True)],
    State.CONNECTED: [CONNECTED, replace(CONNECTED, sponsor=ME, type=CallType.AUDIO, video=False)],
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
    invite = p.Invite(1, call_id, PEER, CallType.VIDEO)
    return {
        "the user calls": ph.Dialed(invite, ME),
        "the hub refuses the call": ph.DialFailed(call_id),
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
        p.Rang(call_id, PEER),
        p.Accepted(call_id, PEER, video=True, audio=False),
        p.Merged(call_id, call_id, PEER, PEER, CallType.VIDEO),
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
]
"""What names no call: the link takes these, and the machine must not care."""
