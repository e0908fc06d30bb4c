"""`intercom doctor` as a process: what it prints, and how it ends."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from intercom.doctor.checks import CHECKS, NAMES, chosen
from intercom.errors import ConfigError
from intercom.station.words import Words, languages
from tests.doctor.patients import toml

RESULTS = {
    "versions", "station", "service", "rights", "network", "hub", "login", "link", "relay", "stun",
    "turn", "clock", "power", "heat", "card", "space", "camera", "microphone", "speaker", "sound",
    "echo", "buttons", "lamp", "screen",
}  # fmt: skip
"""Every name that a line can have: docs/doctor.md promises them."""


def doctor(config: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run it."""
    return subprocess.run(
        [sys.executable, "-m", "intercom", "doctor", "--config", str(config), *words],
        capture_output=True, text=True, timeout=90, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "station.toml"
    path.write_text(toml(tmp_path))
    path.chmod(0o600)
    return path


def test_a_line_a_check_and_a_fault_for_the_hub_that_is_not_there(config: Path) -> None:
    done = doctor(config, "--quick")
    assert done.returncode == 1, done.stderr
    *lines, last = done.stdout.splitlines()
    assert all(re.match(r"(ok|warning|fault|skipped) +\w+ +\S", line) for line in lines), lines
    by_name = {line.split()[1]: line for line in lines}
    assert by_name["hub"].startswith("fault")
    assert "connection refused →" in by_name["hub"]
    assert {line.index(line.split()[1]) for line in lines} == {9}
    assert re.fullmatch(r"\d+ faults?, .*, in \d+ s", last)
    assert "\x1b" not in done.stdout
    assert "Traceback" not in done.stderr
    assert set(by_name) <= RESULTS


def test_only_what_is_named_and_no_fault(config: Path) -> None:
    done = doctor(config, "--only", "versions, lamp", "--quick")
    assert done.returncode == 0, done.stdout
    assert [line.split()[1] for line in done.stdout.splitlines()[:-1]] == ["versions", "lamp"]


def test_json(config: Path) -> None:
    done = doctor(config, "--json", "--only", "hub,camera", "--quick")
    whole = json.loads(done.stdout)
    assert done.returncode == 1
    assert set(whole) == {"schema", "program", "host", "started", "seconds", "verdict", "checks"}
    assert [it["check"] for it in whole["checks"]] == ["hub", "login", "link", "camera"]
    assert all(
        set(it) == {"check", "verdict", "text", "remedy", "seconds", "values"}
        for it in whole["checks"]
    )


@pytest.mark.parametrize("words", [("--only", "camra"), ("--what",)])
def test_wrong_usage(config: Path, words: tuple[str, ...]) -> None:
    done = doctor(config, *words)
    assert done.returncode == 2
    assert done.stdout == ""


def test_wrong_configuration(tmp_path: Path) -> None:
    path = tmp_path / "station.toml"
    path.write_text('[station]\nusr = "x"\n')
    done = doctor(path)
    assert done.returncode == 2
    assert "usr" in done.stderr


def test_what_can_be_chosen() -> None:
    assert [it.name for it in chosen("")] == list(NAMES)
    assert [it.name for it in chosen("sound,camera")] == ["camera", "sound"]
    with pytest.raises(ConfigError, match="no check nose: there are versions"):
        chosen("camera,nose")
    assert all(it.limit > 0 for it in CHECKS)


@pytest.mark.parametrize("language", languages())
def test_every_line_has_a_name_on_the_screen(language: str) -> None:
    words = Words(language)
    named = {key.rpartition(".")[2] for key in words if key.startswith("doctor.check.")}
    assert named == RESULTS
    assert set(NAMES) <= RESULTS


HANGS = """
import sys, threading
from pathlib import Path
from intercom.config import load
from intercom.doctor import checks, command
from intercom.doctor.results import ok
from intercom.doctor.run import Check

def hangs(patient):
    yield ok("camera", "opens")
    threading.Event().wait()

checks.CHECKS = (Check("camera", hangs, 0.3), Check("lamp", lambda _: [ok("lamp", "blinks")], 5))
path = Path(sys.argv[1])
sys.exit(command.run(path, load(path.read_text(), "test", "station"), "", as_json=True))
"""


@pytest.fixture
def lender(tmp_path: Path) -> Iterator[tuple[Path, list[str]]]:
    """A station's control socket, and what it was asked to do."""
    path, asked = tmp_path / "c.sock", list[str]()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    wire, _ = server.accept()
                    with wire:
                        asked.append(json.loads(wire.recv(1000))["do"])
                        wire.sendall(b'{"ok": true, "pid": 1, "state": "idle"}\n')

        thread = threading.Thread(target=serve)
        thread.start()
        yield path, asked
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_ctrl_c_ends_it_though_a_driver_hangs(
    tmp_path: Path, lender: tuple[Path, list[str]]
) -> None:
    control, asked = lender
    config = tmp_path / "station.toml"
    config.write_text(toml(tmp_path, station__control=f'"{control}"'))
    script = HANGS.replace("0.3)", "300)").replace(
        "    yield", '    sys.stderr.write("up\\n"); yield'
    )
    # Who starts the tests in the background has them ignore it.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    words = [sys.executable, "-c", heard + script, str(config)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == b"up\n"  # the check runs
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert process.stderr.read() == b""
    assert asked == ["stats", "take_back"]


def test_a_driver_that_hangs_keeps_nobody_waiting(config: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HANGS, str(config)],
        capture_output=True, text=True, timeout=30, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    found = [(it["check"], it["verdict"]) for it in json.loads(done.stdout)["checks"]]
    assert found == [("camera", "ok"), ("camera", "fault"), ("lamp", "ok")]
    assert done.returncode == 1
