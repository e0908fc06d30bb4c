"""The boundary between a device's thread and the callbacks of its owner."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Generic, ParamSpec, TypeVar

_log = logging.getLogger(__name__)

_P = ParamSpec("_P")
_R = TypeVar("_R")


class Guard(Generic[_P, _R]):
    """Calls a callback; an exception is logged and counted, and the device's thread lives on.

    PortAudio aborts its stream and picamera2 loses its encoder's thread when a callback raises; the
    caller is C code or a foreign loop, so that nobody above can supervise it. This is the one place
    of the package that catches every Exception.
    """

    def __init__(self, what: str, callback: Callable[_P, _R]) -> None:
        self._what = what
        self._callback = callback
        self.faults = 0

    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R | None:
        """Return what the callback returns, or None when it raised."""
        try:
            return self._callback(*args, **kwargs)
        except Exception:  # noqa: BLE001 - see the class: the only boundary to foreign callbacks
            self.faults += 1
            if self._is_worth_a_line():
                _log.exception("%s callback failed (%d times so far)", self._what, self.faults)
            return None

    def _is_worth_a_line(self) -> bool:
        # 1, 10, 100 ...: a bug at 100 calls a second must not fill the journal.
        return str(self.faults).strip("0") == "1"
