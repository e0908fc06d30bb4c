"""Time-limited credentials of TURN servers, and when clients are due for new ones. PURE.

The scheme is draft-uberti-behave-turn-rest-00, coturn's `use-auth-secret`: hub and TURN server
share a secret and need not speak with each other. A username begins with the moment, by the
clock of the TURN server, at which it ends.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections import deque

LIFETIME = 600.0
"""Seconds that credentials are good for."""
RENEW = 300.0
"""Seconds after which a client gets new ones: what it holds is always good for as many more."""
STEP = 30.0
"""Seconds by which the clock must be set so that all credentials are made anew."""


def credentials(secret: str, user_id: str, now: float) -> tuple[str, str]:
    """Return username and credential that a client may use until LIFETIME after `now` (unix s)."""
    username = f"{int(now + LIFETIME)}:{user_id}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode()


class Renewals:
    """Knows who is due. Times are monotonic seconds; `clock` is the wall clock, unix s."""

    def __init__(self, now: float, clock: float) -> None:
        self._due: deque[tuple[float, int]] = deque()  # in order: everybody waits equally long
        self._offset = clock - now

    def add(self, number: int, now: float) -> None:
        """Note that the client has new credentials."""
        self._due.append((now + RENEW, number))

    def due(self, now: float, clock: float) -> list[int]:
        """Take out who needs new ones: all of them when the clock was set meanwhile.

        A hub that starts without a clock gave ones that had ended before they were made.
        """
        was_set = abs(clock - now - self._offset) > STEP
        self._offset = clock - now
        found = []
        while self._due and (was_set or self._due[0][0] <= now):
            found.append(self._due.popleft()[1])
        return found
