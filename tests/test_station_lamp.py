"""The lamp: the most urgent fact, and patterns that can be told apart."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from numpy.typing import NDArray

from intercom.station.lamp import PATTERNS, LampState, Pattern, lamp_for


def _watched(pattern: Pattern, seconds: float = 12.0, step: float = 0.05) -> NDArray[np.float64]:
    """What an eye sees: the brightness every 50 ms."""
    if len(pattern) == 1:
        return np.full(round(seconds / step), pattern[0][0])
    once = np.concatenate([np.full(round(long / step), level) for level, long in pattern])
    return np.resize(once, round(seconds / step))


def test_every_state_has_a_valid_pattern() -> None:
    assert set(PATTERNS) == set(LampState)
    for pattern in PATTERNS.values():
        assert all(0.0 <= level <= 1.0 for level, _ in pattern)
        assert len(pattern) == 1 or all(seconds >= 0.1 for _, seconds in pattern)
        assert max(level for level, _ in pattern) > 0.0


@pytest.mark.parametrize(("one", "other"), list(combinations(LampState, 2)))
def test_any_two_states_look_different(one: LampState, other: LampState) -> None:
    """However the two are shifted in time, they differ in a good part of what is seen."""
    first, second = _watched(PATTERNS[one]), _watched(PATTERNS[other])
    least = min(
        float(np.abs(first - np.roll(second, shift)).mean()) for shift in range(len(second))
    )
    assert least > 0.05


def _expected(call: str, muted: bool, device: bool, hub_ok: bool, fault: bool) -> LampState:
    urgent = [
        (call == "ringing", LampState.RINGING_IN),
        (call == "connected" and muted, LampState.MUTED),
        (call == "connected", LampState.IN_CALL),
        (call == "calling", LampState.RINGING_OUT),
        (device, LampState.DEVICE_OPEN),
        (not hub_ok, LampState.NO_HUB),
        (fault, LampState.FAULT),
    ]
    return next((state for holds, state in urgent if holds), LampState.IDLE)


def test_the_most_urgent_fact_is_shown_for_all_facts() -> None:
    seen = set()
    for call in ("idle", "calling", "ringing", "connected"):
        for muted, device, hub_ok, fault in product((False, True), repeat=4):
            state = lamp_for(call, muted=muted, device_open=device, hub_ok=hub_ok, fault=fault)
            assert state is _expected(call, muted, device, hub_ok, fault)
            seen.add(state)
    assert seen == set(LampState)


def test_an_unknown_call_state_is_refused() -> None:
    with pytest.raises(ValueError, match="'busy' is no state of a call"):
        lamp_for("busy")
