"""Do not disturb: a switch that a person turns, and the hours of the day do; the last one counts.
PURE.

Times are local ones, "HH:MM".
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from intercom.config import AnswerConfig


@dataclass(frozen=True)
class Quiet:
    """Whether it is quiet here (`on`), and whether the hours say so (`hours`)."""

    on: bool
    hours: bool


def within(start: str, end: str, clock: str) -> bool:
    """Tell whether `clock` lies between two times of day, which may span midnight; never if one of
    them is empty, or both are the same."""
    if not start or not end or start == end:
        return False
    if start < end:
        return start <= clock < end
    return clock >= start or clock < end


def begin(config: AnswerConfig, clock: str) -> Quiet:
    """Return how it is when the station starts."""
    hours = within(config.dnd_from, config.dnd_to, clock)
    return Quiet(config.do_not_disturb or hours, hours)


def tick(quiet: Quiet, config: AnswerConfig, clock: str) -> Quiet:
    """Return how it is at `clock`: at their borders, the hours turn the switch."""
    hours = within(config.dnd_from, config.dnd_to, clock)
    return quiet if hours == quiet.hours else Quiet(hours, hours)


def turned(quiet: Quiet, on: bool) -> Quiet:
    """Return how it is once a person has turned the switch."""
    return replace(quiet, on=on)


def refuses(quiet: Quiet, config: AnswerConfig, caller: str) -> bool:
    """Tell whether a call of `caller` must not be heard now."""
    return quiet.on and caller not in config.dnd_allow
