"""Anything may come in at the hub's port: it must stay up, and others must not notice."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import WSMsgType
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intercom import protocol as p
from intercom.config import HubConfig
from intercom.hub.server import Hub

from .conftest import USERS
from .hub_rig import Raw, Visitors
from .test_protocol import JSON, messages

KNOWN = st.sampled_from(["t", "req", "call_id", "user_id", "body", "type", "versions", "user_sig"])
BOUNDED = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Faults(logging.Handler):
    """Everything that is logged as an error: aiohttp tells of a failed handler so."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.told: list[object] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.told.append(record.getMessage())


class Target:
    """A hub in a loop of its own, with one client that must not notice anything."""

    def __init__(self, folder: Path) -> None:
        self.runner = asyncio.Runner(debug=True)
        self.faults = Faults()
        logging.getLogger().addHandler(self.faults)
        self.hub = Hub(HubConfig(port=0, state_dir=str(folder), users=USERS))
        self.visitors: Visitors
        self.witness: Raw
        self.runner.run(self._start())

    async def _start(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self.faults.told.append(context))
        await self.hub.start()
        self.visitors = Visitors(self.hub)
        self.witness = await self.visitors.login("desk")

    def close(self) -> None:
        """Stop it; nothing may have gone wrong in it."""
        self.runner.run(self._stop())
        self.runner.close()
        logging.getLogger().removeHandler(self.faults)
        assert self.faults.told == []

    async def _stop(self) -> None:
        await self.visitors.__aexit__()
        await self.hub.stop()

    def throw(self, frames: list[str | bytes], login: bool) -> None:
        """Send frames, with or without a login before, and see that the hub is well."""
        self.runner.run(self._throw(frames, login))

    async def _throw(self, frames: list[str | bytes], login: bool) -> None:
        raw = await (self.visitors.login("door") if login else self.visitors.open())
        with contextlib.suppress(aiohttp.ClientConnectionError):  # it may close before the end
            for frame in frames:
                await (raw.ws.send_bytes(frame) if isinstance(frame, bytes) else raw.say(frame))
            await raw.say("the end")
        while (heard := await raw.ws.receive(timeout=5)).type is WSMsgType.TEXT:
            p.decode_hub(heard.data)
        assert heard.type in {WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING}
        assert raw.ws.close_code in {1008, 1009, None}
        await raw.ws.close()
        await self.witness.alive()

    def pour(self, data: bytes) -> None:
        """Send bytes to the port, whatever they are."""
        self.runner.run(self._pour(data))

    async def _pour(self, data: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.hub.port)
        writer.write(data)
        writer.write_eof()
        with contextlib.suppress(ConnectionError):
            await asyncio.wait_for(reader.read(), 5)
        writer.close()
        await self.witness.alive()


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    made = Target(tmp_path_factory.mktemp("hub"))
    yield made
    made.close()


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A good message with some of its fields spoilt, or its text."""
    text = p.encode(draw(messages(p.ClientMessage)))
    raw = json.loads(text)
    for _ in range(draw(st.integers(0, 3))):
        raw[draw(st.sampled_from(sorted(raw)) | KNOWN)] = draw(JSON)
    text = json.dumps(raw, ensure_ascii=draw(st.booleans()))
    if draw(st.booleans()):
        at = draw(st.integers(0, len(text)))
        text = (
            text[:at]
            + draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=3))
            + text[at + 1 :]
        )
    return text


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


@BOUNDED
@given(frames=st.lists(mutated() | TEXTS, max_size=6), login=st.booleans())
def test_texts(target: Target, frames: list[str | bytes], login: bool) -> None:
    target.throw(frames, login)


@BOUNDED
@given(frames=st.lists(st.binary(max_size=200), max_size=3), login=st.booleans())
def test_binary_frames(target: Target, frames: list[str | bytes], login: bool) -> None:
    target.throw(frames, login)


UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: hub\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@BOUNDED
@given(head=st.sampled_from([b"", UPGRADE, b"GET /metrics HTTP/1.1\r\n"]), data=st.binary())
def test_bytes(target: Target, head: bytes, data: bytes) -> None:
    target.pour(head + data)
