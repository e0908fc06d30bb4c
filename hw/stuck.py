"""Calls of a camera's driver that do not come back: nothing in this process can mend that."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

_PATIENCE = 15.0  # seconds that a camera may take to open or to close

_lock = threading.Lock()  # of the two below
_inside: dict[object, float] = {}  # when each call began
_left: list[threading.Thread] = []


@contextlib.contextmanager
def expected_back() -> Iterator[None]:
    """Have `hangs()` know of a block that does not end."""
    call = object()
    with _lock:
        _inside[call] = time.monotonic()
    try:
        yield
    finally:
        with _lock:
            del _inside[call]


def leave(thread: threading.Thread) -> None:
    """Nobody waits for this thread any more, which still holds its device."""
    with _lock:
        _left.append(thread)


def hangs() -> bool:
    """Tell whether a call has not come back, or a thread that was left goes on."""
    with _lock:
        _left[:] = [thread for thread in _left if thread.is_alive()]
        latest = time.monotonic() - _PATIENCE
        return bool(_left) or any(began < latest for began in _inside.values())
