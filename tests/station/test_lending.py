"""Devices lent to another program: closed for it, and open again whatever becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from intercom.station import lending
from intercom.station.lending import Lending, LendingError


class Slot:
    """What keeps a device open."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.log: list[str] = []
        self.opened = asyncio.Event()

    async def open(self) -> None:
        """Open it."""
        self.log.append("open")
        self.opened.set()

    async def close(self) -> None:
        """Close it."""
        self.log.append("close")


@pytest.fixture
async def both() -> AsyncIterator[tuple[Lending, Slot, Slot]]:
    """A panel and a screen that can be lent."""
    found, panel, screen = Lending(), Slot("panel"), Slot("screen")
    found.add(panel)
    found.add(screen)
    yield found, panel, screen
    await found.close()


Both = tuple[Lending, Slot, Slot]


async def test_what_is_lent_is_closed_and_opened_when_it_comes_back(both: Both) -> None:
    own, panel, screen = both
    assert await own.lend(["screen", "camera"], 60) == ["screen"]
    assert (panel.log, screen.log) == ([], ["close"])
    await own.take_back()
    await own.take_back()  # nothing is lent any more
    assert (panel.log, screen.log) == ([], ["close", "open"])


async def test_a_borrower_that_dies_keeps_nothing(
    both: Both, caplog: pytest.LogCaptureFixture
) -> None:
    own, panel, screen = both
    await own.lend(["panel", "screen"], 0.01)
    await asyncio.wait_for(asyncio.gather(panel.opened.wait(), screen.opened.wait()), 5)
    assert panel.log == screen.log == ["close", "open"]
    assert "the panel was lent and not given back" in caplog.text
    await own.take_back()
    assert panel.log == ["close", "open"]


async def test_nobody_borrows_for_longer_than_the_limit(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, panel, _ = both
    monkeypatch.setattr(lending, "LONGEST", 0.01)
    await own.lend(["panel"], 10_000)
    await asyncio.wait_for(panel.opened.wait(), 5)


async def test_who_borrows_again_has_the_new_time(both: Both) -> None:
    own, panel, _ = both
    await own.lend(["panel"], 0.02)
    await own.lend(["panel"], 60)
    await asyncio.sleep(0.1)
    assert panel.log == ["close", "close"]
    await own.take_back()
    assert panel.log == ["close", "close", "open"]


async def test_a_station_that_ends_opens_nothing_again(both: Both) -> None:
    own, panel, _ = both
    await own.lend(["panel"], 0.02)
    await own.close()
    await asyncio.sleep(0.1)
    assert panel.log == ["close"]


async def test_what_there_is_not_is_not_lent(both: Both) -> None:
    with pytest.raises(LendingError, match="no such device"):
        await both[0].lend(["camera"], 60)
