"""A hub with everybody at home, and the states of a call between two that most tests start from."""

from __future__ import annotations

import pytest

from intercom.hub.keys import Keys

from .rig import Hub, connect, house, ring


@pytest.fixture(scope="package")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("hub"))


@pytest.fixture
def hub(keys: Keys) -> Hub:
    """A hub with everybody at home."""
    return house(keys)


@pytest.fixture
def ringing(hub: Hub) -> Hub:
    """The door rings the kitchen."""
    return ring(hub)


@pytest.fixture
def connected(hub: Hub) -> Hub:
    """Door and kitchen talk, just the two."""
    return connect(hub)
