"""The mark of the speaker goes to who speaks, and does not flicker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from intercom.station.speaking import HOLD, LOUD, MARGIN, NOBODY, QUIET, TAKE, Speaking, follow

TICK = 0.25


def marks(levels: Sequence[Mapping[str, int]]) -> list[str]:
    """Return who is marked after each of the volumes, a quarter of a second apart."""
    speaking, seen = NOBODY, []
    for number, volumes in enumerate(levels):
        speaking = follow(speaking, volumes, 100.0 + number * TICK)
        seen.append(speaking.user_id)
    return seen


def test_nobody_is_marked_for_noise() -> None:
    assert marks([{"a": LOUD - 1, "b": QUIET}] * 8) == [""] * 8


def test_who_speaks_is_marked_at_once_and_through_pauses() -> None:
    words = [{"a": 60, "b": 5}, {"a": 0, "b": 5}, {"a": 0, "b": 5}, {"a": 55, "b": 5}]
    assert marks(words) == ["a"] * 4


def test_the_mark_goes_when_it_stays_quiet() -> None:
    silence = [{"a": 60}] + [{"a": 0}] * int(HOLD / TICK + 1)
    assert marks(silence)[-2:] == ["a", ""] or marks(silence)[-1] == ""
    assert marks(silence)[int(HOLD / TICK) - 1] == "a"


def test_another_one_needs_to_be_louder_for_a_while() -> None:
    over = {"a": 50, "b": 50 + MARGIN}
    shown = marks([{"a": 50, "b": 0}] + [over] * 5)
    first = shown.index("b")
    assert (first - 1) * TICK >= TAKE > (first - 2) * TICK
    level = {"a": 50, "b": 50 + MARGIN - 1}
    assert marks([{"a": 50, "b": 0}] + [level] * 20) == ["a"] * 21
    cough = [{"a": 50, "b": 0}, over, {"a": 50, "b": 0}, over, {"a": 50, "b": 0}]
    assert marks(cough) == ["a"] * 5


def test_who_leaves_is_marked_no_more() -> None:
    assert marks([{"a": 60, "b": 0}, {"b": 0}, {"b": 50}]) == ["a", "", "b"]


VOLUMES = st.lists(
    st.dictionaries(st.sampled_from("abc"), st.integers(0, 100)), min_size=1, max_size=60
)


@given(VOLUMES)
def test_only_who_is_there_is_marked_and_a_mark_lasts(levels: list[dict[str, int]]) -> None:
    speaking, since = NOBODY, 0.0
    for number, volumes in enumerate(levels):
        now = number * TICK
        before, speaking = speaking, follow(speaking, volumes, now)
        assert speaking.user_id in {"", *volumes}
        if speaking.user_id != before.user_id:
            stayed = before.user_id in volumes and before.user_id != ""
            assert not stayed or now - since >= min(HOLD, TAKE)
            since = now


def test_it_starts_over() -> None:
    assert follow(Speaking("a", 0.0), {}, 1.0) == NOBODY
