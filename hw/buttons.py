"""Turns raw edges of several contacts into button events, in a thread of its own.

The kernel says when an edge was; on a busy machine it may be heard much later, a burst of bounces
one after the other. While such a backlog comes in, nothing is decided that lies after its edges;
and what the kernel has dated is decided a moment later, since its next edge may be under way.
Before anything is decided the line itself is looked at: where it is not as its last edge said,
another one is under way, and is waited for.

Edges may also fail to come at all (liblgpio's thread can miss its own wake-up and then sleeps for
good), and a bell must ring all the same: the lines are looked at many times a second, and one that
stays other than its edges say counts as it is.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection

from hw.base import ButtonKind, DeviceError, OnButton
from hw.contact import NEVER, Contact
from hw.guard import Guard

_log = logging.getLogger(__name__)

_UNDER_WAY = 0.01  # seconds that an edge may need to be heard, or longer when others did
_DRAINED = 0.1  # seconds without an edge after which no late ones are to be expected
_AGAIN = 0.005  # seconds after which a line is looked at again that is not as its edges say
_LOST = 1.0  # seconds after which that edge is not under way any more: the kernel keeps only some
_LOOK = 0.05  # seconds between two looks at lines at rest: one in a short press
_UNTOLD = 0.04  # seconds for which a line at rest may be other than its edges say
_TOUCH = 0.05  # seconds; no finger lets go of a button within


class Buttons:
    """Collects edges from the GPIO library's thread; calls on_button(name, kind) from its own."""

    def __init__(
        self,
        names: Collection[str],
        bounce: float,
        hold: float,
        on_button: OnButton,
        is_closed: Callable[[str], bool] | None = None,
    ) -> None:
        """`is_closed` reads a contact as it is now; it may raise DeviceError."""
        self._is_closed = is_closed
        self._odd: dict[str, float] = {}  # since when a line is not as its edges say
        self._missed = False  # an edge, of which the log tells once
        self._before = set(names)  # lines never heard of, nor seen open: held since before
        self._contacts = {name: Contact(bounce, hold) for name in names}
        self._on_button = Guard("on_button", on_button)
        self._wake = threading.Condition()
        self._events: list[tuple[str, ButtonKind]] = []
        self._lag = 0.0  # of the last edge, and when that was heard
        self._heard = -NEVER
        self._moment = 0.0  # to wait for edges that are under way
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="hw-buttons", daemon=True)
        self._thread.start()

    def edge(self, name: str, closed: bool, at: float | None = None) -> None:
        """A contact closed or opened, just now or `at` a time (monotonic); returns at once."""
        with self._wake:
            now = time.monotonic()
            when = now if at is None else min(at, now)
            self._moment = 0.0 if at is None else _UNDER_WAY
            self._lag, self._heard = now - when, now
            self._before.discard(name)
            contact, odd = self._contacts[name], self._odd.pop(name, NEVER)
            if contact.closed and odd < contact.closed_at + _TOUCH:
                # It was a spike, whose end is lost if this edge is not it.
                self._take(name, contact.edge(False, contact.closed_at))
            self._take(name, contact.edge(closed, when))
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
                self._wake.wait(self._until(deadline))
            now = self._known()
            for name, contact in self._contacts.items():
                if contact.deadline > now:
                    self._look(name, contact)
                elif not self._is_so(name, contact):
                    continue
                self._take(name, contact.tick(now))
            events, self._events = self._events, []
            return [] if self._closed else events

    def _is_so(self, name: str, contact: Contact) -> bool:
        """Whether the line is as its last edge said; one that has been lost is made good."""
        since, now = self._odd_since(name, contact), time.monotonic()
        if since is None:
            return True
        if now < since + _LOST:
            return False
        # Of the two edges of a spike the kernel may keep one: it must not last until now.
        self._make_good(name, contact, contact.closed_at if contact.closed else now)
        return True

    def _look(self, name: str, contact: Contact) -> None:
        """Make good an edge at rest that nobody tells; where others are told it is waited for."""
        since = self._odd_since(name, contact)
        if since is None or time.monotonic() < max(since + _UNTOLD, self._heard + _DRAINED):
            return
        if not self._missed:
            self._missed = True
            _log.warning("button %r: edges come late or not at all: its line is looked at", name)
        self._make_good(name, contact, since)

    def _odd_since(self, name: str, contact: Contact) -> float | None:
        """Since when the line is seen to be other than its last edge said; None: it is not."""
        if self._is_closed is None:
            return None
        try:
            closed = self._is_closed(name)
        except DeviceError:
            return None  # the chip is gone, which others tell
        if not closed:
            self._before.discard(name)
        if closed is contact.closed or name in self._before:
            self._odd.pop(name, None)
            return None
        return self._odd.setdefault(name, time.monotonic())

    def _make_good(self, name: str, contact: Contact, when: float) -> None:
        del self._odd[name]
        self._take(name, contact.edge(not contact.closed, when))

    def _known(self) -> float:
        """The time until which all edges have been heard."""
        now = time.monotonic()
        lag = self._lag if now < self._heard + _DRAINED else 0.0
        return now - max(lag, self._moment)

    def _until(self, deadline: float) -> float | None:
        """Seconds until it is known what is the case at `deadline`, or until the next look."""
        if self._is_closed is not None:
            look = time.monotonic() + (_UNTOLD if self._odd else _LOOK)
            deadline = min(deadline, look - self._moment)
        elif deadline == NEVER:
            return None
        then = deadline + self._moment
        if self._lag > self._moment:
            then = min(deadline + self._lag, max(then, self._heard + _DRAINED))
        return max(_AGAIN if self._odd else 0.0, then - time.monotonic())

    def _take(self, name: str, kinds: list[ButtonKind]) -> None:
        self._events += [(name, kind) for kind in kinds]
