"""What a station knows of its devices that only a new process would mend."""

from __future__ import annotations

import time

import pytest

from hw import stuck
from intercom.config import CameraConfig, SoundConfig
from intercom.health import FRAME_LIMIT
from intercom.station.devices import StationDevices


def devices() -> StationDevices:
    """Those of a station."""
    return StationDevices(CameraConfig(), SoundConfig(), lambda *_, **__: None)


def test_a_camera_that_is_open_without_pictures() -> None:
    own = devices()
    own.last_frame = time.monotonic() - FRAME_LIMIT
    assert own.ails(camera_open=False) == ""
    assert "dead" in own.ails(camera_open=True)
    own.last_frame = time.monotonic()
    assert own.ails(camera_open=True) == ""


def test_a_camera_that_is_closed_for_us_and_streams_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is open, so that nothing else would tell."""
    with stuck.expected_back():
        monkeypatch.setattr(stuck, "_PATIENCE", -1)
        assert "driver does not answer" in devices().ails(camera_open=False)
    assert devices().ails(camera_open=False) == ""
