"""What the exchange keeps and says: sessions, calls, events, effects. PURE."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Protocol

from intercom import protocol as p
from intercom.protocol import DEAD_CALL, LOST_GRACE, CallType, Reason

SWITCH_GRACE = 15.0
"""Seconds that the others have to consent to a switch to video."""
MISSED_KEPT = 2 * (DEAD_CALL + LOST_GRACE)
"""Seconds that the end of a call is kept for a member that may not have heard it."""


class Directory(Protocol):
    """Who there is, and who may do what. Each refusal is a sentence; None means yes."""

    def exists(self, user_id: str) -> bool:
        """Tell whether the user is known."""

    def name(self, user_id: str) -> str:
        """Return the name to show."""

    def names(self) -> dict[str, str]:
        """Return everybody's name to show; empty when they are too many to be told."""

    def refuse_call(self, caller: str, callee: str) -> str | None:
        """Say why `caller` may not ring `callee`."""

    def refuse_door(self, user_id: str) -> str | None:
        """Say why the user may not open doors."""

    def door_seconds(self) -> float:
        """Return how long a door stays open."""


@dataclass
class Session:
    """One logged-in device. `secret` proves that a later login is the same client."""

    number: int
    user_id: str
    secret: str
    attached: bool = True

    def is_of(self, resumes: str) -> bool:
        """Tell, in constant time, whether a client proves to be this session's."""
        return _equal(self.secret, resumes)


@dataclass(frozen=True)
class Missed:
    """The end of a call, kept for the client that was in it."""

    secret: str
    ended: p.Ended

    def told_to(self, resumes: str, call_id: str) -> bool:
        """Tell whether a client that comes back to `call_id` is to hear of it."""
        return _equal(self.secret, resumes) and self.ended.call_id == call_id


def _equal(secret: str, offered: str) -> bool:
    return hmac.compare_digest(secret.encode(), offered.encode())


@dataclass
class Member:
    """One user's part in a call."""

    user_id: str
    joined: bool
    video: bool = True
    audio: bool = True
    rang: bool = False
    lost: bool = False


@dataclass(frozen=True)
class Switch:
    """A switch to video that waits for consent."""

    user_id: str
    session: int
    req: int


@dataclass
class HubCall:
    """A call, from the invitation to its end. Times are monotonic seconds."""

    call_id: str
    sponsor: str
    callee: str
    type: CallType
    early_media: bool
    data: str
    started: float
    deadline: float
    members: dict[str, Member] = field(default_factory=dict)
    answered: float | None = None
    switch: Switch | None = None

    def others(self, user_id: str) -> list[Member]:
        """Return the joined members but `user_id`."""
        return [m for m in self.members.values() if m.joined and m.user_id != user_id]

    def seconds(self, now: float) -> int:
        """Return the whole seconds that it has been connected."""
        return 0 if self.answered is None else int(now - self.answered)


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
class Finished:
    """A call is over: the facts of its record. Durations in seconds."""

    call_id: str
    sponsor: str
    callee: str
    type: CallType
    reason: Reason
    ended_by: str
    rung: float
    duration: int
    answered: bool


Effect = SendTo | CloseSession | StartTimer | StopTimer | Finished
