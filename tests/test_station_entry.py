"""A hub's address and a code, key by key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intercom.enroll.code import from_bits
from intercom.enroll.code import parse as parse_code
from intercom.station.entry import BACK, HUB_MAX, KEYS, Entry


def typed(entry: Entry, *keys: str) -> Entry:
    """The entry after these keys."""
    for key in keys:
        entry = entry.key(key)
    return entry


def test_a_code_is_typed_in_small_letters_and_shown_in_groups() -> None:
    entry = typed(Entry(), *"7s97wc5m", "-", *"xke5b7r3")
    assert entry.shown == "7S97-WC5M-XKE5-B7R3"
    assert entry.complete
    assert typed(entry, "a") == entry  # no more than a code has
    assert typed(entry, BACK, "backspace").shown == "7S97-WC5M-XKE5-B7"


def test_letters_that_look_like_digits_are_those() -> None:
    assert typed(Entry(), *"oil").code == "011"
    assert typed(Entry(), "u", "space", "f1", "left shift", "é", "").code == ""


def test_the_hub_is_typed_after_a_tab_or_a_touch() -> None:
    entry = typed(Entry(), "tab", *["backspace"] * 20, *"10.0.0.5", ";", *"9000", "tab", "7")
    assert (entry.hub, entry.code, entry.field) == ("10.0.0.5:9000", "7", "code")
    assert typed(Entry().at("hub"), "period", "minus", "a").hub == "hub.local.-a"


def test_without_a_hub_there_is_nothing_to_try() -> None:
    assert not typed(Entry(hub=""), *"7s97wc5mxke5b7r3").complete


@given(st.integers(0, 2**75 - 1))
def test_every_code_can_be_typed_on_the_screen(bits: int) -> None:
    code = from_bits(bits)
    keys = {key for row in KEYS for key in row}
    text = code.text().replace("-", "").lower()
    assert set(text) <= keys
    assert parse_code(typed(Entry(), *text).shown) == code


@given(st.lists(st.text(max_size=3) | st.sampled_from(["tab", BACK, *"".join(KEYS)])))
def test_whatever_is_typed_stays_within_bounds(keys: list[str]) -> None:
    entry = typed(Entry(), *keys)
    assert len(entry.hub) <= HUB_MAX
    assert len(entry.code) <= 16
    assert entry.field in {"hub", "code"}


@pytest.mark.parametrize("field", ["hub", "code"])
def test_a_field_is_chosen_by_a_touch(field: str) -> None:
    assert Entry().at(field).field == field
