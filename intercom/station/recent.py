"""A small cache that forgets what was not used for longest. One thread."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """At most `limit` values by key; made on demand, the longest unused one dropped first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: OrderedDict[Hashable, Value] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of `key`; made by `make()` and kept if it is not known."""
        try:
            self._values.move_to_end(key)
        except KeyError:
            value = make()
            self._values[key] = value
            if len(self._values) > self._limit:
                self._values.popitem(last=False)
            return value
        return self._values[key]
