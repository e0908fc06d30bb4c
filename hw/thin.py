"""Leaves pictures out evenly, so that at most so many a second remain. PURE."""

from __future__ import annotations


class Thin:
    """Of `rate` pictures a second lets `limit` pass; both may be changed from any thread."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._limit = rate
        self._due = 0

    def limit(self, fps: int) -> None:
        """Let at most `fps` a second pass from now on, at least one."""
        self._limit = max(1, min(fps, self._rate))

    def take(self) -> bool:
        """Whether this picture passes."""
        self._due += self._limit
        if self._due < self._rate:
            return False
        self._due -= self._rate
        return True
