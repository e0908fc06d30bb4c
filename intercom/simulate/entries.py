"""What is written down of a simulation: the history that is checked. PURE.

Times are seconds since the start.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from intercom.events import Event
from intercom.phases import State


@dataclass(frozen=True)
class Entry:
    """Something of one device; `device` and `user` are empty for what happens to the hub."""

    at: float
    device: str
    user: str


@dataclass(frozen=True)
class Moved(Entry):
    """The client's call or state changed. `merged`: `before` goes on as `call_id` (glare)."""

    before: str
    call_id: str
    state: State
    merged: bool = False


@dataclass(frozen=True)
class Dialed(Entry):
    """The client begins a call; stands before the Moved of it."""

    call_id: str
    callees: tuple[str, ...]
    seconds: int
    group: bool = False
    first_answer: bool = False


@dataclass(frozen=True)
class Added(Entry):
    """The client asks the hub to ring more users into its call."""

    call_id: str
    callees: tuple[str, ...]
    seconds: int


@dataclass(frozen=True)
class Asked(Entry):
    """The client asks to be let in: it accepts, or joins."""

    call_id: str
    what: str


@dataclass(frozen=True)
class Heard(Entry):
    """A handler was called."""

    event: Event
    payload: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Did(Entry):
    """A method of the API was called, and came back: `error` is its code, 0 for success."""

    what: str
    took: float
    error: int = 0
    msg: str = ""


@dataclass(frozen=True)
class Faulted(Entry):
    """A fault was injected; it may last so many seconds."""

    what: str
    lasts: float = 0.0


@dataclass(frozen=True)
class Snapshot:
    """What one client thinks of its call, at a moment."""

    device: str
    user: str
    linked: bool
    state: State
    call_id: str = ""
    members: frozenset[str] = frozenset()
    invitees: frozenset[str] = frozenset()
    type: int = 0


@dataclass(frozen=True)
class Violation:
    """A rule that was broken, where and when. `rule`: see `intercom.simulate.checker`."""

    rule: str
    at: float
    device: str
    call_id: str
    text: str

    def __str__(self) -> str:
        where = " ".join(filter(None, (self.device, self.call_id and f"call {self.call_id}")))
        return f"[{self.rule}] at {self.at:.2f} s{where and ', ' + where}: {self.text}"
