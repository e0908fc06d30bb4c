"""The code that people carry from the hub to a station: read however it is typed, or refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intercom.enroll.code import ALPHABET, BITS, SYMBOLS, CodeError, EnrollCode, from_bits, parse

CODES = st.integers(0, 2**BITS - 1).map(from_bits)
BESIDE = st.text(" -\t\n\u2013\u2014._", max_size=3)
LOOK_ALIKES = {"0": "0oO", "1": "1iIlL"}


def test_it_has_sixty_secret_bits_in_groups_of_four() -> None:
    code = from_bits(2**BITS - 1)
    assert code.text().startswith("ZZZZ-ZZZZ-ZZZZ-ZZZ")
    assert len(code.secret) * 5 == 60
    assert [len(group) for group in code.text().split("-")] == [4, 4, 4, 4]
    assert code.secret not in repr(code)


@given(CODES)
def test_what_is_printed_is_read(code: EnrollCode) -> None:
    assert parse(code.text()) == code
    assert set(code.text()) <= {*ALPHABET, "-"}


@given(CODES, st.data())
def test_it_is_read_however_it_is_typed(code: EnrollCode, data: st.DataObject) -> None:
    typed = ""
    for symbol in code.text().replace("-", ""):
        choices = LOOK_ALIKES.get(symbol, symbol + symbol.lower())
        typed += data.draw(st.sampled_from(choices)) + data.draw(BESIDE)
    assert parse(typed) == code


@given(CODES, st.integers(0, SYMBOLS - 1), st.sampled_from(ALPHABET))
def test_one_wrong_symbol_is_found(code: EnrollCode, at: int, other: str) -> None:
    good = code.text().replace("-", "")
    typed = good[:at] + other + good[at + 1 :]
    if typed == good:
        assert parse(typed) == code
        return
    with pytest.raises(CodeError, match="slip"):
        parse(typed)


@given(CODES, st.integers(0, SYMBOLS - 1), st.integers(0, SYMBOLS - 1))
def test_two_symbols_that_changed_places_are_found(code: EnrollCode, one: int, other: int) -> None:
    symbols = list(code.text().replace("-", ""))
    symbols[one], symbols[other] = symbols[other], symbols[one]
    typed = "".join(symbols)
    if typed == code.text().replace("-", ""):
        return
    with pytest.raises(CodeError, match="slip"):
        parse(typed)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "0 letters and digits"),
        ("7S97-WC5M-XKE5", "it has 12 letters and digits, a code has 16"),
        ("7S97-WC5M-XKE5-B7R3-0000", "it has 20"),
        ("7S97-WC5M-XKE5-B7RU", "letter or sign that codes do not have"),
        ("7S97-WC5M-XKE5-B7R\u00e9", "letter or sign"),
        ("7S97-WC5M-XKE5-B7R\u0663", "letter or sign"),  # a digit, of another script
    ],
)
def test_what_is_no_code_is_told_without_being_quoted(text: str, words: str) -> None:
    with pytest.raises(CodeError, match=words) as error:
        parse(text)
    assert "WC5M" not in str(error.value)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        code = parse(text)
    except CodeError:
        return
    assert parse(code.text()) == code
