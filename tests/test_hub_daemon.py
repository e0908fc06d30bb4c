"""A hub by itself, as a process: systemd hears when it can be reached, and when it goes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

HUB = '[hub]\nport = {port}\nstate_dir = "{folder}/state"\n'


@pytest.fixture
def systemd() -> Iterator[socket.socket]:
    """The socket by which systemd is notified; a socket's path has at most 107 characters."""
    with (
        TemporaryDirectory(prefix="notify") as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified,
    ):
        notified.bind(f"{folder}/notify")
        notified.settimeout(20)
        yield notified


def start(folder: Path, port: int, systemd: socket.socket) -> subprocess.Popen[str]:
    """Start a hub on a port."""
    config = folder / "hub.toml"
    config.write_text(HUB.format(port=port, folder=folder))
    return subprocess.Popen(
        [sys.executable, "-m", "intercom", "hub", "--config", str(config)],
        env={**os.environ, "NOTIFY_SOCKET": systemd.getsockname()},
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_is_ready_once_it_listens_and_stops_on_sigterm(
    tmp_path: Path, systemd: socket.socket
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with start(tmp_path, port, systemd) as hub:
        said = systemd.recv(1000)
        while said != b"READY=1":
            said = systemd.recv(1000)
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass
        hub.send_signal(signal.SIGTERM)
        while said != b"STOPPING=1":
            said = systemd.recv(1000)
        assert hub.wait(10) == 0


def test_a_port_that_is_taken_is_told_in_one_line(tmp_path: Path, systemd: socket.socket) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with start(tmp_path, taken.getsockname()[1], systemd) as hub:
            _, errors = hub.communicate(timeout=20)
    assert hub.returncode == 1
    assert "is another hub running" in errors
    assert "Traceback" not in errors
