"""The nonces that the hub has given out for enrolments. PURE: the caller says what time it is."""

from __future__ import annotations

import os

from intercom.enroll.proof import NONCE_BYTES

LIFETIME = 60.0
MOST = 256
"""More than the hub's pace lets anybody ask for in a LIFETIME: nobody's nonce is pushed out."""


class Nonces:
    """Each is good once, for LIFETIME seconds."""

    def __init__(self) -> None:
        self._until: dict[bytes, float] = {}

    def make(self, now: float) -> bytes:
        """Give one out at `now` (monotonic seconds)."""
        self._until = {nonce: until for nonce, until in self._until.items() if until > now}
        while len(self._until) >= MOST:
            del self._until[next(iter(self._until))]
        nonce = os.urandom(NONCE_BYTES)
        self._until[nonce] = now + LIFETIME
        return nonce

    def take(self, nonce: bytes, now: float) -> bool:
        """Tell whether it was given out and not taken yet; it is now."""
        return self._until.pop(nonce, 0.0) > now
