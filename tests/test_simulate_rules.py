"""The simulator's rules: a history that keeps them, and for each rule one that breaks it."""

from __future__ import annotations

import pytest

from intercom import Event
from intercom.errors import Code
from intercom.simulate.check_records import RecordRow, check_records
from intercom.simulate.checker import Checker
from intercom.simulate.entries import Added, Asked, Did, Entry, Faulted, Moved

from .simulate_history import (
    CAST,
    GROUP,
    TALK,
    accepts,
    busy,
    dialed,
    ends,
    heard,
    moved,
    rings,
    who,
)


def broken(entries: list[Entry], ticks: float = 100.0) -> set[str]:
    """The rules that a history breaks."""
    checker = Checker(CAST)
    for entry in entries:
        checker.take(entry)
    checker.sample(ticks, [])
    assert checker.count == len(checker.violations)
    return {violation.rule for violation, _ in checker.violations}


def without(entries: list[Entry], number: int) -> list[Entry]:
    """The same without one entry; counted from the end."""
    return entries[:number] + entries[number + 1 :] if number != -1 else entries[:-1]


def test_a_good_history_breaks_nothing() -> None:
    checker = Checker(CAST)
    for entry in TALK:
        checker.take(entry)
    checker.sample(100, [])
    checker.over(100)
    assert checker.violations == []


@pytest.mark.parametrize(
    ("rule", "entries"),
    [
        ("1a", without(TALK, -1)),
        ("1b", [*TALK, TALK[-1]]),
        ("1b", [*TALK, *ends(30, "cem.1", "one")[1:]]),
        ("1b", [*TALK[:-2], *ends(20.1, "ann.1", "two")[1:]]),
        ("1c", [*TALK, heard(21, "ann.1", Event.RINGING, "one", user_id="bob")]),
        ("1c", [*TALK, heard(21, "ann.1", Event.TEXT, user_id="bob", text="late")]),
        ("1c", [*TALK[:8], heard(10.2, "bob.1", Event.INVITED, "one"), *TALK[8:]]),
        ("1d", [*TALK, *rings(30, "dan.1", "two"), *ends(31, "dan.1", "two", seconds=1)]),
        ("1d", [*TALK, *rings(30, "dan.1", "two"), *ends(31, "dan.1", "two", reason="bored")]),
        ("1e", [*TALK[:12], heard(12.2, "ann.1", Event.USER_ENTER, user_id="bob"), *TALK[12:]]),
        ("1e", [*TALK[:12], heard(12.2, "ann.1", Event.USER_LEAVE, user_id="cem"), *TALK[12:]]),
        ("3b", [*TALK, *dialed(40, "dan.1", "two", "bob"), busy(40.1, "dan.1", "two", "bob")]),
        ("3d", [entry for entry in TALK if not isinstance(entry, Asked)]),
        ("4", [*GROUP, *accepts(12.1, "cem.1", "one")]),
        ("8a", [Did(*who(40, "ann.1"), "accept", took=20.0)]),
        ("8b", [Did(*who(40, "ann.1"), "call", took=0.1, error=Code.BAD_PARAMETER)]),
        ("8b", [Did(*who(40, "ann.1"), "call", took=0.1, error=Code.PROTOCOL)]),
    ],
)  # fmt: skip
def test_a_broken_rule_is_found(rule: str, entries: list[Entry]) -> None:
    assert rule in broken(entries)


OFFLINE = [
    *TALK,
    *dialed(40, "dan.1", "two", "bob"),
    heard(40.1, "dan.1", Event.NO_RESP, "two", user_id_list=["bob"], reason="offline"),
    *ends(40.1, "dan.1", "two", reason="offline"),
]


def test_offline_is_told_of_who_is_offline_only() -> None:
    assert broken(OFFLINE) == {"3c"}
    gone = [Did(*who(35, device), "logout", 0.0) for device in ("bob.1", "bob.2")]
    assert broken([*TALK, *gone, *OFFLINE[len(TALK) :]]) == set()
    faults = [Faulted(*who(35, "bob.1"), "freeze", 4.0)]
    assert broken([*TALK, *faults, *OFFLINE[len(TALK) :]]) == set()


@pytest.mark.parametrize(
    "reason",
    [
        dialed(38, "bob.2", "three", "cem"),
        rings(38, "bob.2", "three"),
        dialed(38, "cem.1", "three", "bob"),  # rung, though its device does not know yet
        [Asked(*who(39, "bob.1"), "two", "reject_busy")],
    ],
    ids=["calls", "rings", "is called", "says so"],
)
def test_busy_is_told_of_who_is_busy(reason: list[Entry]) -> None:
    begins = dialed(37, "cem.1", "three", "dan") if isinstance(reason[0], Moved) else []
    told = [*dialed(38.5, "dan.1", "two", "bob"), busy(40, "dan.1", "two", "bob")]
    found = broken([*TALK, *begins, *reason, *told])
    assert "3b" not in found


def test_one_that_is_added_takes_no_first_answer_call_away() -> None:
    added = Added(*who(13, "ann.1"), "one", ("dan",), 10)
    assert "4" not in broken(
        [*GROUP, added, *rings(13, "dan.1", "one"), *accepts(14, "dan.1", "one")]
    )


def test_glare_is_one_call_with_one_end() -> None:
    glare = [
        *dialed(10, "ann.1", "one", "bob"),
        *dialed(10, "bob.1", "two", "ann"),
        moved(10.1, "ann.1", "one", "one", "connected"),
        moved(10.1, "bob.1", "two", "one", "connected", merged=True),
        heard(10.1, "bob.1", Event.USER_ACCEPT, "one", user_id="ann"),
        *ends(15, "ann.1", "one", 5),
        *ends(15, "bob.1", "one", 5),
    ]
    checker = Checker(CAST)
    for entry in glare:
        checker.take(entry)
    checker.over(20)
    assert checker.violations == []
    [call] = checker.facts.all()
    assert call.ids == {"one", "two"}
    row = RecordRow("two", "bob", "", answered=True, reason="hangup", parties={"ann": "answered"})
    assert list(check_records(checker.facts, [row], [], 20)) == []
