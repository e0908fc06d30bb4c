"""Exclusive use within the process: a simulated device is busy when it is open, as hardware is."""

from __future__ import annotations

import threading

from hw.base import DeviceError, Kind

_lock = threading.Lock()
_claimed: set[tuple[Kind, str]] = set()


class Claim:
    """Holds one device of a kind until `release()`; raises DeviceError when it is held already."""

    def __init__(self, kind: Kind, device: str) -> None:
        self._key = (kind, device)
        with _lock:
            if self._key in _claimed:
                raise DeviceError(
                    kind, f"{kind} {device!r} is busy: it is open already; close it there first"
                )
            _claimed.add(self._key)

    def release(self) -> None:
        """Give the device back; idempotent."""
        with _lock:
            _claimed.discard(self._key)
