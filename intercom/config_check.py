"""Checks parsed TOML against a struct key by key, and finds every fault. PURE.

`msgspec.convert` stops at the first error; whoever edits a file on a door station wants them all.
The limits are msgspec's own (`Meta(ge=..., pattern=...)`), read through `msgspec.inspect`.
Knows nothing of the sections; a message quotes a value only where a limit shows that it is none
of the secrets.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar, cast

import msgspec
from msgspec import inspect

from intercom.errors import ConfigError

S = TypeVar("S", bound=msgspec.Struct)
T = TypeVar("T")


class Fault(NamedTuple):
    """One thing that is wrong: the file, the dotted key in it ("" = all of it), the words."""

    source: str
    key: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in self if part)


class InvalidConfig(ConfigError):
    """The configuration has faults; the text lists all of them, one a line."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = tuple(faults)


class _Bad(Exception):
    """This value cannot be used; why stands in the list of faults already."""


class Checker:
    """Turns one parsed file into a struct, and collects what is wrong in `faults`."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.faults: list[Fault] = []

    def check(self, raw: Mapping[str, Any], kind: type[S]) -> S:
        """`raw` as a `kind`; whatever is at fault keeps its default."""
        shape = inspect.type_info(kind)
        assert isinstance(shape, inspect.StructType)
        return cast("S", self._struct(raw, shape, ""))

    def fault(self, key: str, message: str) -> None:
        """Notes one fault; `key` is dotted, as in the file."""
        self.faults.append(Fault(self.source, key, message))

    def _bad(self, key: str, message: str) -> _Bad:
        self.fault(key, message)
        return _Bad()

    def _value(self, raw: object, shape: inspect.Type, key: str, wanted: str = "") -> object:
        """`raw` as that type, or `_Bad`; `wanted` is the type's description in words."""
        if isinstance(shape, inspect.Metadata):
            wanted = (shape.extra_json_schema or {}).get("description", "")
            return self._value(raw, shape.type, key, wanted)
        if isinstance(shape, inspect.FloatType) and type(raw) is int:
            raw = float(raw)
        value: Any = self._expect(raw, _KINDS[type(shape)], key)
        match shape:
            case inspect.StructType():
                value = self._struct(value, shape, key)
            case inspect.DictType():
                value = self._dict(value, shape, key)
            case inspect.VarTupleType():
                value = self._tuple(value, shape, key)
            case inspect.LiteralType(values=allowed):
                self._one_of(value, allowed, key)
            case inspect.CustomType(cls=cls):
                value = cls(value)
            case inspect.StrType():
                self._text(value, shape, key, wanted)
            case inspect.IntType() | inspect.FloatType():
                self._within(value, shape, key)
        return value

    def _struct(
        self, raw: Mapping[str, object], shape: inspect.StructType, key: str
    ) -> msgspec.Struct:
        """The struct of what is right in `raw`; `_Bad` only when a required key has no value."""
        fields = {field.encode_name: field for field in shape.fields}
        for name in (name for name in raw if name not in fields):
            self._unknown(name, raw[name], fields, key)
        values: dict[str, object] = {}
        for name, field in fields.items():
            with suppress(_Bad):
                if name in raw:
                    values[name] = self._value(raw[name], field.type, _dotted(key, name))
                elif field.required:
                    self.fault(_dotted(key, name), "is missing")
        if any(field.required and name not in values for name, field in fields.items()):
            raise _Bad
        return shape.cls(**values)

    def _unknown(self, name: str, raw: object, known: Iterable[str], key: str) -> None:
        word = "section" if isinstance(raw, dict) and not key else "key"
        self.fault(_dotted(key, name), f"unknown {word}{did_you_mean(name, known)}")

    def _dict(
        self, raw: Mapping[str, object], shape: inspect.DictType, key: str
    ) -> dict[object, object]:
        result: dict[object, object] = {}
        for name, item in raw.items():
            with suppress(_Bad):
                self._value(name, shape.key_type, _dotted(key, name))
                result[name] = self._value(item, shape.value_type, _dotted(key, name))
        return result

    def _tuple(
        self, raw: list[object], shape: inspect.VarTupleType, key: str
    ) -> tuple[object, ...]:
        if shape.max_length is not None and len(raw) > shape.max_length:
            raise self._bad(key, f"must have at most {shape.max_length} entries, has {len(raw)}")
        result: list[object] = []
        for index, value in enumerate(raw):
            with suppress(_Bad):
                result.append(self._value(value, shape.item_type, f"{key}[{index}]"))
        return tuple(result)

    def _one_of(self, text: str, allowed: Sequence[object], key: str) -> None:
        if text not in allowed:
            names = [str(value) for value in allowed]
            choice = ", ".join(map(_quote, names))
            hint = did_you_mean(text, names)
            raise self._bad(key, f"must be one of {choice}, is {_quote(text)}{hint}")

    def _within(self, number: float, shape: inspect.IntType | inspect.FloatType, key: str) -> None:
        low = -math.inf if shape.ge is None else shape.ge
        high = math.inf if shape.le is None else shape.le
        if not low <= number <= high:  # put so that nan is refused as well
            raise self._bad(key, f"must be {low} to {high}, is {number}")

    def _text(self, text: str, shape: inspect.StrType, key: str, wanted: str) -> None:
        if shape.max_length is not None and len(text) > shape.max_length:
            raise self._bad(key, f"must be at most {shape.max_length} characters, is {len(text)}")
        if shape.pattern is not None and not re.fullmatch(shape.pattern, text):
            raise self._bad(key, f"must be {wanted or shape.pattern}, is {_quote(text)}")

    def _expect(self, raw: object, kind: type[T], key: str) -> T:
        if type(raw) is not kind:  # not isinstance: True is an int to Python, to nobody else
            raise self._bad(key, f"must be {_word(kind)}, not {_word(type(raw))}")
        return raw


_KINDS: dict[type[inspect.Type], type] = {
    inspect.StructType: dict,
    inspect.DictType: dict,
    inspect.VarTupleType: list,
    inspect.LiteralType: str,
    inspect.CustomType: str,
    inspect.BoolType: bool,
    inspect.IntType: int,
    inspect.FloatType: float,
    inspect.StrType: str,
}

_WORDS: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a table",
}


def _word(kind: type) -> str:
    return _WORDS.get(kind, "a date or time")


def _quote(text: str) -> str:
    return f'"{text}"'


def _dotted(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a sentence that proposes the known name nearest to `name`, if one is near."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f", did you mean {_quote(close[0])}?" if close else ""
