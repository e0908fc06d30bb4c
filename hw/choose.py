"""Which device is meant by what stands in the settings: PURE."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from hw.base import DeviceError, Kind

T = TypeVar("T")


def choose(kind: Kind, wanted: str, there: Sequence[T], names: Callable[[T], Iterable[str]]) -> T:
    """The first device one of whose `names` is `wanted`, else the first with one that contains it.

    Capitals do not matter. Raises DeviceError with the last name of each device that is there.
    """
    meant = wanted.casefold()
    known = [[name.casefold() for name in names(device)] for device in there]
    for device, its in zip(there, known, strict=True):
        if meant in its:
            return device
    for device, its in zip(there, known, strict=True):
        if any(meant in name for name in its):
            return device
    last = dict.fromkeys([*names(device)][-1] for device in there)
    raise DeviceError(kind, f"no {kind} {wanted!r}: there are {', '.join(map(repr, last))}")
