"""Tasks that belong to somebody: kept while they run, ended with him, heard when they fail."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class Tasks:
    """The tasks of one owner, in its loop. What they raise goes to the loop's exception handler."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
        """Run `work` and return its task; once closed, leave it and return None."""
        if self._closed:
            work.close()
            return None
        task = asyncio.get_running_loop().create_task(work, name=self._name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def cancel(self) -> None:
        """Cancel what runs, but for the task that asks for it."""
        for task in self._tasks - {asyncio.current_task()}:
            task.cancel()

    async def finished(self) -> None:
        """Wait for what runs, but for the task that waits."""
        if running := self._tasks - {asyncio.current_task()}:
            await asyncio.wait(running)

    async def close(self) -> None:
        """Start nothing more, cancel what runs and wait for it; idempotent."""
        self._closed = True
        self.cancel()
        await self.finished()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            context = {"message": f"{self._name} failed", "exception": error, "task": task}
            task.get_loop().call_exception_handler(context)
