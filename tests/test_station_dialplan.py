"""Whom the call button rings next."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intercom.config import CallConfig, PlanStep
from intercom.protocol import Reason
from intercom.station.dialplan import Target, alone, following, leads_on, steps, target

PLAN = (
    PlanStep(ring="anna", seconds=15),
    PlanStep(ring="group:family", hours="08:00-18:00"),
    PlanStep(ring="office", hours="18:00-08:00"),
    PlanStep(message=True, seconds=60),
)
CLOCK = st.builds(lambda h, m: f"{h:02}:{m:02}", st.integers(0, 23), st.integers(0, 59))
STEP = st.builds(
    PlanStep,
    ring=st.just("anna"),
    hours=st.one_of(st.just(""), st.builds("{}-{}".format, CLOCK, CLOCK)),
    message=st.booleans(),
)


def run(plan: Sequence[PlanStep], clock: str, messages: bool) -> list[int]:
    """Return the steps that are taken when nobody answers."""
    taken, number = list[int](), following(plan, -1, clock, messages)
    while number is not None:
        taken.append(number)
        number = following(plan, number, clock, messages)
    return taken


@pytest.mark.parametrize(
    ("clock", "messages", "taken"),
    [
        ("12:00", True, [0, 1, 3]),
        ("12:00", False, [0, 1]),
        ("08:00", False, [0, 1]),
        ("18:00", True, [0, 2, 3]),
        ("03:00", False, [0, 2]),
    ],
)
def test_steps_out_of_their_hours_are_skipped(clock: str, messages: bool, taken: list[int]) -> None:
    assert run(PLAN, clock, messages) == taken


def test_a_callee_alone_is_a_plan_of_one_step() -> None:
    assert steps(CallConfig(callee="anna", timeout=20)) == (PlanStep(ring="anna", seconds=20),)
    assert steps(CallConfig(callee="anna", plan=PLAN)) == PLAN
    assert steps(CallConfig()) == alone("", 30) == ()


def test_users_and_groups() -> None:
    assert target("anna") == Target(user_id="anna")
    assert target("group:family") == Target(group_id="family")


@pytest.mark.parametrize("reason", Reason)
def test_what_leads_on(reason: Reason) -> None:
    expected = reason in {"no_response", "line_busy", "offline", "reject"}
    assert leads_on(str(reason)) is expected


@given(st.lists(STEP, max_size=8), CLOCK, st.booleans())
def test_each_step_is_taken_once_at_most_and_the_plan_ends(
    plan: list[PlanStep], clock: str, messages: bool
) -> None:
    taken = run(plan, clock, messages)
    assert taken == sorted(set(taken))
    assert {n for n, step in enumerate(plan) if not step.hours and not step.message} <= set(taken)
    assert messages or not any(plan[number].message for number in taken)
