"""Who is far slower than the rest is set apart, and taken back when it has recovered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from intercom.media.split import RECOVERED_AFTER, SLOW_AFTER, Splitter

Limits = Mapping[Any, float]


def after(
    splitter: Splitter, limits: Limits, since: float, seconds: float, least: float = 0
) -> set[object]:
    """Who is apart when this has lasted for so long."""
    slow: frozenset[object] = frozenset()
    for half in range(int(seconds * 2) + 1):
        slow = splitter.judge(limits, least, since + half / 2)
    return set(slow)


def test_less_than_half_is_slow_after_a_while() -> None:
    splitter = Splitter()
    limits = {"a": 400.0, "b": 1000.0, "c": 900.0}
    assert after(splitter, limits, 0, SLOW_AFTER / 2) == set()
    assert after(splitter, limits, SLOW_AFTER / 2 + 0.5, SLOW_AFTER) == {"a"}


def test_half_is_not_slow_and_two_may_be() -> None:
    assert after(Splitter(), {"a": 500.0, "b": 1000.0}, 0, 5) == set()
    assert after(Splitter(), {"a": 100.0, "b": 150.0, "c": 1000.0}, 0, 5) == {"a", "b"}
    assert after(Splitter(), {"a": 100.0}, 0, 5) == set()


def test_it_comes_back_after_a_longer_while_and_longer_still_after_a_failure() -> None:
    splitter = Splitter()
    bad, good = {"a": 100.0, "b": 1000.0}, {"a": 850.0, "b": 1000.0}
    assert after(splitter, bad, 0, 2) == {"a"}
    assert after(splitter, good, 3, RECOVERED_AFTER - 1) == {"a"}
    assert after(splitter, good, 8, RECOVERED_AFTER) == set()
    assert after(splitter, bad, 14, 2) == {"a"}
    assert after(splitter, good, 17, RECOVERED_AFTER) == {"a"}
    assert after(splitter, good, 22.5, RECOVERED_AFTER) == set()


def test_left_alone_it_comes_back_at_once() -> None:
    splitter = Splitter()
    assert after(splitter, {"a": 100.0, "b": 1000.0}, 0, 2) == {"a"}
    assert after(splitter, {"a": 100.0}, 3, 0) == set()


def test_below_what_the_camera_can_go_even_one_is_set_apart() -> None:
    splitter = Splitter()
    assert after(splitter, {"a": 200.0}, 0, 2, least=450) == {"a"}
    assert after(splitter, {"a": 500.0}, 3, 20, least=450) == {"a"}
    assert after(splitter, {"a": 700.0}, 30, RECOVERED_AFTER, least=450) == set()


@given(st.lists(st.dictionaries(st.sampled_from("abcd"), st.floats(1, 1e7)), max_size=60))
def test_somebody_is_always_left_in_the_common_encode(seen: list[Limits]) -> None:
    splitter = Splitter()
    for index, limits in enumerate(seen):
        slow = splitter.judge(limits, 0.0, index * 0.7)
        assert slow <= limits.keys()
        assert not limits or slow < limits.keys()
