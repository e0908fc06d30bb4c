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
class Idle:
    """No call. `over`: the last calls that were left."""

    call_id: ClassVar[str] = ""
    over: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Call:
    """What every state of a call knows. `video`, `audio`: what this side sends.

    `adrift`: the hub is lost, and a grace runs; `untold`: what we send changed meanwhile; `shut`:
    the user closed the camera, and no change of the call's type opens it; `over`: the last calls
    that were left.
    """

    call_id: str
    sponsor: str
    peer: str
    type: CallType
    early_media: bool = False
    video: bool = True
    audio: bool = True
    adrift: bool = False
    untold: bool = False
    shut: bool = False
    over: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Calling(Call):
    """Ringing out. `waiting` is an invitation that crossed ours and is the hub's to settle."""

    rung: bool = False
    waiting: p.Invited | None = None


@dataclass(frozen=True)
class Ringing(Call):
    """Ringing in. `answering`: accepted here, not yet confirmed by the hub."""

    answering: bool = False


@dataclass(frozen=True)
class Connected(Call):
    """In a call since `since` (monotonic seconds)."""

    since: float = 0.0


Phase = Idle | Calling | Ringing | Connected


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
    """The user calls `invite.user_id`."""

    invite: p.Invite
    me: str


@dataclass(frozen=True)
class DialFailed:
    """The hub refused the invitation of `call_id`."""

    call_id: str
    reason: Reason = Reason.ERROR


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
    Dialed | DialFailed | Answered | AnswerFailed | Refused | HungUp | Opened
    | HubLost | HubBack | GraceOver
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
