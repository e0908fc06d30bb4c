"""Where a line of text may be broken. Pure."""

from __future__ import annotations

from collections.abc import Iterator

_CLOSING = frozenset("，。、：；！？）】》”’…,.:;!?)")
"""Signs that must not start a line."""


def tokens(text: str) -> Iterator[str]:
    """Cut `text` into the pieces between which a line may be broken: words with the spaces before
    them, and single Chinese, Japanese or Korean characters with the punctuation after them."""
    piece = ""
    for char in text:
        starts = char.isspace() and not piece.isspace()
        if piece and char not in _CLOSING and (starts or _wide(char) or _wide(piece[-1])):
            yield piece
            piece = ""
        piece += char
    if piece:
        yield piece


def _wide(char: str) -> bool:
    """Whether a line may be broken on both sides of `char` (ideographs, kana, Hangul and their
    punctuation), by block."""
    return (
        "\u2e80" <= char <= "\u9fff"
        or "\uac00" <= char <= "\ud7a3"
        or ("\uf900" <= char <= "\ufaff" or "\uff00" <= char <= "\uffef" or char >= "\U00020000")
    )
