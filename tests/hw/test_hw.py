"""The package's door: drivers by name, imported late, errors of one kind."""

from __future__ import annotations

import ast
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import hw
from hw import DeviceError

_LOADED = """
import sys
import hw
heavy = {"av", "numpy", "pygame", "gpiozero", "pyaudio", "picamera2", "lgpio"}
print(sorted(heavy & set(sys.modules)))
"""


def nothing(*arguments: object) -> None:
    """A callback that does not care."""


def test_importing_the_package_loads_no_driver() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LOADED], check=True, capture_output=True, text=True, timeout=30
    )
    assert done.stdout.strip() == "[]"


def test_the_package_imports_nothing_of_the_program() -> None:
    for path in Path(hw.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not [name for name in names if name.split(".")[0] == "intercom"], path


def test_an_unknown_driver_is_refused_with_the_names_of_the_known() -> None:
    with pytest.raises(DeviceError, match="picamera2, v4l2, simulated"):
        hw.open_camera("webcam", hw.CameraSettings(), nothing, nothing, nothing)
    with pytest.raises(DeviceError, match="pyaudio, simulated"):
        hw.open_microphone("alsa", hw.SoundSettings(), nothing, nothing)
    with pytest.raises(DeviceError, match="pyaudio, simulated"):
        hw.open_speaker("alsa", hw.SoundSettings(), bytes, nothing)
    with pytest.raises(DeviceError, match="gpiozero, simulated"):
        hw.open_panel("gpio", hw.PanelSettings(), nothing, nothing)
    with pytest.raises(DeviceError, match="kmsdrm, window, dummy"):
        hw.open_screen("hdmi", hw.ScreenSettings(), nothing, nothing, nothing)
    for listing in (hw.list_cameras, hw.list_microphones):
        with pytest.raises(DeviceError, match="use one of"):
            listing("none")


@pytest.mark.parametrize("module", ["pyaudio", "gpiozero", "pygame", "picamera2"])
def test_a_missing_library_is_a_device_error_that_says_how_to_get_it(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, "hw.panel", raising=False)
    monkeypatch.delattr(hw, "panel", raising=False)
    openers: dict[str, Callable[[], object]] = {
        "pyaudio": lambda: hw.open_microphone("pyaudio", hw.SoundSettings(), nothing, nothing),
        "gpiozero": lambda: hw.open_panel("gpiozero", hw.PanelSettings(), nothing, nothing),
        "pygame": lambda: hw.open_screen("dummy", hw.ScreenSettings(), nothing, nothing, nothing),
        "picamera2": lambda: hw.open_camera(
            "picamera2", hw.CameraSettings(), nothing, nothing, nothing
        ),
    }
    with pytest.raises(DeviceError, match="install"):
        openers[module]()


def test_the_error_keeps_its_kind_through_pickle() -> None:
    error = pickle.loads(pickle.dumps(DeviceError("panel", "pin 5: choose another")))
    assert (error.kind, str(error)) == ("panel", "pin 5: choose another")
    assert isinstance(error, RuntimeError)
