"""Camera, buttons, lamp and screen, with simulated devices and with faults put in."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import hw
from intercom.doctor import camera, judge_camera, judge_panel, panel, screen, showing
from intercom.doctor.judge_camera import Look
from intercom.doctor.judge_panel import Buttons, Screen
from intercom.doctor.page import pages
from intercom.doctor.results import Result, fault, ok
from intercom.doctor.running import Running
from tests.doctor.patients import Person, only, patient
from tests.doctor.trees import PI4, plant

STEADY = tuple(0.1 + n / 30 for n in range(90))
LOOK = Look("a camera", (640, 480), 30, 0.05, STEADY, 110.0, 40.0, encode_ms=3.0)


def changed(**more: Any) -> Look:
    """A look like LOOK, but for this."""
    return replace(LOOK, **more)


@pytest.mark.parametrize(
    ("look", "verdict", "words"),
    [
        (LOOK, "ok", "30.0 of 30 pictures/s"),
        (changed(arrivals=()), "fault", "no picture comes"),
        (changed(faults=("the cable",)), "fault", "the cable"),
        (changed(arrivals=STEADY[::2]), "warning", "too slow"),
        (changed(arrivals=STEADY[::5]), "fault", "too slow"),
        (changed(arrivals=(*STEADY[:40], *STEADY[50:])), "warning", "jerks"),
        (changed(arrivals=tuple(4 + at for at in STEADY)), "warning", "first picture comes late"),
        (changed(brightness=17.0, contrast=0.6), "warning", "one even area"),
        (changed(brightness=18.0, contrast=5.0), "warning", "all but black"),
        (changed(brightness=240.0, contrast=9.0), "warning", "all but white"),
        (changed(encode_ms=30.0), "warning", "encoding takes"),
        (changed(encode_ms=None), "fault", "encoder gives nothing"),
        (changed(encode_ms=None, packets=90, octets=375_000, key_frames=1), "ok", "1011 kbit/s"),
    ],
)
def test_camera(look: Look, verdict: str, words: str) -> None:
    result = judge_camera.camera(look)
    assert (result.verdict, words in result.text) == (verdict, True), result
    assert bool(result.remedy) == (verdict != "ok")


def test_a_simulated_camera_is_well(tmp_path: Path) -> None:
    result = only(camera.check(patient(tmp_path)))
    assert result.values["configured_per_s"] == 15
    assert float(str(result.values["pictures_per_s"])) > 1
    assert float(str(result.values["encode_ms"])) > 0


def test_a_lens_cap_is_told(tmp_path: Path) -> None:
    clip = tmp_path / "black.mp4"
    with av.open(str(clip), "w") as file:
        stream = file.add_stream("libx264", rate=15)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        black = av.VideoFrame.from_ndarray(np.zeros((240, 320, 3), np.uint8), "rgb24")
        for _ in range(30):
            file.mux(stream.encode(black))
        file.mux(stream.encode(None))
    result = only(camera.check(patient(tmp_path, changes={"camera__clip": f'"{clip}"'})))
    assert result.verdict in {"warning", "fault"}
    assert "one even area" in result.text
    assert "lens" in result.remedy


def test_no_camera(tmp_path: Path) -> None:
    changes = {"camera__driver": '"v4l2"', "camera__device": '"/dev/video63"'}
    with pytest.raises(hw.DeviceError, match="no camera at /dev/video63"):
        list(camera.check(patient(tmp_path, changes=changes)))
    none = {"camera__driver": '"none"'}
    assert only(camera.check(patient(tmp_path, changes=none))).verdict == "skipped"


# -- buttons and lamp --------------------------------------------------------------------------


@pytest.fixture
def panels(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The simulated panels that are opened, the newest last."""
    opened: list[Any] = []
    real = hw.open_panel

    def open_panel(*arguments: Any) -> hw.Panel:
        opened.append(real(*arguments))
        made: hw.Panel = opened[-1]
        return made

    monkeypatch.setattr(hw, "open_panel", open_panel)
    return opened


def test_buttons_at_rest(tmp_path: Path) -> None:
    result = only(panel.check_buttons(patient(tmp_path)))
    assert result.verdict == "ok"
    assert "open at rest" in result.text


def test_a_stuck_button_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = hw.open_panel

    def stuck(*arguments: Any) -> hw.Panel:
        made: Any = real(*arguments)
        made.press("hangup")
        opened: hw.Panel = made
        return opened

    monkeypatch.setattr(hw, "open_panel", stuck)
    result = only(panel.check_buttons(patient(tmp_path)))
    assert result.verdict == "fault"
    assert '"hangup" is pressed at rest' in result.text
    assert "GPIO 22" in result.remedy


def test_each_button_is_asked_for(tmp_path: Path, panels: list[Any]) -> None:
    wires = {"call": "call", "accept": "mute", "mute": "accept", "hangup": "hangup"}

    def press(text: str) -> None:
        name = next((it for it in wires if f'"{it}"' in text), "")
        if name:
            panels[-1].press(wires[name])
            timer = threading.Timer(0.1, panels[-1].release, [wires[name]])
            timer.start()
            timer.join()

    result = only(panel.check_buttons(patient(tmp_path, asker=Person(hears=press))))
    assert result.values["pressed"] == ["call", "hangup"]
    assert '"mute" came when "accept" was asked for' in result.text


def test_a_button_that_nobody_presses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panel, "PRESS_WITHIN", 0.05)
    result = only(panel.check_buttons(patient(tmp_path, asker=Person())))
    assert result.verdict == "fault"
    assert '"call" did not come' in result.text
    assert "GPIO 17" in result.remedy


def test_a_long_wire_is_told() -> None:
    seen = Buttons("panel", {"call": 17}, restless={"call": 7})
    result = judge_panel.buttons(seen, pull_up=True)
    assert (result.verdict, "moved 7 times" in result.text) == ("warning", True)


