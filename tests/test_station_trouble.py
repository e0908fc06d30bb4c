"""A configuration that cannot be used is told on the screen and by the lamp."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import av
import pytest

import hw
from intercom.config import Config
from intercom.errors import ConfigError
from intercom.station import trouble
from intercom.station.lamp import PATTERNS, LampState, Pattern
from intercom.station.scene import Fault

BAD = """
[station]
tokn = "x"
language = "de"
[screen]
driver = "dummy"
width = 640
[panel]
driver = "simulated"
"""


def test_the_faults_are_on_the_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    painted = threading.Event()
    screens: list[hw.Screen] = []
    lamps: list[object] = []
    open_screen, open_panel = hw.open_screen, hw.open_panel

    def watch_screen(*arguments: object) -> hw.Screen:
        screen = open_screen(*arguments)  # type: ignore[arg-type]
        show = screen.show
        monkeypatch.setattr(screen, "show", lambda paint: show(paint, painted.set))
        screens.append(screen)
        return screen

    def watch_panel(*arguments: object) -> hw.Panel:
        panel = open_panel(*arguments)  # type: ignore[arg-type]
        set_lamp = panel.set_lamp

        def light(pattern: Pattern) -> None:
            lamps.append(pattern)
            set_lamp(pattern)

        monkeypatch.setattr(panel, "set_lamp", light)
        return panel

    def look(seconds: float) -> None:
        painted.wait(5)
        screens[0].screenshot(tmp_path / "shot.png")

    monkeypatch.setattr(hw, "open_screen", watch_screen)
    monkeypatch.setattr(hw, "open_panel", watch_panel)
    monkeypatch.setattr("intercom.station.trouble.time.sleep", look)
    path = tmp_path / "door.toml"
    path.write_text(BAD)
    trouble.show_trouble(path, ConfigError("station.tokn: unknown key"))
    with av.open(str(tmp_path / "shot.png")) as file:
        picture = next(file.decode(video=0)).to_ndarray(format="rgb24")
    assert picture.shape == (480, 640, 3)  # what is right in the file is used
    red = (picture[..., 0] > 150) & (picture[..., 1] < 90)
    assert red.sum() > 500  # the sign of a fault
    assert lamps == [PATTERNS[LampState.FAULT]]


def test_under_systemd_it_waits_for_another_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = tmp_path / "notify"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(address))
    monkeypatch.setenv("NOTIFY_SOCKET", str(address))
    path = tmp_path / "door.toml"
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            path.write_text("[station]")

    monkeypatch.setattr("intercom.station.trouble.time.sleep", sleep)
    with listener:
        trouble.show_trouble(path, ConfigError("no such file"))  # and it came
        assert slept == [1, 1, 1]
        assert b"STATUS=" in listener.recv(200)
        assert b"EXTEND_TIMEOUT_USEC=20000000" in listener.recv(200)


def test_what_the_card_had_wrong_is_shown_at_a_boot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenes: list[Fault] = []
    monkeypatch.setattr(trouble, "_screen", lambda config, stack, scene: scenes.append(scene))
    monkeypatch.setattr(trouble, "OWNERS_FAULTS", tmp_path / "errors.txt")
    trouble.show_owners_faults(Config())
    (tmp_path / "errors.txt").write_text("")
    trouble.show_owners_faults(Config())
    assert scenes == []
    (tmp_path / "errors.txt").write_text("wifi.txt: no ssid")
    monkeypatch.setattr("intercom.station.trouble.time.clock_gettime", lambda clock: 20.0)
    trouble.show_owners_faults(Config())
    assert [scene.detail for scene in scenes] == ["wifi.txt: no ssid"]
    monkeypatch.setattr("intercom.station.trouble.time.clock_gettime", lambda clock: 2000.0)
    trouble.show_owners_faults(Config())
    assert len(scenes) == 1


def test_nothing_is_waited_for_without_screen_and_panel(tmp_path: Path) -> None:
    path = tmp_path / "door.toml"
    path.write_text('[screen]\ndriver = "none"\n[panel]\ndriver = "none"\n')
    trouble.show_trouble(path, ConfigError("no"), seconds=3600)
    path.write_text("[[[ not TOML, and on this machine no real screen")
    trouble.show_trouble(path, ConfigError("no"), seconds=0)
