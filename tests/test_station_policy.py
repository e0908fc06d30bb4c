"""Auto-answer: who, when, how."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intercom.config import AnswerConfig
from intercom.station.policy import AutoAnswer, decide, is_quiet


def test_off_by_default() -> None:
    assert decide(AnswerConfig(), "desk", "12:00") == "auto-answer is off"


def test_an_unknown_caller_rings() -> None:
    answer = decide(AnswerConfig(kind="consult", allow=("desk",)), "stranger", "12:00")
    assert answer == '"stranger" is not in [answer] allow'


@pytest.mark.parametrize(
    ("kind", "muted", "expected"),
    [
        ("normal", False, AutoAnswer(3.0, tone=False, send=True, muted=False)),
        ("consult", False, AutoAnswer(3.0, tone=True, send=True, muted=False)),
        ("consult", True, AutoAnswer(3.0, tone=True, send=True, muted=True)),
        ("announce", False, AutoAnswer(3.0, tone=True, send=False, muted=True)),
    ],
)
def test_kinds(kind: str, muted: bool, expected: AutoAnswer) -> None:
    config = AnswerConfig(kind=kind, allow=("desk",), muted=muted)  # type: ignore[arg-type]
    assert decide(config, "desk", "12:00") == expected


@pytest.mark.parametrize(
    ("start", "end", "clock", "quiet"),
    [
        ("22:00", "07:00", "23:59", True),
        ("22:00", "07:00", "00:00", True),
        ("22:00", "07:00", "06:59", True),
        ("22:00", "07:00", "07:00", False),
        ("22:00", "07:00", "21:59", False),
        ("12:00", "14:00", "12:00", True),
        ("12:00", "14:00", "14:00", False),
        ("", "", "03:00", False),
        ("12:00", "", "12:30", False),
        ("12:00", "12:00", "12:00", False),
    ],
)
def test_quiet_hours(start: str, end: str, clock: str, quiet: bool) -> None:
    config = AnswerConfig(quiet_from=start, quiet_to=end)
    assert is_quiet(config, clock) is quiet


CLOCK = st.builds(lambda h, m: f"{h:02}:{m:02}", st.integers(0, 23), st.integers(0, 59))


@given(start=CLOCK, end=CLOCK, clock=CLOCK)
def test_quiet_hours_and_their_complement_make_the_day(start: str, end: str, clock: str) -> None:
    there = AnswerConfig(quiet_from=start, quiet_to=end)
    back = AnswerConfig(quiet_from=end, quiet_to=start)
    if start != end:
        assert is_quiet(there, clock) is not is_quiet(back, clock)


def test_quiet_hours_let_it_ring() -> None:
    config = AnswerConfig(kind="consult", allow=("desk",), quiet_from="22:00", quiet_to="07:00")
    assert isinstance(decide(config, "desk", "12:00"), AutoAnswer)
    assert "quiet hours" in str(decide(config, "desk", "23:00"))
