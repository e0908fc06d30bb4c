"""What a station says, by language: one TOML file each in `words/`, all with the same keys."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable


class Words(Mapping[str, str]):
    """The texts of one language: `Words("en")["ended.line_busy"]`, fields still in braces.

    Raises ValueError for a language that has no file, KeyError for a text that is in none.
    """

    def __init__(self, language: str = "en") -> None:
        known = languages()
        if language not in known:
            raise ValueError(f"no words in {language!r}; there are {', '.join(known)}")
        self.language = language
        text = (_folder() / f"{language}.toml").read_text(encoding="utf-8")
        self._texts = dict(_flatten(tomllib.loads(text), ""))

    def __getitem__(self, key: str) -> str:
        return self._texts[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def say(self, key: str, **fields: str | int) -> str:
        """The text of `key` with its named fields filled in; raises KeyError if one is missing."""
        return self._texts[key].format_map(fields)


def languages() -> tuple[str, ...]:
    """The languages there are files for, sorted: ("en", "zh")."""
    names = (entry.name for entry in _folder().iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def duration(seconds: int) -> str:
    """m:ss, or h:mm:ss from an hour on: the same in every language."""
    minutes, second = divmod(max(0, seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def _folder() -> Traversable:
    return resources.files("intercom.station") / "words"


def _flatten(table: Mapping[str, object], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, str(value)
