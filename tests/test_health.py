"""What systemd hears, on a real datagram socket."""

from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path

import pytest

from intercom.appliance.places import Places
from intercom.health import HUB, STATION, Health

UNITS = (STATION, HUB)


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    """The socket that systemd would listen on."""
    path = tmp_path / "notify"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(path))
    listener.setblocking(False)
    monkeypatch.setenv("NOTIFY_SOCKET", str(path))
    return listener


def heard(listener: socket.socket) -> list[bytes]:
    said = []
    while True:
        try:
            said.append(listener.recv(4096))
        except BlockingIOError:
            return said


def test_ready_once_status_and_stopping(systemd: socket.socket) -> None:
    health = Health(lambda: "")
    health.status("no hub yet · 中文")
    health.ready()
    health.ready()
    health.stopping()
    assert heard(systemd) == [b"STATUS=no hub yet ? ??", b"READY=1", b"STOPPING=1"]
    health.close()
    systemd.close()


@pytest.mark.parametrize("unit", UNITS)
def test_the_next_boot_learns_that_it_was_ready(
    systemd: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unit: str
) -> None:
    places = Places(tmp_path / "card")
    places.state.mkdir(parents=True)
    monkeypatch.setenv("STATE_DIRECTORY", str(places.state))
    health = Health(lambda: "", unit)
    assert places.was_ready == []
    health.ready()
    assert [path.name for path in places.was_ready] == [f"was-ready.{unit}"]
    health.close()
    systemd.close()


async def test_preinit_learns_that_it_held_out(
    systemd: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "30000")
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    monkeypatch.setattr("intercom.health.HOLD", 0.2)
    mark = tmp_path / "steady"
    health = Health(lambda: "")
    begin = time.monotonic()
    task = asyncio.create_task(health.run())
    while not mark.exists():
        heard(systemd)  # its queue is short
        await asyncio.sleep(0.01)
    assert time.monotonic() - begin >= 0.2
    mark.unlink()
    heard(systemd)
    await asyncio.sleep(0.03)
    assert not mark.exists(), "it is written once"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    health.close()
    systemd.close()


async def test_the_watchdog_is_fed_only_while_alive(
    systemd: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "60000")
    alive = True
    health = Health(lambda: "" if alive else "the camera is dead")
    task = asyncio.create_task(health.run())
    await asyncio.sleep(0.07)
    assert heard(systemd).count(b"WATCHDOG=1") >= 2
    alive = False
    health.ready()
    await asyncio.sleep(0.02)
    heard(systemd)
    await asyncio.sleep(0.06)
    assert heard(systemd) == []
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    health.close()
    systemd.close()


async def test_until_ready_more_time_is_asked_for(
    systemd: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "60000")
    health = Health(lambda: "")
    task = asyncio.create_task(health.run())
    await asyncio.sleep(0.05)
    assert b"EXTEND_TIMEOUT_USEC=30000000" in heard(systemd)
    health.ready()
    await asyncio.sleep(0.02)
    heard(systemd)
    await asyncio.sleep(0.05)
    assert set(heard(systemd)) == {b"WATCHDOG=1"}
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    health.close()
    systemd.close()


async def test_without_systemd_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    health = Health(lambda: "")
    health.ready()
    await health.run()
    health.close()
