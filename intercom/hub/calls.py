"""What goes into the exchange and what comes out: directory, events, effects. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from intercom import protocol as p
from intercom.protocol import DEAD_CALL, LOST_GRACE, CallType, Reason

SWITCH_GRACE = 15.0
"""Seconds that the others have to consent to a switch to video."""
MISSED_KEPT = 2 * (DEAD_CALL + LOST_GRACE)
"""Seconds that the end of a call is kept for a member that may not have heard it."""
ANSWERED = "answered"
"""The outcome of a party that was in the call; the other outcomes are Reasons."""


@dataclass(frozen=True)
class Group:
    """Users who are rung together; `first_answer`: the first to accept has the call alone."""

    members: tuple[str, ...]
    first_answer: bool = False


class Directory(Protocol):
    """Who there is, and who may do what. Each refusal is a sentence; None means yes."""

    def exists(self, user_id: str) -> bool:
        """Tell whether the user is known."""

    def name(self, user_id: str) -> str:
        """Return the name to show."""

    def names(self) -> dict[str, str]:
        """Return everybody's name to show; empty when they are too many to be told."""

    def multi_device(self, user_id: str) -> bool:
        """Tell whether the user may be logged in with several devices at once."""

    def group(self, group_id: str) -> Group | None:
        """Return a group; None when there is none of that ID."""

    def group_max(self) -> int:
        """Return how many can be connected in one call."""

    def refuse_call(self, caller: str, callee: str) -> str | None:
        """Say why `caller` may not ring `callee`."""

    def refuse_group(self, caller: str, group_id: str) -> str | None:
        """Say why `caller` may not ring the group as such."""

    def refuse_door(self, user_id: str) -> str | None:
        """Say why the user may not open doors."""

    def door_seconds(self) -> float:
        """Return how long a door stays open."""


# -- events ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class LoggedIn:
    """A socket proved to be `user_id`; `resumes` is the secret of its former session."""

    session: int
    user_id: str
    secret: str
    resumes: str = ""
    call_id: str = ""
    version: int = p.VERSION
    ice_servers: tuple[dict[str, str | list[str]], ...] = ()
    missed: tuple[p.MissedCall, ...] = ()


@dataclass(frozen=True)
class Received:
    """A message of a logged-in session."""

    session: int
    message: p.ClientMessage


@dataclass(frozen=True)
class Detached:
    """The session's socket is gone."""

    session: int


@dataclass(frozen=True)
class TimerFired:
    """A timer that StartTimer asked for."""

    key: tuple[str, str]


Input = LoggedIn | Received | Detached | TimerFired

# -- effects ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class SendTo:
    """Give the message to the session."""

    session: int
    message: p.HubMessage


@dataclass(frozen=True)
class CloseSession:
    """Close the session's socket after what was sent."""

    session: int


@dataclass(frozen=True)
class StartTimer:
    """Feed TimerFired(key) after `seconds`; a key that runs is started anew."""

    key: tuple[str, str]
    seconds: float


@dataclass(frozen=True)
class StopTimer:
    """Forget the timer; unknown keys are fine."""

    key: tuple[str, str]


@dataclass(frozen=True)
class Opened:
    """A call begins: it rings, or ends at once. `callees`: all who were called, reached or not."""

    call_id: str
    sponsor: str
    group_id: str
    type: CallType
    callees: tuple[str, ...]


@dataclass(frozen=True)
class AnsweredBy:
    """Somebody but the sponsor is in for the first time. `call_id`: that of its `Opened`."""

    call_id: str
    user_id: str


@dataclass(frozen=True)
class Party:
    """What became of one who was called (or joined): ANSWERED or a Reason, and seconds in it."""

    user_id: str
    outcome: str
    rang: bool
    seconds: int


@dataclass(frozen=True)
class Finished:
    """A call is over: the facts of its record. Durations in seconds.

    `call_id` and `sponsor` are those of its `Opened`, also when two calls became one under the
    other's ID. The sponsor is no party.
    """

    call_id: str
    sponsor: str
    group_id: str
    type: CallType
    reason: Reason
    ended_by: str
    rung: float
    duration: int
    answered: bool
    parties: tuple[Party, ...]


Fact = Opened | AnsweredBy | Finished
"""What goes into the records."""
Effect = SendTo | CloseSession | StartTimer | StopTimer | Fact
