"""Tasks with an owner."""

from __future__ import annotations

import asyncio
import logging

import pytest

from intercom.media.tasks import Tasks


async def test_close_ends_what_runs_and_starts_nothing_more() -> None:
    tasks, ended = Tasks("test"), []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(1)

    tasks.spawn(work())
    await asyncio.sleep(0)
    await tasks.close()
    await tasks.close()
    tasks.spawn(work())
    assert ended == [1]


async def test_a_failure_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise ConnectionError("no line")

    tasks = Tasks("test")
    with caplog.at_level(logging.DEBUG, "intercom.media.tasks"):
        tasks.spawn(fail())
        for _ in range(3):
            await asyncio.sleep(0)
    assert "test: no line" in caplog.text
    await tasks.close()
