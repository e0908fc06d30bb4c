"""What the tests of call records share: a clock that is set by hand, and looks into the file."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from intercom.hub.records import Records
from intercom.hub.records_clock import Clock

from .records_child import finished, opened

NOW = 1_790_000_000.0  # September 2026
DAY = 86400.0
CALL = "call-0001"


class Hands:
    """A clock that a test sets."""

    def __init__(self, wall: float = NOW) -> None:
        self.steady = 1000.0
        self.wall = wall
        self.clock = Clock(lambda: self.steady, lambda: self.wall)

    def wait(self, seconds: float) -> None:
        """Let time go by."""
        self.steady += seconds
        self.wall += seconds


def read(folder: Path, sql: str) -> list[Any]:
    """What stands in the database now."""
    with closing(sqlite3.connect(folder / "calls.db")) as connection:
        return connection.execute(sql).fetchall()


def restart(folder: Path, hands: Hands, days: float = 365) -> Records:
    """The store of the next run."""
    made = Records(folder, days, hands.clock)
    made.start()
    return made


def call_ids(store: Records, user: str = "indoor") -> list[str]:
    return [call.call_id for call in store.missed(user, str)]


def warnings(caplog: pytest.LogCaptureFixture) -> str:
    return " | ".join(r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING)


def days_old(folder: Path, *ages: float) -> None:
    """Write calls that are so many days old; None of them goes on."""
    for number, age in enumerate(ages):
        store = restart(folder, Hands(NOW - age * DAY), days=10_000)
        store.note(opened(f"call-{number:04d}"))
        store.note(finished(f"call-{number:04d}"))
        store.close()
