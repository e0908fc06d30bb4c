"""The calls that nobody took a while ago: with whom their caller may leave a message, once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from intercom.errors import Code
from intercom.hub.calls import Fact, Finished
from intercom.hub.messages import MessageError

KEPT = 600.0
"""Seconds after the end of a call in which a message may be left."""
CALLS_MAX = 1000
"""Calls that are remembered at most; then the oldest is forgotten."""


class _Use(Enum):
    FREE = "free"
    CLAIMED = "claimed"
    LEFT = "left"


@dataclass
class _Call:
    fact: Finished
    ended: float
    use: _Use = _Use.FREE


class Unanswered:
    """What the exchange's facts say of them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._calls: dict[str, _Call] = {}  # oldest first

    def note(self, fact: Fact) -> None:
        """Take what the exchange tells of a call."""
        if not isinstance(fact, Finished):
            return
        self._calls.pop(fact.call_id, None)
        if fact.answered or not fact.parties:
            return
        self._calls[fact.call_id] = _Call(fact, self._clock())
        if len(self._calls) > CALLS_MAX:
            del self._calls[next(iter(self._calls))]

    def claim(self, user_id: str, call_ids: Sequence[str]) -> list[Finished]:
        """Return these calls, of this caller, for it to leave a message with them.

        Nobody else can until `settle`. Raises MessageError, and claims none, when one of them is
        unknown, answered, too old, another one's, or has a message.
        """
        calls = [self._must_be_of(user_id, call_id) for call_id in dict.fromkeys(call_ids)]
        for call in calls:
            call.use = _Use.CLAIMED
        return [call.fact for call in calls]

    def settle(self, facts: Sequence[Finished], *, left: bool) -> None:
        """The message was left, or was not and may be tried again."""
        for fact in facts:
            call = self._calls.get(fact.call_id)
            if call is not None and call.fact is fact:
                call.use = _Use.LEFT if left else _Use.FREE

    def since(self, fact: Finished) -> float:
        """Return how many seconds ago the call began to ring; 0 for one that is forgotten."""
        call = self._calls.get(fact.call_id)
        return 0.0 if call is None else self._clock() - call.ended + fact.rung

    def _must_be_of(self, user_id: str, call_id: str) -> _Call:
        call = self._calls.get(call_id)
        if call is None or self._clock() - call.ended > KEPT:
            raise MessageError(
                404, Code.INVITATION_GONE,
                f"no call {call_id} has ended unanswered within {KEPT / 60:.0f} minutes",
            )  # fmt: skip
        if call.fact.sponsor != user_id:
            raise MessageError(
                403, Code.NOT_PERMITTED, f'call {call_id} was not made by "{user_id}"'
            )
        if call.use is not _Use.FREE:
            raise MessageError(
                409, Code.INVITATION_GONE, f"a message was left with call {call_id} already"
            )
        return call
