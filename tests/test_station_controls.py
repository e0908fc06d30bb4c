"""Buttons to intents, as a table."""

from __future__ import annotations

import pytest

from intercom.phases import State
from intercom.station.controls import KEYS, OTHER_KEYS, Controls, Intent

IDLE, CALLING, RINGING, CONNECTED = State


@pytest.mark.parametrize("state", State)
def test_without_a_second_callee_a_press_acts_at_once(state: State) -> None:
    controls = Controls(second=False)
    expected = Intent.ACCEPT if state is RINGING else Intent.CALL
    assert controls.feed("call", "pressed", state) is expected
    assert controls.feed("call", "held", state) is None
    assert controls.feed("call", "released", state) is None


def test_a_short_press_calls_the_first_callee_on_release() -> None:
    controls = Controls(second=True)
    assert controls.feed("call", "pressed", IDLE) is None
    assert controls.feed("call", "released", IDLE) is Intent.CALL


def test_a_long_press_calls_the_second_callee_once() -> None:
    controls = Controls(second=True)
    assert controls.feed("call", "pressed", IDLE) is None
    assert controls.feed("call", "held", IDLE) is Intent.CALL_SECOND
    assert controls.feed("call", "released", CALLING) is None
    assert controls.feed("call", "pressed", IDLE) is None
    assert controls.feed("call", "released", IDLE) is Intent.CALL


def test_the_call_button_answers_what_rings_even_with_a_second_callee() -> None:
    controls = Controls(second=True)
    assert controls.feed("call", "pressed", RINGING) is Intent.ACCEPT
    assert controls.feed("call", "released", CONNECTED) is None


@pytest.mark.parametrize("button", ["accept", "hangup", "mute"])
@pytest.mark.parametrize("state", State)
def test_the_other_buttons_act_when_pressed(button: str, state: State) -> None:
    controls = Controls(second=True)
    assert controls.feed(button, "pressed", state) is Intent(button)
    assert controls.feed(button, "held", state) is None
    assert controls.feed(button, "released", state) is None


def test_unknown_buttons_mean_nothing() -> None:
    assert Controls(second=False).feed("doom", "pressed", IDLE) is None


def test_every_key_is_a_button_or_has_an_intent() -> None:
    assert set(KEYS.values()) == {"call", "accept", "hangup", "mute"}
    assert {Intent(value) for value in OTHER_KEYS.values()} <= set(Intent)
    assert not set(KEYS) & set(OTHER_KEYS)
