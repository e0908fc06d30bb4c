"""Libraries of C that are loaded by name, and the states that they hand out."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

from intercom.errors import IntercomError


def load(soname: str, package: str, error: type[IntercomError]) -> ctypes.CDLL:
    """Load `soname`; raises `error`, which names Debian's `package`, when it is not there.

    By the name alone: to look for a library by `ctypes.util` starts other programs.
    """
    try:
        return ctypes.CDLL(soname)
    except OSError as cause:
        raise error(
            f"{soname} cannot be loaded ({cause}): install it with 'apt install {package}'"
        ) from cause


class Handle:
    """Owns a state of a library until `close`; raises `error` when there is none."""

    def __init__(
        self, state: int | None, destroy: Callable[[int], object], error: type[IntercomError]
    ) -> None:
        if not state:
            raise error("the library is out of memory")
        self._state = state
        self._destroy = destroy
        self._error = error

    @property
    def state(self) -> int:
        """The pointer for the library. Raises `error` once closed."""
        if not self._state:
            raise self._error("it is closed")
        return self._state

    def close(self) -> None:
        """Free the state; idempotent."""
        state, self._state = self._state, 0
        if state:
            self._destroy(state)
