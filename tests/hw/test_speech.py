"""Where the simulated microphone's speech comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from hw import DeviceError, speech
from hw.wav import read_samples
from tests.hw.servers import missing


def test_the_recording_is_used_where_it_is_installed() -> None:
    if not speech.RECORDED.is_file():
        pytest.skip("alsa-utils is not installed")
    assert speech.find("") == speech.find("recorded") == speech.RECORDED


def test_speech_is_synthesised_once_into_a_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if reason := missing("espeak-ng"):
        pytest.skip(reason)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = speech.find("synthetic")
    made = path.stat().st_mtime_ns
    assert path.is_relative_to(tmp_path)
    assert len(read_samples(path, 48_000)) > 2 * 48_000
    assert speech.find("synthetic").stat().st_mtime_ns == made
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_without_any_voice_the_error_names_the_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech, "RECORDED", tmp_path / "none.wav")
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert speech.names() == []
    for voice in ("", "recorded", "synthetic"):
        with pytest.raises(DeviceError, match="install alsa-utils"):
            speech.find(voice)


def test_a_cache_that_cannot_be_written_is_an_error_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if reason := missing("espeak-ng"):
        pytest.skip(reason)
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(DeviceError, match="espeak-ng"):
        speech.find("synthetic")


def test_a_missing_file_is_named() -> None:
    with pytest.raises(DeviceError, match=r"/no/such\.wav"):
        speech.find("/no/such.wav")
