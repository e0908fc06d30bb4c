"""PyAudio's devices that come while another one runs: PortAudio's own list is older."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import hw
from hw import DeviceError, SoundSettings
from tests.hw.helpers import wait_for
from tests.hw.servers import Pulse


def no_fault(message: str) -> None:
    """A fault that a test did not ask for."""
    raise AssertionError(message)


@pytest.fixture
def plug(pulse: Pulse) -> Iterator[Callable[[], None]]:
    """Return what brings another ALSA device, `new_microphone`, which is gone after the test."""
    conf = Path(pulse.environment["ALSA_CONFIG_PATH"])
    before = conf.read_text()
    new = "pcm.new_microphone { type asym capture.pcm { type pulse device mic } }\n"

    def plug() -> None:
        conf.write_text(before + new)

    yield plug
    conf.write_text(before)


def test_pyaudio_opens_what_was_plugged_in_while_another_runs(plug: Callable[[], None]) -> None:
    pulls: list[int] = []
    heard: list[bytes] = []
    new = SoundSettings(device="new_microphone")
    house = SoundSettings(device="house_speaker")

    def fill(count: int) -> bytes:
        pulls.append(count)
        return bytes(2 * count)

    speaker = hw.open_speaker("pyaudio", house, fill, no_fault)
    assert "new_microphone" not in {info.id for info in hw.list_microphones("pyaudio")}
    plug()
    assert "new_microphone" in {info.id for info in hw.list_microphones("pyaudio")}
    microphone = hw.open_microphone("pyaudio", new, heard.append, no_fault)
    before = len(pulls)
    wait_for(lambda: heard and len(pulls) > before + 20)  # the speaker goes on
    assert (microphone.name, speaker.name) == ("new_microphone", "house_speaker")
    microphone.close()
    speaker.close()


def test_pyaudio_disturbs_nobody_for_what_is_not_there(
    pulse: Pulse, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaker = hw.open_speaker("pyaudio", SoundSettings(), lambda n: bytes(2 * n), no_fault)
    monkeypatch.setattr("hw.sound_pyaudio._Stream._resume", pytest.fail)
    with pytest.raises(DeviceError, match="no such thing"):
        hw.open_microphone("pyaudio", SoundSettings(device="no such thing"), bytes, no_fault)
    monkeypatch.undo()
    speaker.close()


def test_pyaudio_tells_of_a_stream_that_cannot_go_on(
    plug: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[str] = []
    speaker = hw.open_speaker("pyaudio", SoundSettings(), lambda n: bytes(2 * n), faults.append)
    plug()
    pyaudio = pytest.importorskip("pyaudio")
    start = pyaudio.PyAudio.Stream.start_stream

    def refuse(stream: Any) -> None:
        if stream._is_output:  # noqa: SLF001 - PyAudio has no public name for it
            raise OSError(-9985, "Device unavailable")
        start(stream)

    monkeypatch.setattr(pyaudio.PyAudio.Stream, "start_stream", refuse)
    heard: list[bytes] = []
    settings = SoundSettings(device="new_microphone")
    microphone = hw.open_microphone("pyaudio", settings, heard.append, no_fault)
    wait_for(lambda: heard)
    assert len(faults) == 1
    assert "in use by" in faults[0]
    speaker.close()
    microphone.close()


def test_the_list_of_pyaudio_is_that_of_before_where_no_other_process_can_be_asked(
    pulse: Pulse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    known = hw.list_microphones("pyaudio")
    speaker = hw.open_speaker("pyaudio", SoundSettings(), lambda n: bytes(2 * n), no_fault)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert hw.list_microphones("pyaudio") == known
    assert "/nowhere/python" in caplog.text
    speaker.close()
