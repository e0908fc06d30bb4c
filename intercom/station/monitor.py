"""Takes a call's numbers each second, for the overlay (key "i") and the metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from intercom.calling import Calling
from intercom.errors import CallingError
from intercom.phases import State
from intercom.station.display import Display
from intercom.station.numbers import Numbers, Rows, numbers, table

PERIOD = 1.0


class Monitor:
    """By user: the present call's numbers (none without one), and the last call's counters.

    `machine` gives the rows that the overlay shows below, of the machine itself.
    """

    def __init__(
        self, calling: Calling, display: Display | None, called: Callable[[str], str]
    ) -> None:
        """`called` gives the name to show for a user."""
        self.numbers: Mapping[str, Numbers] = {}
        self.counters: Mapping[str, dict[str, Any]] = {}
        self._calling, self._display, self._called = calling, display, called
        self.machine: Callable[[], Rows] = tuple
        self._shown = False
        self._before: Mapping[str, dict[str, Any]] = {}
        self._at = 0.0

    def toggle(self) -> None:
        """Show the overlay, or hide it."""
        self._shown = not self._shown
        self._show()

    def take(self, now: float) -> None:
        """Take the numbers, when a second has passed since the last time."""
        seconds = now - self._at
        if seconds < PERIOD:
            return
        after = self.read()
        self.counters = after or self.counters
        self.numbers = {
            user: numbers(
                self._before.get(user, {}),
                counters,
                seconds,
                self._latency(user),
                guess=len(after) == 1,
            )
            for user, counters in after.items()
        }
        self._before, self._at = after, now
        self._show()

    def read(self) -> Mapping[str, dict[str, Any]]:
        """Return the counters of each present transport, by user; none without a call."""
        if self._calling.state is State.IDLE:
            return {}
        try:
            return self._calling.mesh.stats()
        except CallingError:  # logged out just now
            return {}

    def _latency(self, user: str) -> float | None:
        return self._display.latency(user) if self._display is not None else None

    def _show(self) -> None:
        if self._display is not None:
            others = [(self._called(user), now) for user, now in self.numbers.items()]
            self._display.overlay((*table(others), *self.machine()) if self._shown else ())
