"""Beside a running station: a real one, with simulated devices, lends its panel and screen."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from intercom.config import load
from intercom.doctor import camera, running, service, showing, sound
from intercom.doctor.results import ok
from intercom.doctor.running import NoAnswer, Running, borrowed, command, find
from tests.doctor.patients import Person, only, patient, toml


@dataclass
class Here:
    """A station's process."""

    process: subprocess.Popen[bytes]
    config: Path
    control: Path

    def opened(self) -> set[str]:
        """The devices that are open, as its events tell."""
        return set(self.openings())

    def openings(self) -> list[str]:
        """Each device that was opened, as often as it was."""
        state: list[str] = []
        with socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(0.3)
            wire.connect(str(self.control))
            try:
                for line in wire.makefile("rb"):
                    entry = json.loads(line)
                    if entry["event"] == "open":
                        state.append(entry["device"])
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
    assert found.doing == ""
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
    assert "control = " in line.remedy
    assert "/run/intercom/" not in line.remedy  # a folder of the service's
    (proc / "34" / "cgroup").write_text("0::/system.slice/intercom.service\n")
    it = patient(tmp_path, root=tmp_path, station=found)
    line = only(service.check_station(it))
    assert "enrolment" in line.remedy
    assert "control = " not in line.remedy
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
    told = {"camera": "no camera found", "panel": "no chip", "enrolment": "no hub", "heat": "hot"}
    sick = Running(7, "/c.sock", "idle", tuple(told.items()))
    lines = [*service.check_station(patient(tmp_path, station=sick))]
    assert [line.verdict for line in lines] == ["ok", *["fault"] * 4]
    assert "no camera found" in lines[1].text
    named = [line.remedy.removeprefix("see the line ") for line in lines[1:]]
    assert named == ["camera", "buttons", "login", "heat"]


def test_the_results_are_shown_on_the_screen_that_the_station_lends(
    station: Here, tmp_path: Path
) -> None:
    before = station.openings().count("screen")
    it = patient(tmp_path, station=find(load(station.config.read_text(), "test", "station")))
    assert showing.show(it, [ok("camera", "well")], seconds=0.2)
    until(lambda: station.openings().count("screen") == before + 1, station.process)


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


@pytest.fixture
def told(tmp_path: Path) -> Iterator[tuple[Running, dict[str, Any]]]:
    """A station that was idle when it was found, and what its socket says from then on."""
    path, says = tmp_path / "c.sock", {"ok": True, "pid": 1, "state": "idle", "doing": ""}
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    wire, _ = server.accept()
                    with wire:
                        wire.recv(1000)
                        wire.sendall(json.dumps(says).encode() + b"\n")

        thread = threading.Thread(target=serve)
        thread.start()
        yield Running(1, str(path), "idle"), says
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_camera_and_sound_are_left_to_a_call_that_began_meanwhile(
    told: tuple[Running, dict[str, Any]], tmp_path: Path
) -> None:
    station, says = told
    it = patient(tmp_path, station=station)
    assert running.needs(station) == ""
    says["doing"] = "in a call"
    for check in (camera.check, sound.check):
        line = only(check(it))
        assert (line.verdict, "in a call" in line.text) == ("skipped", True)
        assert line.remedy == "look again afterwards"


def test_a_call_that_begins_while_the_microphone_is_heard_keeps_the_speaker(
    told: tuple[Running, dict[str, Any]], tmp_path: Path
) -> None:
    station, says = told

    def begins(text: str) -> None:
        says["doing"] = "in a call"

    lines = {it.check: it for it in sound.check(
        patient(tmp_path, station=station, asker=Person(hears=begins))
    )}  # fmt: skip
    assert set(lines) == {"microphone", "speaker"}
    assert lines["speaker"].verdict == "skipped"


def test_who_cannot_be_asked_may_be_in_a_call(tmp_path: Path) -> None:
    it = patient(tmp_path, station=Running(4711))
    for check in (camera.check, sound.check):
        line = only(check(it))
        assert (line.verdict, "may be in a call" in line.text) == ("skipped", True)
        assert "control" in line.remedy
    assert running.needs(Running(1, str(tmp_path / "gone"))) == ""  # it has ended since
