"""What the call machine of `intercom.call` is made of: states, events, effects. PURE."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from intercom import protocol as p
from intercom.events import Event
from intercom.protocol import CallType, Reason


class State(StrEnum):
    """What `Calling.state` shows."""

    IDLE = "idle"
    CALLING = "calling"
    RINGING = "ringing"
    CONNECTED = "connected"


# -- states ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Other:
    """Another party of the call; one that is not `joined` is being rung.

    `entry` is the hub's number of its part in the call, 0 while unknown; `rang`: its device rings,
    for us; `early`: we promised it early media.
    """

    user_id: str
    entry: int = 0
    joined: bool = False
    rang: bool = False
    video: bool = True
    audio: bool = True
    early: bool = False


Parts = tuple[tuple[str, int], ...]
"""Calls that were left, each with the number of our part in it: a higher one is a new part."""


@dataclass(frozen=True)
class Idle:
    """No call. `joining`: the request to be let into one, or 0; `over`: the last parts left."""

    call_id: ClassVar[str] = ""
    joining: int = 0
    over: Parts = field(default=(), compare=False)


@dataclass(frozen=True)
class Call:
    """What every state of a call knows. `video`, `audio`: what this side sends.

    `sponsor`: who called (a callee's: who called it); `others`: without this user, in the order in
    which they came; `entry`: the number of our own part, 0 while unknown; `group`: more may come.
    `adrift`: the hub is lost, and a grace runs; `untold`: what we send changed meanwhile; `shut`:
    the user closed the camera, and no change of the call's type opens it; `over`: the last parts
    that were left.
    """

    call_id: str
    sponsor: str
    others: tuple[Other, ...]
    type: CallType
    entry: int = 0
    group: bool = False
    video: bool = True
    audio: bool = True
    adrift: bool = False
    untold: bool = False
    shut: bool = False
    over: Parts = field(default=(), compare=False)

    @property
    def joined(self) -> tuple[Other, ...]:
        """The others that are in the call."""
        return tuple(other for other in self.others if other.joined)

    @property
    def invitees(self) -> tuple[str, ...]:
        """Who is being rung."""
        return tuple(other.user_id for other in self.others if not other.joined)

    @property
    def peer(self) -> str:
        """Who stands for the other side: the first that is in the call, or else is rung."""
        named = self.joined or self.others
        return named[0].user_id if named else self.sponsor

    def other(self, user_id: str) -> Other | None:
        """Return what is known of another party."""
        return next((other for other in self.others if other.user_id == user_id), None)


@dataclass(frozen=True)
class Calling(Call):
    """Ringing out. `waiting` is an invitation that crossed ours and is the hub's to settle."""

    waiting: p.Invited | None = None

    @property
    def rung(self) -> bool:
        """Whether it rings anywhere."""
        return any(other.rang for other in self.others)


@dataclass(frozen=True)
class Ringing(Call):
    """Ringing in. `early_media`: we are shown who calls; `answering`: accepted here, not yet
    confirmed by the hub.
    """

    early_media: bool = False
    answering: bool = False


@dataclass(frozen=True)
class Connected(Call):
    """In a call since `since` (monotonic seconds)."""

    since: float = 0.0


Phase = Idle | Calling | Ringing | Connected


def was_left(phase: Phase, call_id: str, entry: int = 0) -> bool:
    """Tell whether we were in that call, and have left the part `entry` of it, or a later one."""
    return any(call_id == left and entry <= part for left, part in phase.over)


def part_left(phase: Phase, call_id: str) -> int:
    """Return the last part of that call that we left, or 0."""
    return max((part for left, part in phase.over if call_id == left), default=0)


def state_of(phase: Phase) -> State:
    """Return the public name of a state."""
    match phase:
        case Calling():
            return State.CALLING
        case Ringing():
            return State.RINGING
        case Connected():
            return State.CONNECTED
        case _:
            return State.IDLE


# -- events ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Dialed:
    """The user calls `invite.user_ids`, or a group."""

    invite: p.Invite
    me: str


@dataclass(frozen=True)
class DialFailed:
    """The hub refused the invitation of `call_id`."""

    call_id: str
    reason: Reason = Reason.ERROR


@dataclass(frozen=True)
class JoinAsked:
    """The user asks to be let into a running call; `req` numbers the request."""

    req: int
    call_id: str = ""
    video: bool = True


@dataclass(frozen=True)
class JoinFailed:
    """The hub did not let us into the call, or nobody waits for it any more."""


@dataclass(frozen=True)
class Answered:
    """The user accepts; `req` numbers the request."""

    req: int
    call_id: str | None = None


@dataclass(frozen=True)
class AnswerFailed:
    """The hub did not let us accept `call_id`."""

    call_id: str


@dataclass(frozen=True)
class Refused:
    """The user rejects the ringing call."""

    call_id: str | None = None
    busy: bool = False


@dataclass(frozen=True)
class HungUp:
    """The user (or, by `reason`, a failure on this side) ends whatever there is."""

    reason: Reason = Reason.HANGUP


@dataclass(frozen=True)
class Opened:
    """Camera (`video`) or microphone (`audio`) of this side changed; None leaves it."""

    video: bool | None = None
    audio: bool | None = None


@dataclass(frozen=True)
class HubLost:
    """The link to the hub is down."""


@dataclass(frozen=True)
class HubBack:
    """Logged in again; `call_id` is the call that the hub still holds for us, or empty."""

    call_id: str


@dataclass(frozen=True)
class GraceOver:
    """The timer of `call_id` that HubLost started went off."""

    call_id: str


Command = (
    Dialed | DialFailed | JoinAsked | JoinFailed | Answered | AnswerFailed | Refused | HungUp
    | Opened | HubLost | HubBack | GraceOver
)  # fmt: skip
Input = Command | p.HubMessage


# -- effects ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Send:
    """Give the message to the hub."""

    message: p.Message


@dataclass(frozen=True)
class Emit:
    """Tell the user's handlers."""

    event: Event
    payload: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StartGrace:
    """After `seconds` feed GraceOver(call_id), unless StopGrace comes first."""

    call_id: str
    seconds: float


@dataclass(frozen=True)
class StopGrace:
    """The hub is back, or the call is over."""


Effect = Send | Emit | StartGrace | StopGrace
Step = tuple[Phase, list[Effect]]
