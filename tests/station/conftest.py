"""A door station at a hub with a family."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from intercom.hub.server import Hub
from tests.station_rig import Start, family, starting


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    """A hub with a family."""
    async with family(tmp_path) as made:
        yield made


@pytest.fixture
async def start(hub: Hub) -> AsyncIterator[Start]:
    """Return a function that starts the door."""
    async with starting(hub) as made:
        yield made
