"""Beside a running station: a real one, with simulated devices, lends its panel and screen."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from intercom.config import load
from intercom.doctor import running, service
from intercom.doctor.running import NoAnswer, Running, borrowed, command, find
from tests.doctor.patients import only, patient, toml


@dataclass
class Here:
    """A station's process."""

    process: subprocess.Popen[bytes]
    config: Path
    control: Path

    def opened(self) -> set[str]:
        """The devices that are open, as its events tell."""
        state: set[str] = set()
        with socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(0.3)
            wire.connect(str(self.control))
            try:
                for line in wire.makefile("rb"):
                    entry = json.loads(line)
                    if entry["event"] == "open":
                        state.add(entry["device"])
            except TimeoutError:
                return state
        return state


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Here]:
    control, path = tmp_path / "c.sock", tmp_path / "station.toml"
    path.write_text(toml(tmp_path, station__control=f'"{control}"'))
    process = subprocess.Popen(
        [sys.executable, "-m", "intercom", "station", "--config", str(path)],
        stderr=subprocess.DEVNULL,
    )
    here = Here(process, path, control)
    until(control.exists, process)
    until(lambda: here.opened() >= {"panel", "screen"}, process)
    yield here
    process.terminate()
    process.wait(10)


def until(holds: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert process.poll() is None, "the station has ended"
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def test_a_station_is_found_asked_and_lends(station: Here, tmp_path: Path) -> None:
    config = load(station.config.read_text(), "test", "station")
    found = find(config)
    assert found is not None
    assert (found.pid, found.control) == (station.process.pid, str(station.control))
    assert found.state == "idle"
    assert not found.in_call
    line = only(service.check_station(patient(tmp_path, station=found)), "station")
    assert (line.verdict, line.values["running"]) == ("ok", True)
    with borrowed(found, "panel", "screen") as held:
        assert held == ""
        assert lamp(found) is None  # its panel is closed
    until(lambda: lamp(found) is not None, station.process)


def lamp(found: Running) -> Any:
    return command(found.control, {"do": "stats"})["lamp"]


def test_what_is_not_given_back_is_taken_back(station: Here) -> None:
    control = str(station.control)
    lent = command(control, {"do": "lend", "devices": ["panel"], "seconds": 0.3})
    assert lent["lent"] == ["panel"]
    found = Running(1, control)
    assert lamp(found) is None
    until(lambda: lamp(found) is not None, station.process)


def test_what_cannot_be_lent(station: Here) -> None:
    control = str(station.control)
    for wrong in ({"do": "lend", "devices": ["camera"], "seconds": 1}, {"do": "lend"}, {"do": "x"}):
        with pytest.raises(NoAnswer):
            command(control, wrong)
    with borrowed(Running(1, control), "microphone") as held:
        assert "does not lend" in held
    with borrowed(Running(1, control, state="connected"), "panel") as held:
        assert "in a call" in held


def test_a_station_without_a_socket_is_found_by_its_process(tmp_path: Path) -> None:
    proc = tmp_path / "proc"
    for pid, words in (("12", "bash"), ("34", "/opt/v/bin/python\0/opt/v/bin/intercom\0station\0")):
        (proc / pid).mkdir(parents=True)
        (proc / pid / "cmdline").write_text(words)
    it = patient(tmp_path)
    found = find(it.config, tmp_path)
    assert found == Running(34)
    line = only(service.check_station(patient(tmp_path, station=found)))
    assert (line.verdict, "cannot be asked" in line.text) == ("skipped", True)
    assert "control" in line.remedy
    (proc / "34" / "cmdline").write_text("python\0-m\0intercom\0hub\0")
    assert find(it.config, tmp_path) is None


def test_a_socket_that_nobody_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "PATIENCE", 0.2)
    path = tmp_path / "c.sock"
    (tmp_path / "proc").mkdir()
    it = patient(tmp_path, changes={"station__control": f'"{path}"'})
    assert find(it.config, tmp_path) is None
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        with pytest.raises(NoAnswer, match="within"):
            command(str(path), {"do": "stats"})
    assert find(it.config, tmp_path) is None  # of a station that was killed


def test_its_own_faults_are_told(tmp_path: Path) -> None:
    sick = Running(7, "/c.sock", "idle", (("camera", "no camera found"),))
    lines = [*service.check_station(patient(tmp_path, station=sick))]
    assert [line.verdict for line in lines] == ["ok", "fault"]
    assert "no camera found" in lines[1].text


def test_the_doctor_looks_at_a_running_station(station: Here) -> None:
    """From outside, as a person would; and afterwards the station has its devices again."""
    checks = "station,buttons,lamp,screen,camera"
    done = subprocess.run(
        [sys.executable, "-m", "intercom", "doctor", "--config", str(station.config), "--quick",
         "--no-ask", "--json", "--only", checks],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    whole = json.loads(done.stdout)
    verdicts = {line["check"]: line["verdict"] for line in whole["checks"]}
    assert set(verdicts) == set(checks.split(","))
    assert all(it != "skipped" for it in verdicts.values()), whole
    assert done.returncode == (1 if "fault" in verdicts.values() else 0)
    until(lambda: lamp(Running(1, str(station.control))) is not None, station.process)
    os.kill(station.process.pid, signal.SIGTERM)
    assert station.process.wait(10) == 0
