"""PURE  Which receivers of one camera are so slow that they get a smaller encode of their own.

The slowest receiver sets the rate of all, unless it takes less than half of what the next one
takes: then it, and who is slower still, is set apart until it keeps up again.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

SLOW = 0.5  # of what the next one takes
RECOVERED = 0.8  # of what the slowest of the others takes
MARGIN = 1.5  # times the least that the common encode needs, to return to it
SLOW_AFTER = 1.0  # seconds
RECOVERED_AFTER = 5.0  # seconds; doubled by each return that fails
RECOVERED_AFTER_MOST = 60.0
FAILED_WITHIN = 10.0  # seconds


class Splitter:
    """Sets the slow apart; times are seconds of any steady clock."""

    def __init__(self) -> None:
        self._slow: set[Hashable] = set()
        self._since: dict[Hashable, float] = {}  # of the wish to change sides
        self._returned: dict[Hashable, float] = {}
        self._patience: dict[Hashable, float] = {}

    def judge(
        self, limits: Mapping[Hashable, float], least: float, now: float
    ) -> frozenset[Hashable]:
        """Who is slow, by the bits a second that each can take; `least` is what the common encode
        cannot go below."""
        self._forget(limits)
        tail = _tail(limits, least)
        for who, bps in limits.items():
            if who in self._slow:
                self._may_return(who, bps, limits, least, now)
            elif who in tail:
                if now - self._since.setdefault(who, now) >= SLOW_AFTER:
                    self._set_apart(who, now)
            else:
                self._since.pop(who, None)
        return frozenset(self._slow)

    def _may_return(
        self, who: Hashable, bps: float, limits: Mapping[Hashable, float], least: float, now: float
    ) -> None:
        others = [limit for other, limit in limits.items() if other not in self._slow]
        if others or least:
            if bps < max(RECOVERED * min(others, default=0.0), MARGIN * least):
                self._since.pop(who, None)
                return
            patience = self._patience.get(who, RECOVERED_AFTER)
            if now - self._since.setdefault(who, now) < patience:
                return
        self._slow.discard(who)
        self._since.pop(who, None)
        self._returned[who] = now

    def _set_apart(self, who: Hashable, now: float) -> None:
        returned = self._returned.get(who)
        if returned is not None:
            failed = now - returned < FAILED_WITHIN
            patience = self._patience.get(who, RECOVERED_AFTER) * 2 if failed else RECOVERED_AFTER
            self._patience[who] = min(RECOVERED_AFTER_MOST, patience)
        self._slow.add(who)
        self._since.pop(who, None)

    def _forget(self, limits: Mapping[Hashable, float]) -> None:
        self._slow &= limits.keys()
        for known in (self._since, self._returned, self._patience):
            for who in known.keys() - limits.keys():
                del known[who]


def _tail(limits: Mapping[Hashable, float], least: float) -> set[Hashable]:
    """Those below the first gap wider than `SLOW`, and those that the common encode is too much
    for."""
    order = sorted(limits, key=lambda who: limits[who])
    tail = {who for who in order if limits[who] < least}
    for count in range(1, len(order)):
        if limits[order[count - 1]] < SLOW * limits[order[count]]:
            return tail | set(order[:count])
    return tail