@pytest.mark.parametrize(("pull_up", "rail"), [(True, "3.3 V"), (False, "ground")])
def test_a_long_wire_is_mended_as_the_page_on_hardware_says(pull_up: bool, rail: str) -> None:
    """A stronger pull than 10 kohm, against 1 kohm in the wire, leaves no level to be read."""
    seen = Buttons("panel", {"call": 17}, restless={"call": 7})
    remedy = judge_panel.buttons(seen, pull_up=pull_up).remedy
    assert f"10 kohm from the pin to {rail}, 1 kohm in series" in remedy
    page = (Path(__file__).parents[2] / "docs/hardware.md").read_text()
    assert "10 kΩ from the pin to 3.3 V (to ground with `pull_up = false`); 1 kΩ in series" in page


def test_the_lamp_blinks(tmp_path: Path) -> None:
    assert only(panel.check_lamp(patient(tmp_path))).verdict == "ok"
    seen = only(panel.check_lamp(patient(tmp_path, asker=Person(answer=False))))
    assert (seen.verdict, "nobody saw it" in seen.text) == ("fault", True)
    none = patient(tmp_path, changes={"panel__lamp": "-1"})
    assert only(panel.check_lamp(none)).verdict == "skipped"


def test_a_station_that_cannot_be_asked_keeps_its_panel_and_screen(tmp_path: Path) -> None:
    held = patient(tmp_path, station=Running(4711))
    for check in (panel.check_buttons, panel.check_lamp, screen.check):
        result = only(check(held))
        assert result.verdict == "skipped"
        assert "process 4711" in result.text
        assert "systemctl stop intercom" in result.remedy


# -- the screen --------------------------------------------------------------------------------


@pytest.mark.parametrize(("optional", "verdict"), [("true", "skipped"), ("false", "fault")])
def test_a_display_that_is_not_connected(tmp_path: Path, optional: str, verdict: str) -> None:
    """There is no graphics card here either, so that SDL cannot open one."""
    if list(Path("/dev").glob("dri/card*")):
        pytest.skip("there is a graphics card")
    root = plant(tmp_path / "root", {"sys/class/drm/card1-HDMI-A-1/status": "disconnected"})
    changes = {"screen__driver": '"kmsdrm"', "screen__optional": optional}
    result = only(screen.check(patient(tmp_path, root=root, changes=changes)))
    assert result.verdict == verdict


def test_a_screen_paints(tmp_path: Path) -> None:
    root = plant(tmp_path / "root", PI4)
    result = only(screen.check(patient(tmp_path, root=root)))
    assert result.verdict == "ok"
    assert (result.values["width"], result.values["height"]) == (800, 480)
    assert result.values["touchscreens"] == ["10-0038 generic ft5x06 (79)"]


def test_a_screen_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("SDL_VIDEODRIVER", raising=False)
    result = only(screen.check(patient(tmp_path, changes={"screen__driver": '"window"'})))
    assert result.verdict == "fault"
    assert "screen" in result.text
    assert result.remedy


@pytest.mark.parametrize(
    ("look", "verdict", "words"),
    [
        (Screen("s", (800, 480), 0.1, 60, 1.0), "ok", "60 pictures/s"),
        (Screen("s", (800, 480), 0.1, 7, 1.0), "warning", "slow"),
        (Screen("s", (800, 480), None, 0, 1.0), "fault", "nothing is painted"),
        (Screen("s", (800, 480), 0.1, 60, 1.0, faults=("gone",)), "fault", "gone"),
        (Screen("s", (800, 480), 0.1, 60, 1.0, seen=False), "fault", "nobody saw"),
        (
            Screen("s", (800, 480), 0.1, 60, 1.0, ("t",), asked_touch=True),
            "warning",
            "no touch came",
        ),
        (Screen("s", (800, 480), 0.1, 60, 1.0, ("t",), touched=(3, 4)), "ok", "touched at 3,4"),
    ],
)
def test_screen(look: Screen, verdict: str, words: str) -> None:
    result = judge_panel.screen(look)
    assert (result.verdict, words in result.text) == (verdict, True), result


def test_the_results_are_shown_page_by_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each touch turns the page; the last one closes the screen."""
    shots: list[Path] = []
    real = hw.open_screen

    def touching(*arguments: Any) -> hw.Screen:
        made = real(*arguments)
        on_touch: Callable[[int, int], object] = arguments[2]
        show = made.show

        def shown() -> None:
            shots.append(tmp_path / f"page{len(shots)}.png")
            made.screenshot(shots[-1])
            on_touch(1, 1)

        monkeypatch.setattr(made, "show", lambda paint: show(paint, shown))
        return made

    monkeypatch.setattr(hw, "open_screen", touching)
    results: list[Result] = [fault("camera", "no picture", "see its cable")]
    results += [ok(f"check{n}", "well") for n in range(20)]
    for language in ("en", "zh"):
        it = patient(tmp_path, changes={"station__language": f'"{language}"'})
        assert showing.show(it, results, seconds=20)
    assert len(shots) == 2 * len(pages(results)) == 4
    with av.open(str(shots[0])) as file:
        picture = next(file.decode(video=0)).to_ndarray(format="rgb24")
    assert picture.shape == (480, 800, 3)
    red = (picture[..., 0] > 150) & (picture[..., 1] < 90)
    assert red.sum() > 500  # the chip of the faults, and the sign of the camera


def test_nothing_is_shown_without_a_screen(tmp_path: Path) -> None:
    assert not showing.show(patient(tmp_path, changes={"screen__driver": '"none"'}), [])
    assert not showing.show(patient(tmp_path, station=Running(1)), [])
