"""Whom the call button rings, one after the other. PURE.

A plan is a sequence of steps. One that is outside its hours is skipped, and so is the visitor's
message where nothing can take it. Who does not answer, is busy, offline or refuses leads to the
next step at once; whoever answers, and a visitor who hangs up, ends the plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from intercom.config import CallConfig, PlanStep
from intercom.protocol import Reason
from intercom.station.quiet import within

GROUP = "group:"
"""What stands before the ID of a group where a user could stand."""

LEADS_ON = frozenset({Reason.NO_RESPONSE, Reason.LINE_BUSY, Reason.OFFLINE, Reason.REJECT})
"""Why a call that was never answered may have ended for the next step to be tried."""


class Target(NamedTuple):
    """Whom a step rings: one of the two is set."""

    user_id: str = ""
    group_id: str = ""


def target(ring: str) -> Target:
    """Take "anna" or "group:family" apart."""
    if ring.startswith(GROUP):
        return Target(group_id=ring.removeprefix(GROUP))
    return Target(user_id=ring)


def steps(config: CallConfig) -> tuple[PlanStep, ...]:
    """Return what the call button does: the plan, or else one step that rings the callee."""
    if config.plan:
        return config.plan
    return alone(config.callee, config.timeout)


def alone(ring: str, seconds: int) -> tuple[PlanStep, ...]:
    """Return a plan that rings one user or group, or nobody for an empty name."""
    return (PlanStep(ring=ring, seconds=seconds),) if ring else ()


def following(
    plan: Sequence[PlanStep], after: int, clock: str, messages: bool = False
) -> int | None:
    """Return the number of the next step to take after step `after` (-1: the first); None: no more.

    `messages`: a visitor's message can be taken here.
    """
    for number in range(after + 1, len(plan)):
        step = plan[number]
        if _in_hours(step.hours, clock) and (messages or not step.message):
            return number
    return None


def leads_on(reason: str) -> bool:
    """Tell whether a call that ended so, unanswered, leads to the next step."""
    return reason in LEADS_ON


def _in_hours(hours: str, clock: str) -> bool:
    start, _, end = hours.partition("-")
    return not hours or within(start, end, clock)
