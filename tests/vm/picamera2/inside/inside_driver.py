"""The driver on vimc's camera, unmodified: as on a Pi 5, raw pictures."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import pytest
import videodev2

import hw
from hw import DeviceError
from hw.picture import planes
from tests.vm.picamera2 import shims
from tests.vm.picamera2.bars import assert_bars
from tests.vm.picamera2.inside.rig import (
    HOST,
    SETTINGS,
    Seen,
    held_after_twenty_times,
    note,
    unplugged,
    wait_for,
)


@pytest.fixture(autouse=True)
def pi5(monkeypatch: pytest.MonkeyPatch) -> None:
    shims.as_pi5(monkeypatch)


@pytest.fixture
def seen() -> Iterator[Seen]:
    seen = Seen()
    yield seen
    seen.close()


def test_the_camera_is_listed() -> None:
    [camera] = hw.list_cameras("picamera2")
    assert camera.name == "Sensor B"
    assert "vimc" in camera.id


def test_pictures_have_size_format_content_and_growing_stamps(seen: Seen) -> None:
    begun = time.monotonic()
    camera = seen.open()
    wait_for(lambda: len(seen.frames) >= 12)
    camera.close()
    assert not camera.encoded
    note(f"12 pictures in {time.monotonic() - begun:.1f} s with opening and closing")
    first = seen.frames[0]
    assert (first.width, first.height, first.format.name) == (320, 240, "yuv420p")
    assert_bars(first)
    stamps = [frame.pts or 0 for frame in seen.frames]
    assert sorted(set(stamps)) == stamps
    assert first.time_base == hw.picture.MICROSECOND
    assert begun < stamps[0] / 1e6 < time.monotonic()
    assert seen.faults == []
    keep(seen.frames[:12])


def keep(frames: list[av.VideoFrame]) -> None:
    """For the host, whose encoder is the station's own."""
    (HOST / "pictures.yuv").write_bytes(b"".join(frame.to_ndarray().tobytes() for frame in frames))
    about = {"width": frames[0].width, "height": frames[0].height, "count": len(frames)}
    (HOST / "pictures.json").write_text(json.dumps(about))


def test_padded_yuv420_in_the_cameras_own_buffers_as_of_a_pi5(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    shims.with_yuv420(monkeypatch)
    camera = seen.open(replace(SETTINGS, width=400, height=240))  # rows of 400 in 448 bytes
    wait_for(lambda: len(seen.frames) >= 3)
    camera.close()
    frame = seen.frames[-1]
    assert (frame.width, frame.height) == (400, 240)
    assert_bars(frame)


def test_a_size_that_the_camera_has_not_is_fitted(seen: Seen) -> None:
    camera = seen.open(replace(SETTINGS, width=424, height=236))
    wait_for(lambda: seen.frames)
    camera.close()
    frame = seen.frames[0]
    assert (frame.width, frame.height, frame.format.name) == (424, 236, "yuv420p")
    assert planes(frame)[0].std() > 30


def test_it_opens_again_at_once_and_by_name(seen: Seen) -> None:
    for device in ("", "sensor b", "0"):
        camera = seen.open(replace(SETTINGS, device=device))
        wait_for(seen.more_frames())
        camera.close()
        camera.close()
    assert seen.faults == []


def test_another_name_is_refused(seen: Seen) -> None:
    with pytest.raises(DeviceError, match="'imx708': there are 'Sensor B'"):
        seen.open(replace(SETTINGS, device="imx708"))


def test_twenty_times_open_and_closed_leaves_nothing_behind(seen: Seen) -> None:
    files, threads = held_after_twenty_times(seen, SETTINGS, seen.more_frames)
    note(f"20 times open and closed: {files} files, {threads} threads before and after")


def test_a_camera_that_falls_silent_is_a_fault_and_opens_again(seen: Seen) -> None:
    camera = seen.open()
    wait_for(lambda: seen.frames)
    stop_streaming()
    wait_for(lambda: seen.faults)
    count = len(seen.frames)
    camera.close()
    assert seen.faults == ["Sensor B: no picture for 3 s: see its cable; it is opened again"]
    camera = seen.open()
    wait_for(lambda: len(seen.frames) > count)
    camera.close()
    assert len(seen.faults) == 1


def stop_streaming() -> None:
    """What a cable that comes loose does: the kernel's device stays, and gives nothing more.

    VIDIOC_STREAMOFF on libcamera's own capture device, behind its back.
    """
    links = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")]  # noqa: PTH208
    targets = {link: os.path.realpath(link) for link in links}
    kind = videodev2.v4l2_buf_type(videodev2.V4L2_BUF_TYPE_VIDEO_CAPTURE)
    for link, path in targets.items():
        if path.startswith("/dev/video"):
            fcntl.ioctl(int(Path(link).name), videodev2.VIDIOC_STREAMOFF, kind)


def test_a_camera_that_has_gone_is_not_found_and_found_again(seen: Seen) -> None:
    seen.open().close()
    with unplugged(), pytest.raises(DeviceError, match="no camera found: see that its cable"):
        seen.open()
    wait_for(lambda: hw.list_cameras("picamera2"))
    camera = seen.open()
    wait_for(lambda: seen.frames)
    camera.close()
