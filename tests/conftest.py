"""Fixtures that several modules share."""

from __future__ import annotations

import asyncio
import logging
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from intercom import Calling, Event
from intercom import transport as t
from intercom.config import HubConfig, UserConfig
from intercom.hub.server import Hub
from tests.transport_rig import Rig

USERS = {
    "door": UserConfig(name="Front door"),
    "indoor": UserConfig(name="Kitchen", open_door=True),
    "desk": UserConfig(name="Desk"),
    "shy": UserConfig(name="Shy", may_call=("desk",)),
}


class Client(Calling):
    """A Calling that remembers every event, and lets a test wait for one."""

    def __init__(self, hub: str) -> None:
        super().__init__(hub)
        self.heard: list[tuple[Event, dict[str, Any]]] = []
        self._news = asyncio.Condition()
        for event in Event:
            self.on(event, self._hear, event)

    async def _hear(self, event: Event, payload: dict[str, Any]) -> None:
        async with self._news:
            self.heard.append((event, payload))
            self._news.notify_all()

    async def wait(self, event: Event, timeout: float = 5.0) -> dict[str, Any]:  # noqa: ASYNC109
        """Return the payload of the first `event` not waited for before."""
        async with asyncio.timeout(timeout), self._news:
            while True:
                for index, (heard, payload) in enumerate(self.heard):
                    if heard is event:
                        del self.heard[index]
                        return payload
                await self._news.wait()

    def count(self, event: Event) -> int:
        """Return how often `event` was heard and not waited for."""
        return sum(heard is event for heard, _ in self.heard)


Login = Callable[[str], Awaitable[Client]]


@pytest.fixture
async def hub(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Hub]:
    """A hub on a free port of loopback, that must not log an error."""
    server = Hub(HubConfig(listen="127.0.0.1", port=0, state_dir=str(tmp_path), users=USERS))
    await server.start()
    yield server
    await server.stop()
    errors = [r for r in caplog.get_records("call") if r.levelno >= logging.ERROR]
    assert not any(r.name.startswith(("aiohttp", "intercom.hub")) for r in errors), errors


@pytest.fixture
async def login(hub: Hub) -> AsyncIterator[Login]:
    """Return a function that logs a user in, without media."""
    clients: list[Client] = []

    async def make(user_id: str) -> Client:
        client = Client(f"ws://127.0.0.1:{hub.port}")
        clients.append(client)
        await client.login(user_id, hub.keys.mint(user_id, days=1))
        return client

    yield make
    for client in clients:
        await client.logout()


@pytest.fixture
async def rig(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    monkeypatch.setattr(t, "PATIENCE", 0.05)
    monkeypatch.setattr(t, "RETRY", 0.1)
    made = Rig()
    yield made
    await made.conductor.close()


@pytest.fixture
def own(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key, made by OpenSSL."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    name = ["-subj", "/CN=hub", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(cert)]
    subprocess.run([*make.split(), *name, *files], check=True, capture_output=True)
    return cert, key
