"""Do not disturb: the hours turn the switch, and so does a person; the last one counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intercom.config import AnswerConfig
from intercom.station.quiet import Quiet, begin, refuses, tick, turned, within

NIGHT = AnswerConfig(dnd_from="22:00", dnd_to="07:00", dnd_allow=("anna",))
CLOCK = st.builds(lambda h, m: f"{h:02}:{m:02}", st.integers(0, 23), st.integers(0, 59))


@pytest.mark.parametrize(
    ("start", "end", "clock", "inside"),
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
        ("", "12:00", "03:00", False),
        ("12:00", "12:00", "12:00", False),
    ],
)
def test_within(start: str, end: str, clock: str, inside: bool) -> None:
    assert within(start, end, clock) is inside


@given(start=CLOCK, end=CLOCK, clock=CLOCK)
def test_hours_and_their_complement_make_the_day(start: str, end: str, clock: str) -> None:
    if start != end:
        assert within(start, end, clock) is not within(end, start, clock)


@pytest.mark.parametrize(
    ("config", "clock", "on"),
    [
        (AnswerConfig(), "03:00", False),
        (AnswerConfig(do_not_disturb=True), "12:00", True),
        (NIGHT, "12:00", False),
        (NIGHT, "23:00", True),
    ],
)
def test_how_it_is_at_the_start(config: AnswerConfig, clock: str, on: bool) -> None:
    assert begin(config, clock).on is on


def test_the_hours_turn_the_switch_at_their_borders_only() -> None:
    quiet = begin(NIGHT, "21:00")
    assert not tick(quiet, NIGHT, "21:59").on
    night = tick(quiet, NIGHT, "22:00")
    assert night.on
    awake = turned(night, False)
    assert not tick(awake, NIGHT, "23:00").on  # the person's word holds for this night
    morning = tick(awake, NIGHT, "07:00")
    assert not morning.on
    nap = turned(morning, True)
    assert tick(nap, NIGHT, "12:00").on
    evening = tick(nap, NIGHT, "22:30")
    assert evening.on
    assert not tick(evening, NIGHT, "07:30").on


@given(st.lists(st.tuples(CLOCK, st.sampled_from([None, True, False]))))
def test_without_hours_only_a_person_turns_it(words: list[tuple[str, bool | None]]) -> None:
    config = AnswerConfig(do_not_disturb=True)
    quiet, expected = begin(config, "00:00"), True
    for clock, word in words:
        if word is not None:
            quiet, expected = turned(quiet, word), word
        quiet = tick(quiet, config, clock)
        assert quiet.on is expected


def test_who_may_ring_nevertheless() -> None:
    on, off = Quiet(True, False), Quiet(False, False)
    assert refuses(on, NIGHT, "door")
    assert not refuses(on, NIGHT, "anna")
    assert not refuses(off, NIGHT, "door")
