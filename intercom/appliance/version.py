"""Which of two versions is newer: the order of PEP 440, for the forms that we use. PURE."""

from __future__ import annotations

import re

from intercom.errors import IntercomError

_FORM = re.compile(
    r"(?P<numbers>\d{1,9}(\.\d{1,9}){0,5})"
    r"((?P<pre>a|b|rc)(?P<pre_number>\d{1,9}))?"
    r"(\.post(?P<post>\d{1,9}))?"
    r"(\.dev(?P<dev>\d{1,9}))?"
)
_PRE = {"a": 0, "b": 1, "rc": 2}
_FINAL = 3

Key = tuple[tuple[int, ...], int, int, int, int, int]


class VersionError(IntercomError):
    """This is no version like "0.2.0", "0.2.0rc1", "0.2.0.post1" or "0.2.0.dev3"."""


def key(version: str) -> Key:
    """What sorts as versions do; raises VersionError."""
    match = _FORM.fullmatch(version)
    if match is None:
        raise VersionError(f'"{version[:40]}" is no version like "0.2.0"')
    numbers = [int(number) for number in match["numbers"].split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    pre = _PRE[match["pre"]] if match["pre"] else _FINAL
    if pre == _FINAL and match["dev"] and not match["post"]:
        pre = -1  # a development version comes before all others of its number
    dev = int(match["dev"]) if match["dev"] else 10**9
    post = int(match["post"]) if match["post"] is not None else -1
    return (
        tuple(numbers),
        pre,
        int(match["pre_number"] or 0),
        post,
        -(match["dev"] is not None),
        dev,
    )


def newer(version: str, than: str) -> bool:
    """Whether the first comes after the second; raises VersionError."""
    return key(version) > key(than)
