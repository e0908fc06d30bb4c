"""The house of each scenario, and shorter times for those that would take long."""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .house import House

HASTY = {
    "PING_CALL": 0.2,
    "DEAD_CALL": 1.0,
    "LOST_GRACE": 1.0,
    "RETURN_GRACE": 3.5,
    "SWEEP": 0.1,
}
"""Seconds, in the places of `intercom.protocol`'s and the hub's."""


@pytest.fixture
async def house(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> AsyncIterator[House]:
    """A house that is checked at the end, and in which nobody may have logged an error."""
    made = House(tmp_path)
    await made.start()
    yield made
    await made.close()
    errors = [r for r in caplog.get_records("call") if r.levelno >= logging.ERROR]
    assert not errors, errors


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the graces be short: real ones are tested once, in rule 14."""
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] != "intercom":
            continue
        for constant, seconds in HASTY.items():
            if hasattr(module, constant):
                monkeypatch.setattr(module, constant, seconds)
