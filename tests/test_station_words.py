"""Every language says the same things."""

from __future__ import annotations

from string import Formatter

import pytest

from intercom.station.scene import ANSWERS, REASONS
from intercom.station.words import Words, duration, languages


def _fields(text: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(text) if field is not None}


def test_english_and_chinese_are_there() -> None:
    assert {"en", "zh"} <= set(languages())


@pytest.mark.parametrize("language", languages())
def test_a_language_has_the_keys_and_fields_of_english(language: str) -> None:
    english, other = Words("en"), Words(language)
    assert set(other) == set(english)
    assert {k: _fields(t) for k, t in other.items()} == {k: _fields(t) for k, t in english.items()}
    assert all(text.strip() == text and text for text in other.values())


@pytest.mark.parametrize("language", languages())
def test_every_end_is_told_in_words_from_both_sides(language: str) -> None:
    words = Words(language)
    for reason in REASONS:
        for key in (f"ended.{reason}", f"ended.{reason}_me"):
            assert words.say(key, peer="Anna")


@pytest.mark.parametrize("language", languages())
def test_every_ready_made_answer_has_words_and_a_button(language: str) -> None:
    words = Words(language)
    assert {key for key in words if key.startswith("answers.")} == {
        f"answers.{key}" for key in ANSWERS
    }
    assert all(len(words[f"answers.{key}"]) <= 30 for key in ANSWERS)


def test_fields_are_filled_in_and_checked() -> None:
    words = Words("en")
    assert words["ended.line_busy"] == "{peer} is in another call"
    assert words.say("ended.line_busy", peer="{x} %s") == "{x} %s is in another call"
    with pytest.raises(KeyError, match="peer"):
        words.say("ended.line_busy")
    with pytest.raises(KeyError):
        words["ended.bored"]


def test_an_unknown_language_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="'xx'; there are en, zh"):
        Words("xx")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (7, "0:07"), (83, "1:23"), (3599, "59:59"), (3683, "1:01:23"), (-3, "0:00")],
)
def test_duration(seconds: int, text: str) -> None:
    assert duration(seconds) == text
