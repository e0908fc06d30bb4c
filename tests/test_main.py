"""The command line, as a process: what it prints and how it ends."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import jwt
import pytest

HUB = '[hub]\nstate_dir = "{folder}/state"\n[hub.users.door]\nname = "Front door"\n'


def intercom(*words: str) -> subprocess.CompletedProcess[str]:
    """Run `intercom words`."""
    return subprocess.run(
        [sys.executable, "-m", "intercom", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """A hub's configuration."""
    path = tmp_path / "hub.toml"
    path.write_text(HUB.format(folder=tmp_path))
    return path


def test_token(hub: Path) -> None:
    done = intercom("token", "door", "--days", "2", "--config", str(hub))
    assert done.returncode == 0, done.stderr
    claims = jwt.decode(done.stdout.strip(), options={"verify_signature": False})
    assert claims["sub"] == "door"
    assert claims["exp"] - claims["iat"] == 2 * 86400


def test_token_of_a_stranger(hub: Path) -> None:
    done = intercom("token", "stranger", "--config", str(hub))
    assert done.returncode == 1
    assert "[hub.users]" in done.stderr
    assert done.stdout == ""


def test_config_masks_secrets_and_loads_again(tmp_path: Path) -> None:
    path = tmp_path / "door.toml"
    path.write_text(
        '[station]\nuser = "door"\ntoken = "hush"\n[hub]\nurl = "ws://127.0.0.1:1"\n'
        '[call]\ncallee = "indoor"\n'
    )
    done = intercom("config", "--config", str(path))
    assert done.returncode == 0, done.stderr
    assert "hush" not in done.stdout
    again = tmp_path / "again.toml"
    again.write_text(done.stdout)
    assert intercom("config", "--config", str(again)).stdout == done.stdout


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "No such file"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[hub\n", "is not TOML"),
        (b"[hub]\nprot = 1\n", 'did you mean "port"?'),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "hub.toml"
    if content is not None:
        path.write_bytes(content)
    done = intercom("hub", "--config", str(path))
    assert done.returncode == 2
    assert words in done.stderr
    assert "hub.toml" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_hub_whose_port_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        path = tmp_path / "hub.toml"
        port = taken.getsockname()[1]
        path.write_text(HUB.format(folder=tmp_path).replace("[hub]", f"[hub]\nport = {port}"))
        done = intercom("hub", "--config", str(path))
    assert done.returncode == 1
    assert "is another hub running" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [["nonsense"], ["token"], ["hub", "--what"]])
def test_wrong_arguments(words: list[str]) -> None:
    done = intercom(*words)
    assert done.returncode == 2
    assert "Usage" in done.stderr
