"""The code that a person carries from the hub to a station: sixteen letters and digits. PURE.

Crockford's base 32 (no I, L, O, U): 3 symbols name the invitation, 12 are its secret of 60 bits,
and the last checks the rest. "7S97-WC5M-XKE5-B7R3", however it is typed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from intercom.enroll.errors import CodeRefused

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ID_SYMBOLS, SECRET_SYMBOLS = 3, 12
SYMBOLS = ID_SYMBOLS + SECRET_SYMBOLS + 1
BITS = 5 * (SYMBOLS - 1)
"""Random bits that a code is made of."""
GROUP = 4
ID_PATTERN = rf"\A[{ALPHABET}]{{{ID_SYMBOLS}}}\Z"

_VALUES = {symbol: value for value, symbol in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_BESIDE = frozenset(" \t\r\n-\u2010\u2011\u2012\u2013\u2014\u2212_.")
"""What may stand between the symbols: people copy from mail, and editors make dashes of hyphens."""


class CodeError(CodeRefused):
    """What was typed is no code; the message says what is wrong with it, without quoting it."""


@dataclass(frozen=True, slots=True)
class EnrollCode:
    """An invitation's ID, which is sent, and its secret, which never is (in canonical symbols)."""

    id: str
    secret: str = field(repr=False)

    def text(self) -> str:
        """The code as people read it: groups of four."""
        symbols = self.id + self.secret
        symbols += ALPHABET[_check([_VALUES[symbol] for symbol in symbols])]
        return "-".join(symbols[at : at + GROUP] for at in range(0, SYMBOLS, GROUP))


def from_bits(bits: int) -> EnrollCode:
    """Make a code of BITS random bits."""
    symbols = "".join(ALPHABET[bits >> 5 * at & 31] for at in range(SYMBOLS - 1))
    return EnrollCode(symbols[:ID_SYMBOLS], symbols[ID_SYMBOLS:])


def parse(text: str) -> EnrollCode:
    """Read a code as typed: any case, spaces and dashes, O for 0, I and L for 1; or CodeError."""
    typed = [letter for letter in text.upper() if letter not in _BESIDE]
    for letter in typed:
        if letter not in _VALUES:
            raise CodeError("this is no code: it has a letter or sign that codes do not have")
    if len(typed) != SYMBOLS:
        raise CodeError(
            f"this is no code: it has {len(typed)} letters and digits, a code has {SYMBOLS}"
        )
    *values, check = (_VALUES[letter] for letter in typed)
    if _check(values) != check:
        raise CodeError("there is a slip in the code: compare it letter by letter")
    symbols = "".join(ALPHABET[value] for value in values)
    return EnrollCode(symbols[:ID_SYMBOLS], symbols[ID_SYMBOLS:])


def _check(values: list[int]) -> int:
    """A weighted sum over GF(32), each place with a weight of its own, none of them 0 or 1.

    So it changes with any one symbol, and with any two that change places, the check included.
    """
    total, weight = 0, 1
    for value in values:
        weight = _times(weight, 2)
        total ^= _times(weight, value)
    return total


def _times(one: int, other: int) -> int:
    """Multiply in GF(32) modulo x^5 + x^2 + 1, of which x is a primitive root."""
    product = 0
    while other:
        if other & 1:
            product ^= one
        one <<= 1
        if one & 32:
            one ^= 0b100101
        other >>= 1
    return product
