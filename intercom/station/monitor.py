"""Takes a call's numbers each second, for the overlay (key "i") and the metrics."""

from __future__ import annotations

from typing import Any

from intercom.calling import Calling
from intercom.errors import CallingError
from intercom.phases import State
from intercom.station.display import Display
from intercom.station.numbers import Numbers, lines, numbers

PERIOD = 1.0


class Monitor:
    """The present call's numbers (None without one), and the last call's counters."""

    def __init__(self, calling: Calling, display: Display | None) -> None:
        self.numbers: Numbers | None = None
        self.counters: dict[str, Any] = {}
        self._calling, self._display = calling, display
        self._shown = False
        self._before: dict[str, Any] = {}
        self._at = 0.0

    def toggle(self) -> None:
        """Show the overlay, or hide it."""
        self._shown = not self._shown
        self._show()

    def take(self, now: float) -> None:
        """Take the numbers, when a second has passed since the last time."""
        if now - self._at < PERIOD:
            return
        after = self._counters()
        if after:
            self.counters = after
            self.numbers = numbers(self._before, after, now - self._at, self._latency())
        else:
            self.numbers = None
        self._before, self._at = after, now
        self._show()

    def _counters(self) -> dict[str, Any]:
        if self._calling.state is State.IDLE:
            return {}
        try:
            return next(iter(self._calling.mesh.stats().values()), {})
        except CallingError:  # logged out just now
            return {}

    def _latency(self) -> float | None:
        return self._display.meter.latency() if self._display is not None else None

    def _show(self) -> None:
        if self._display is not None:
            shown = self._shown and self.numbers is not None
            self._display.overlay(lines(self.numbers) if shown and self.numbers else ())
