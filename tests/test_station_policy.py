"""Auto-answer: who, when, how."""

from __future__ import annotations

import pytest

from intercom.config import AnswerConfig
from intercom.station.policy import AutoAnswer, decide


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


def test_quiet_hours_let_it_ring() -> None:
    config = AnswerConfig(kind="consult", allow=("desk",), quiet_from="22:00", quiet_to="07:00")
    assert isinstance(decide(config, "desk", "12:00"), AutoAnswer)
    assert "quiet hours" in str(decide(config, "desk", "23:00"))
