"""One house for all tests of the guest: its processes must live through all that they play."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.vm.guest.house import House


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One loop for all, since the house lives in it."""
    here = __file__.removesuffix("conftest.py")
    for item in items:
        if str(item.path).startswith(here) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def whole_house() -> AsyncIterator[House]:
    """The house, with everybody logged in; in the end all must live, and have logged no fault."""
    house = House()
    try:
        await house.open()
        yield house
        house.nobody_has_died_or_cried()
    finally:
        await house.close()


@pytest_asyncio.fixture(loop_scope="session")
async def house(whole_house: House) -> AsyncIterator[House]:
    """The house at rest before and after the test."""
    await whole_house.end()
    yield whole_house
    await whole_house.end()
