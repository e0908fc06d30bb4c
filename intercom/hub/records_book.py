"""Makes rows of what the exchange tells: the calls that go on, and who missed one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import msgspec

from intercom import protocol as p
from intercom.hub.calls import ANSWERED, AnsweredBy, Fact, Finished, Opened, Party
from intercom.hub.missed import OUTCOMES, MissedCalls, Pair
from intercom.hub.records_clock import Clock
from intercom.hub.records_ledger import CallRow
from intercom.protocol import Reason


class Book:
    """The calls of one run. `missed` has those that nobody has seen yet."""

    def __init__(self, clock: Clock, days: float) -> None:
        self._clock = clock
        self._number = 0
        self._open: dict[str, CallRow] = {}
        self.missed = MissedCalls(clock, days)

    def note(self, fact: Fact) -> tuple[CallRow | None, list[Pair]]:
        """Return the row to be written, and the missed calls that are given up for newer ones."""
        match fact:
            case Opened(call_id=call_id):
                self._open[call_id] = self._begin(fact, fact.callees)
                return self._open[call_id], []
            case AnsweredBy(call_id=call_id, user_id=user):
                if call_id in self._open:
                    self._open[call_id] = self._answer(self._open[call_id], user)
                return self._open.get(call_id), []
            case Finished():
                row = self._finish(fact)
                return row, self._who_missed(row)

    def break_off(self) -> list[CallRow]:
        """The hub goes: what goes on is lost with it. Return the rows, completed."""
        now, rows = self._clock.steady(), list(self._open.values())
        self._open.clear()
        return [_broken_off(row, now) for row in rows]

    def leave(self, told: Finished, message: str, since: float) -> list[Pair]:
        """A message was left with a call that began `since` seconds ago: its parties missed it.

        Return the missed calls that are given up for it.
        """
        at, given_up = self._clock.steady() - since, list[Pair]()
        for party in told.parties:
            call = _missed(told, party)
            call = msgspec.structs.replace(call, message=message)
            given_up += self.missed.add(party.user_id, call, at)
        return given_up

    def _begin(self, told: Opened | Finished, callees: Iterable[str] = ()) -> CallRow:
        self._number += 1
        return CallRow(
            self._number,
            told.call_id,
            told.sponsor,
            told.group_id,
            told.type,
            self._clock.steady(),
            tuple(Party(user, "", rang=False, seconds=0) for user in callees),
        )

    def _answer(self, row: CallRow, user: str) -> CallRow:
        now = self._clock.steady()
        parties = {party.user_id: party for party in row.parties}
        parties[user] = Party(user, ANSWERED, rang=True, seconds=0)
        row = replace(row, parties=tuple(parties.values()), came={**row.came, user: now})
        if row.answered_at is None:
            row = replace(row, answered_at=now, rung=now - row.started)
        return row

    def _finish(self, told: Finished) -> CallRow:
        now = self._clock.steady()
        row = self._open.pop(told.call_id, None) or self._begin(told)
        answered_at = now - told.duration if row.answered_at is None else row.answered_at
        return replace(
            row,
            type=told.type,
            parties=told.parties,
            answered_at=answered_at if told.answered else None,
            ended_at=now,
            reason=told.reason,
            ended_by=told.ended_by,
            rung=told.rung,
            duration=told.duration,
        )

    def _who_missed(self, row: CallRow) -> list[Pair]:
        given_up: list[Pair] = []
        for party in row.parties:
            if party.outcome in OUTCOMES:
                given_up += self.missed.add(party.user_id, _missed(row, party), row.started)
        return given_up


def _missed(call: CallRow | Finished, party: Party) -> p.MissedCall:
    reason, group_id = Reason(party.outcome), call.group_id
    return p.MissedCall(call.call_id, call.sponsor, call.type, reason, 0.0, group_id=group_id)


def _broken_off(row: CallRow, now: float) -> CallRow:
    """What a call is recorded as that the hub leaves: who still rings has missed it."""
    if row.answered_at is None:
        parties = tuple(replace(party, outcome=str(Reason.LOST)) for party in row.parties)
        return replace(
            row, parties=parties, ended_at=now, reason=Reason.LOST, rung=now - row.started
        )
    parties = tuple(
        replace(party, seconds=int(now - row.came.get(party.user_id, now))) for party in row.parties
    )
    duration = int(now - row.answered_at)
    return replace(row, parties=parties, ended_at=now, reason=Reason.LOST, duration=duration)
