"""A push button's contact, debounced: PURE, times come in and events go out.

A press counts when the contact has been closed for SETTLE, so that a spike on a long wire is no
press; after each change that counted, further edges are contact bounce until `bounce` is over, and
then the contact's state at that time counts. A clean press is thus reported after SETTLE, a clean
release at once. Held is reported once a press, `hold` after it.
"""

from __future__ import annotations

import math

from hw.base import ButtonKind

SETTLE = 0.003  # seconds; spikes are shorter, a finger is not

NEVER = math.inf


class Contact:
    """One button: `edge()` and `tick()` return what happened; call tick() at `deadline`."""

    def __init__(self, bounce: float, hold: float) -> None:
        self._bounce = bounce
        self._hold = hold
        self._closed = False
        self._pressed = False
        self.closed_at = 0.0  # when its contact was last closed
        self._quiet_until = -NEVER
        self._held_at = NEVER

    @property
    def closed(self) -> bool:
        """Whether its last edge closed it."""
        return self._closed

    @property
    def deadline(self) -> float:
        """When tick() has something to look at; NEVER when only an edge can change anything."""
        return min(self._change_at, self._held_at)

    def edge(self, closed: bool, now: float) -> list[ButtonKind]:
        """The contact closed or opened at `now` (seconds)."""
        events = self.tick(now)
        if closed and not self._closed:
            self.closed_at = now
        self._closed = closed
        return events + self.tick(now)

    def tick(self, now: float) -> list[ButtonKind]:
        """What has become true by `now`, in order."""
        events: list[ButtonKind] = []
        if self._held_at <= min(now, self._change_at):
            self._held_at = NEVER
            events.append("held")
        if self._change_at <= now:
            events.append(self._change(now))
        return events

    @property
    def _change_at(self) -> float:
        if self._closed == self._pressed:
            return NEVER
        ready = self.closed_at + SETTLE if self._closed else -NEVER
        return max(ready, self._quiet_until)

    def _change(self, now: float) -> ButtonKind:
        self._pressed = self._closed
        self._quiet_until = now + self._bounce
        self._held_at = now + self._hold if self._pressed else NEVER
        return "pressed" if self._pressed else "released"
