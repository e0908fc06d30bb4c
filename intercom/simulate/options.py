"""What a simulation is asked for."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

RATE_EACH = 0.2
"""Decisions a second for each user, unless told: everybody does something each five seconds."""


@dataclass(frozen=True)
class Options:
    """`rate`: decisions a second of all users together; `faults`: the share of them that is one.

    `restarts`: how often the hub goes down and comes back, in turn by SIGTERM and by SIGKILL.
    `quiet`: seconds that everything is left alone before what the clients think is compared.
    `keep`: where logs, configuration and records stay; None: nowhere.
    """

    users: int = 50
    minutes: float = 10.0
    seed: int = 0
    rate: float = 10.0
    faults: float = 0.06
    restarts: int = 2
    quiet: float = 12.0
    keep: Path | None = None

    @property
    def seconds(self) -> float:
        """How long the users are busy; settling, checking and logging out come after it."""
        return self.minutes * 60

    @classmethod
    def given(cls, users: int, seed: int | None, rate: float | None, **more: Any) -> Self:
        """Return options with what was not given filled in."""
        drawn = random.SystemRandom().randrange(10**6) if seed is None else seed
        each = rate or min(users * RATE_EACH, 20.0)
        return cls(users=users, seed=drawn, rate=each, **more)
