"""How long to wait before the hub is tried again."""

from __future__ import annotations

import asyncio
import contextlib
import random

FIRST, LONGEST_IDLE, LONGEST_CALL = 0.25, 5.0, 1.0
"""Seconds under which the first pause lies, and the longest, idle and in a call."""
STEADY = 5.0
"""Seconds that a connection must last for the next pause to be a short one again."""


class Backoff:
    """Full jitter under a doubling ceiling: a hub that restarts is not stormed by its clients."""

    def __init__(self) -> None:
        self._attempt = 0
        self._told = 0.0
        self._hurry = asyncio.Event()

    def told(self, after: float) -> None:
        """The hub asks to come back after about so many seconds."""
        self._told = random.uniform(0.2, max(after, 0.3))

    def at_once(self) -> None:
        """Leave the next pause out: it is we who ended the connection."""
        self._told = 0.01

    def hurry(self) -> None:
        """End the present pause."""
        self._hurry.set()

    async def rest(self, lasted: float, in_call: bool) -> None:
        """Pause, after a connection that `lasted` so many seconds."""
        self._attempt = 0 if lasted > STEADY else self._attempt + 1
        self._hurry.clear()
        longest = LONGEST_CALL if in_call else LONGEST_IDLE
        ceiling = min(FIRST * 2 ** min(self._attempt, 10), longest)
        pause, self._told = self._told or random.uniform(0.05, ceiling), 0.0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._hurry.wait()
