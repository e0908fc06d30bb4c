"""Pictures are left out evenly."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from hw.thin import Thin

rates = st.integers(1, 60)


@given(rates, rates)
def test_a_second_has_as_many_as_are_allowed(rate: int, limit: int) -> None:
    thin = Thin(rate)
    thin.limit(limit)
    for _ in range(3):
        assert sum(thin.take() for _ in range(rate)) == min(rate, limit)


@given(rates, rates)
def test_they_are_spread(rate: int, limit: int) -> None:
    thin = Thin(rate)
    thin.limit(limit)
    at = [count for count in range(rate * 4) if thin.take()]
    gaps = {later - earlier for earlier, later in itertools.pairwise(at)}
    assert max(gaps, default=0) - min(gaps, default=0) <= 1


def test_at_first_all_pass_and_at_least_one_always_does() -> None:
    thin = Thin(30)
    assert all(thin.take() for _ in range(30))
    thin.limit(0)
    assert sum(thin.take() for _ in range(60)) == 2
