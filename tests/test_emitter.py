"""Handlers of events."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from intercom.emitter import Emitter
from intercom.events import Event


async def turn() -> None:
    """Let the loop do what was asked for."""
    for _ in range(3):
        await asyncio.sleep(0)


async def test_handlers_are_called_in_order_and_later() -> None:
    emitter = Emitter()
    heard: list[Any] = []
    emitter.on(Event.INVITED, lambda payload: heard.append((1, payload)))
    emitter.on(Event.INVITED, lambda me, payload: heard.append((me, payload)), context=2)
    emitter.on(Event.RINGING, lambda payload: heard.append((3, payload)))
    emitter.emit(Event.INVITED, {"a": 1})
    assert heard == []
    await turn()
    assert heard == [(1, {"a": 1}), (2, {"a": 1})]


async def test_each_handler_gets_a_payload_of_its_own() -> None:
    emitter = Emitter()
    heard: list[Any] = []

    def spoil(payload: dict[str, Any]) -> None:
        payload.clear()

    emitter.on(Event.INVITED, spoil)
    emitter.on(Event.INVITED, heard.append)
    emitter.emit(Event.INVITED, {"a": 1})
    await turn()
    assert heard == [{"a": 1}]


async def test_off_is_at_once_and_forgives() -> None:
    emitter = Emitter()
    heard: list[Any] = []
    emitter.off(Event.INVITED, heard.append)
    append = heard.append
    emitter.on(Event.INVITED, append)
    emitter.on(Event.INVITED, append)
    emitter.emit(Event.INVITED, {})
    emitter.off(Event.INVITED, append)
    await turn()
    assert heard == []


async def test_a_handler_may_be_a_coroutine_and_may_use_the_emitter() -> None:
    emitter = Emitter()
    heard: list[Any] = []

    async def again(payload: dict[str, Any]) -> None:
        await asyncio.sleep(0)
        emitter.emit(Event.RINGING, payload)

    emitter.on(Event.INVITED, again)
    emitter.on(Event.RINGING, heard.append)
    emitter.emit(Event.INVITED, {"a": 1})
    for _ in range(5):
        await turn()
    assert heard == [{"a": 1}]


@pytest.mark.parametrize("kind", ["plain", "coroutine"])
async def test_a_handler_that_fails_is_reported_and_disturbs_nobody(kind: str) -> None:
    emitter = Emitter()
    heard: list[Any] = []
    told: list[BaseException] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda loop, context: told.append(context["exception"])
    )

    def fail(payload: dict[str, Any]) -> None:
        raise ValueError("plain")

    async def fail_later(payload: dict[str, Any]) -> None:
        raise ValueError("coroutine")

    emitter.on(Event.INVITED, fail if kind == "plain" else fail_later)
    emitter.on(Event.INVITED, heard.append)
    emitter.emit(Event.INVITED, {})
    await turn()
    assert heard == [{}]
    assert [str(error) for error in told] == [kind]


async def test_closing_cancels_what_still_runs() -> None:
    emitter = Emitter()
    started, ended = asyncio.Event(), asyncio.Event()

    async def wait(payload: dict[str, Any]) -> None:
        started.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    emitter.on(Event.INVITED, wait)
    emitter.emit(Event.INVITED, {})
    await started.wait()
    emitter.close()
    await asyncio.wait_for(ended.wait(), 5)


def test_only_events_that_exist_can_be_heard() -> None:
    with pytest.raises(ValueError, match="dance"):
        Emitter().on("dance", print)  # type: ignore[arg-type]  # the wrong type is the test
