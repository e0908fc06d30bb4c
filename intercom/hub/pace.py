"""How often is too often: token buckets. PURE: the caller says what time it is."""

from __future__ import annotations


class Bucket:
    """Allows `burst` at once, and `rate` a second for long."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._level, self._at = burst, 0.0

    def take(self, now: float) -> bool:
        """Take one token at `now` (monotonic seconds), if there is one."""
        self._fill(now)
        if self._level < 1:
            return False
        self._level -= 1
        return True

    def full(self, now: float) -> bool:
        """Tell whether nothing was taken of late."""
        self._fill(now)
        return self._level >= self._burst

    def _fill(self, now: float) -> None:
        self._level = min(self._burst, self._level + (now - self._at) * self._rate)
        self._at = now


class Pace:
    """A bucket for each user. It outlives the user's sockets: a new login is no new burst."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._buckets: dict[str, Bucket] = {}

    def take(self, user_id: str, now: float) -> bool:
        """Tell whether the user may once more at `now` (monotonic seconds)."""
        if user_id not in self._buckets:
            self._forget(now)
            self._buckets[user_id] = Bucket(self._rate, self._burst)
        return self._buckets[user_id].take(now)

    def _forget(self, now: float) -> None:
        """Drop the buckets that say nothing, so that only the busy ones take memory."""
        self._buckets = {user: b for user, b in self._buckets.items() if not b.full(now)}
