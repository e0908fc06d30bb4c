"""The calls that users missed and have not seen: what each is told at its login."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec

from intercom import protocol as p
from intercom.hub.records_clock import Clock
from intercom.hub.records_ledger import DAY, MissedRow
from intercom.hub.records_schema import NO_CLOCK
from intercom.protocol import MEMBERS_MAX, Reason

log = logging.getLogger(__name__)

OUTCOMES = frozenset({Reason.NO_RESPONSE, Reason.OFFLINE, Reason.CANCELED, Reason.LOST})
"""A party to which this happened did not get the call, and did not refuse it."""
USERS_MAX = 4096
"""Users whose missed calls are kept at most; then those of who was called longest ago go."""
BYTES = 16 * 1024
"""How much of a welcome they may take at most; it has the names of 200 users as well."""

Pair = tuple[str, str]
"""A user and the call that it missed."""


@dataclass(frozen=True, slots=True)
class _Entry:
    call: p.MissedCall
    at: float  # unix seconds if `dated`, else steady ones of this run
    dated: bool = False


class MissedCalls:
    """Kept in memory: a login must not wait for a disk. MEMBERS_MAX of a user, USERS_MAX users."""

    def __init__(self, clock: Clock, days: float) -> None:
        self._clock = clock
        self._seconds = days * DAY
        self._users: dict[str, dict[str, _Entry]] = {}  # both oldest first

    def load(self, rows: Iterable[MissedRow]) -> None:
        """Take over what an earlier run wrote, oldest first; it stands before what is known."""
        known, self._users = self._users, {}
        for row in rows:
            try:
                call = msgspec.convert(
                    {"call_id": row.call_id, "caller": row.caller, "type": row.type,
                     "reason": row.reason, "ago": 0.0, "group_id": row.group_id,
                     "message": row.message},
                    p.MissedCall,
                )  # fmt: skip
            except msgspec.ValidationError as error:
                log.warning("a record of a missed call is damaged and left out: %s", error)
                continue
            dated = row.started >= NO_CLOCK
            at = row.started if dated else self._clock.steady()
            self._newest(row.user_id)[row.call_id] = _Entry(call, at, dated)
        for user, calls in known.items():
            self._newest(user).update(calls)
        self._users = dict(list(self._users.items())[-USERS_MAX:])

    def add(self, user_id: str, call: p.MissedCall, at: float) -> list[Pair]:
        """Note that the user missed a call at `at` (steady); return what is given up for it."""
        calls = self._newest(user_id)
        calls.pop(call.call_id, None)
        calls[call.call_id] = _Entry(call, at)
        given_up = self.seen(user_id, list(calls)[:-MEMBERS_MAX])
        if len(self._users) > USERS_MAX:
            oldest = next(iter(self._users))
            given_up += self.seen(oldest, list(self._users[oldest]))
        return given_up

    def seen(self, user_id: str, call_ids: Iterable[str]) -> list[Pair]:
        """Forget these; return those that were known."""
        calls = self._users.get(user_id, {})
        found = [(user_id, call) for call in call_ids if calls.pop(call, None) is not None]
        if not calls:
            self._users.pop(user_id, None)
        return found

    def of(self, user_id: str, name: Callable[[str], str]) -> tuple[p.MissedCall, ...]:
        """Return the user's, newest first; `name` gives the one to show of a user."""
        found: list[p.MissedCall] = []
        room = BYTES
        for entry in reversed(self._users.get(user_id, {}).values()):
            ago = self._ago(entry)
            shown = name(entry.call.caller)
            call = msgspec.structs.replace(entry.call, ago=round(ago, 1), name=shown)
            room -= len(msgspec.json.encode(call)) + 1
            if room < 0 or len(found) == MEMBERS_MAX:
                break
            if ago <= self._seconds:
                found.append(call)
        return tuple(found)

    def _newest(self, user_id: str) -> dict[str, _Entry]:
        """Return the calls of a user that is called now: of all users, it stays longest."""
        calls = self._users[user_id] = self._users.pop(user_id, {})
        return calls

    def _ago(self, entry: _Entry) -> float:
        now = self._clock.wall() if entry.dated else self._clock.steady()
        return max(0.0, now - entry.at)
