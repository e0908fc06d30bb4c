"""Tasks with an owner."""

from __future__ import annotations

import asyncio
from typing import Any

from intercom.tasks import Tasks


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


async def test_a_failure_reaches_the_loop() -> None:
    async def fail() -> None:
        raise ConnectionError("no line")

    told: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: told.append(context))
    tasks = Tasks("a test")
    tasks.spawn(fail())
    await tasks.finished()
    await asyncio.sleep(0)
    loop.set_exception_handler(None)
    assert [context["message"] for context in told] == ["a test failed"]
    await tasks.close()


async def test_who_cancels_or_waits_does_not_stop_or_wait_for_itself() -> None:
    tasks, done = Tasks("a test"), []

    async def work() -> None:
        tasks.cancel()
        await tasks.finished()
        done.append(1)

    tasks.spawn(work())
    await tasks.finished()
    assert done == [1]
