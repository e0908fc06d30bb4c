"""Turns raw edges of several contacts into button events, in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from hw.base import ButtonKind, OnButton
from hw.contact import NEVER, Contact
from hw.guard import Guard


class Buttons:
    """Collects edges from the GPIO library's thread; calls on_button(name, kind) from its own."""

    def __init__(
        self, names: Iterable[str], bounce: float, hold: float, on_button: OnButton
    ) -> None:
        self._contacts = {name: Contact(bounce, hold) for name in names}
        self._on_button = Guard("on_button", on_button)
        self._wake = threading.Condition()
        self._events: list[tuple[str, ButtonKind]] = []
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="hw-buttons", daemon=True)
        self._thread.start()

    def edge(self, name: str, closed: bool) -> None:
        """A contact closed or opened just now; returns at once."""
        with self._wake:
            self._take(name, self._contacts[name].edge(closed, time.monotonic()))
            self._wake.notify()

    def close(self) -> None:
        """Drop what is pending and wait for the thread unless called from it; idempotent."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        while not self._closed:
            for name, kind in self._collect():
                self._on_button(name, kind)

    def _collect(self) -> list[tuple[str, ButtonKind]]:
        with self._wake:
            if not self._events and not self._closed:
                deadline = min((c.deadline for c in self._contacts.values()), default=NEVER)
                wait = None if deadline == NEVER else max(0.0, deadline - time.monotonic())
                self._wake.wait(wait)
            now = time.monotonic()
            for name, contact in self._contacts.items():
                self._take(name, contact.tick(now))
            events, self._events = self._events, []
            return [] if self._closed else events

    def _take(self, name: str, kinds: list[ButtonKind]) -> None:
        self._events += [(name, kind) for kind in kinds]
