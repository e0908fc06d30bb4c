"""The simulator's rules on what is left: what clients think, what processes hold, the records."""

from __future__ import annotations

from typing import Any

import pytest

from intercom import State
from intercom.simulate.check_records import Down, RecordRow, check_records
from intercom.simulate.check_size import HubSize, OwnSize, check_hub, check_own
from intercom.simulate.checker import Checker
from intercom.simulate.entries import Entry, Snapshot
from intercom.simulate.facts import Facts

from .simulate_history import CAST, TALK

# -- what clients think ----------------------------------------------------------------------


def thinks(device: str, call_id: str = "one", *members: str, **more: Any) -> Snapshot:
    """What a client thinks: connected, with these."""
    known: dict[str, Any] = {"state": State.CONNECTED, "type": 2, "linked": True} | more
    named = frozenset(members)
    return Snapshot(device, device[:3], call_id=call_id, members=named, **known)


GOOD = [
    thinks("ann.1", "one", "bob"),
    thinks("bob.1", "one", "ann"),
    thinks("cem.1", "", state=State.IDLE),
]


@pytest.mark.parametrize(
    ("rules", "seen"),
    [
        (set(), GOOD),
        ({"2b"}, [thinks("ann.1", "one", "bob", "cem"), *GOOD[1:]]),
        ({"2b"}, [thinks("ann.1", "one", "bob"), thinks("bob.1", "", state=State.IDLE)]),
        ({"2b", "2c"}, [*GOOD, thinks("bob.2", "one", "ann", "bob")]),
        ({"2d"}, [GOOD[0], thinks("bob.1", "one", "ann", type=1)]),
        ({"2e"}, [*GOOD, thinks("dan.1", "one", state=State.RINGING)]),
        ({"2b", "3a"}, [*GOOD, thinks("bob.2", "two", "dan")]),
        (set(), [*GOOD, thinks("dan.1", "two", "ann", linked=False)]),
    ],
)  # fmt: skip
def test_clients_that_differ_are_found(rules: set[str], seen: list[Snapshot]) -> None:
    checker = Checker(CAST)
    checker.quiet(10, seen, seen)
    assert {violation.rule for violation, _ in checker.violations} == rules


def test_a_word_on_its_way_is_no_difference() -> None:
    checker = Checker(CAST)
    checker.quiet(10, [thinks("ann.1", "one", "bob", "cem"), *GOOD[1:]], GOOD)
    assert checker.violations == []


def test_nobody_is_alone_or_in_two_calls_for_long() -> None:
    checker = Checker(CAST)
    alone = [thinks("ann.1", "one", "bob")]
    twice = [thinks("bob.1", "two", "cem"), thinks("bob.2", "three", "dan")]
    others = [thinks("cem.1", "two", "bob"), thinks("dan.1", "three", "bob")]
    for second in range(40):
        checker.sample(second, alone + twice + others)
    assert checker.violations == []
    checker.sample(50, alone + twice + others)
    assert {violation.rule for violation, _ in checker.violations} == {"2a", "3a"}


def test_who_is_still_in_a_call_at_the_end_is_found() -> None:
    checker = Checker(CAST)
    for entry in TALK[:-4]:
        checker.take(entry)
    checker.over(30)
    assert {violation.rule for violation, _ in checker.violations} == {"1a", "5a"}


# -- what is left ----------------------------------------------------------------------------

FRESH, WARM, END = HubSize(40, 20, 0, 0), HubSize(60, 50, 9, 3), HubSize(61, 22, 0, 0)


@pytest.mark.parametrize(
    ("rules", "end"),
    [
        (set(), END),
        ({"5b"}, HubSize(61, 22, 0, 1)),
        ({"5d"}, HubSize(61, 22, 2, 0)),
        ({"6a"}, HubSize(90, 22, 0, 0)),
        ({"6b"}, HubSize(61, 40, 0, 0)),
    ],
)
def test_what_a_hub_keeps_is_found(rules: set[str], end: HubSize) -> None:
    assert {violation.rule for violation in check_hub(9, FRESH, WARM, end)} == rules


@pytest.mark.parametrize("more", [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_what_the_clients_keep_is_found(more: tuple[int, int, int]) -> None:
    before = OwnSize(3, 20, 2)
    assert list(check_own(9, before, OwnSize(2, 20, 2))) == []
    after = OwnSize(3 + more[0], 20 + more[1], 2 + more[2])
    assert [violation.rule for violation in check_own(9, before, after)] == ["6c"]


# -- the records -----------------------------------------------------------------------------

ROW = RecordRow("one", "ann", "", answered=True, reason="hangup", parties={"bob": "answered"})


def facts_of(entries: list[Entry]) -> Facts:
    """What is known of the calls of a history."""
    facts = Facts()
    for entry in entries:
        facts.take(entry)
    return facts


def row(**changes: Any) -> RecordRow:
    """A record of the call of TALK that is not as it should be."""
    fields = {name: getattr(ROW, name) for name in RecordRow.__dataclass_fields__}
    return RecordRow(**(fields | changes))


@pytest.mark.parametrize(
    ("rules", "rows"),
    [
        (set(), [ROW]),
        ({"7a"}, []),
        ({"7a"}, [ROW, ROW]),
        ({"7b"}, [ROW, row(call_id="two")]),
        ({"7c"}, [row(reason=None)]),
        ({"7d"}, [row(sponsor="bob", parties={"bob": "answered", "ann": "answered"})]),
        ({"7d"}, [row(answered=False)]),
        ({"7d"}, [row(parties={"bob": "no_response"})]),
        ({"7d"}, [row(parties={"bob": "answered", "cem": "answered"})]),
        ({"7d"}, [row(parties={"bob": "answered", "cem": "canceled"})]),
    ],
)
def test_a_wrong_record_is_found(rules: set[str], rows: list[RecordRow]) -> None:
    assert {violation.rule for violation in check_records(facts_of(TALK), rows, [], 99)} == rules


@pytest.mark.parametrize(
    ("at", "killed", "lost"), [(12.5, True, True), (12.5, False, False), (19, True, False)]
)
def test_a_record_may_be_lost_by_a_sigkill_right_after(at: float, killed: bool, lost: bool) -> None:
    found = list(check_records(facts_of(TALK), [], [Down(at, killed)], 99))
    assert (found == []) is lost


@pytest.mark.parametrize(
    ("at", "killed", "lost"),
    [(14.5, True, True), (14.5, False, False), (17, True, False), (None, False, False)],
)
def test_who_came_in_long_before_a_sigkill_is_in_the_record(
    at: float | None, killed: bool, lost: bool
) -> None:
    """In a call that is cut off, who came in last may be left out, and nobody else."""
    facts = facts_of(TALK)
    facts.calls["one"].connected["cem"] = 14
    downs = [] if at is None else [Down(at, killed)]
    found = {violation.rule for violation in check_records(facts, [ROW], downs, 99)}
    assert found == (set() if lost else {"7d"})
