"""The contract of cameras on each driver that opens here, and the simulated camera's own ways."""

from __future__ import annotations

import threading
import time

import av
import numpy as np
import pytest

import hw
from hw import CameraSettings, DeviceError, timecode
from hw.picture import planes
from tests.hw.helpers import wait_for

SMALL = CameraSettings(width=320, height=240)


def no_packet(packet: object) -> None:
    """A packet from a raw camera."""
    raise AssertionError("a raw camera gave a packet")


def no_fault(message: str) -> None:
    """A fault that a test did not ask for."""
    raise AssertionError(message)


@pytest.fixture(params=hw.CAMERA_DRIVERS)
def driver(request: pytest.FixtureRequest) -> str:
    """Each driver that has a camera here."""
    try:
        cameras = hw.list_cameras(request.param)
    except DeviceError as error:
        pytest.skip(str(error))
    if not cameras:
        pytest.skip(f"no camera for {request.param} on this machine")
    return str(request.param)


def open_camera(driver: str, settings: CameraSettings, frames: list[av.VideoFrame]) -> hw.Camera:
    """A camera whose pictures go into a list."""
    return hw.open_camera(driver, settings, frames.append, lambda packet: None, no_fault)


def test_pictures_have_the_settings_size_and_rate(driver: str) -> None:
    arrivals: list[float] = []
    frames: list[av.VideoFrame] = []

    def on_frame(frame: av.VideoFrame) -> None:
        arrivals.append(time.monotonic())
        frames.append(frame)

    camera = hw.open_camera(driver, SMALL, on_frame, lambda packet: None, no_fault)
    wait_for(lambda: len(frames) >= 31)
    camera.close()
    assert camera.name
    assert {frame.format.name for frame in frames} == {"yuv420p"}
    if not camera.encoded:
        assert {(frame.width, frame.height) for frame in frames} == {(320, 240)}
    assert 0.6 < arrivals[30] - arrivals[0] < 2


def test_pictures_are_stamped_with_monotonic_microseconds(driver: str) -> None:
    frames: list[av.VideoFrame] = []
    before = time.monotonic()
    camera = open_camera(driver, SMALL, frames)
    wait_for(lambda: len(frames) >= 5)
    camera.close()
    after = time.monotonic()
    times = [frame.time for frame in frames if frame.time is not None]
    assert before < times[0] < times[-1] < after
    assert times == sorted(times)


def test_each_picture_has_memory_of_its_own(driver: str) -> None:
    frames: list[av.VideoFrame] = []
    camera = open_camera(driver, SMALL, frames)
    wait_for(lambda: len(frames) >= 3)
    camera.close()
    planes(frames[0])[0][:] = 1
    planes(frames[1])[0][:] = 2
    assert np.all(planes(frames[0])[0] == 1)


def test_a_lower_rate_leaves_pictures_out_and_can_be_lifted(driver: str) -> None:
    frames: list[av.VideoFrame] = []
    camera = open_camera(driver, SMALL, frames)
    wait_for(lambda: len(frames) >= 3)
    camera.set_rate(1)
    time.sleep(0.1)  # what was on its way
    frames.clear()
    time.sleep(1.5)
    assert len(frames) <= 3  # of 45
    camera.set_rate(30)
    wait_for(lambda: len(frames) >= 20)
    camera.close()


def test_close_ends_the_pictures_and_can_be_repeated(driver: str) -> None:
    frames: list[av.VideoFrame] = []
    camera = open_camera(driver, SMALL, frames)
    wait_for(lambda: frames)
    camera.force_key_frame()
    camera.set_bitrate(500_000)
    camera.close()
    count = len(frames)
    time.sleep(0.1)
    assert len(frames) == count
    camera.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("hw-camera")]


def test_an_exception_in_a_callback_does_not_end_the_pictures(
    driver: str, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[int] = []

    def on_frame(frame: av.VideoFrame) -> None:
        calls.append(1)
        raise KeyError("a bug of the owner")

    camera = hw.open_camera(driver, SMALL, on_frame, lambda packet: None, no_fault)
    wait_for(lambda: len(calls) >= 4)
    camera.close()
    assert caplog.text.count("on_frame callback failed") == 1


def test_an_open_camera_is_busy(driver: str) -> None:
    camera = open_camera(driver, SMALL, [])
    with pytest.raises(DeviceError, match=r"busy|in use"):
        open_camera(driver, SMALL, [])
    camera.close()
    open_camera(driver, SMALL, []).close()


def test_the_error_for_an_unknown_camera_names_those_there_are(driver: str) -> None:
    known = hw.list_cameras(driver)
    with pytest.raises(DeviceError) as caught:
        open_camera(driver, CameraSettings(device="no such thing"), [])
    assert caught.value.kind == "camera"
    assert known[0].id in str(caught.value)


def test_each_listed_camera_opens_by_its_id(driver: str) -> None:
    for info in hw.list_cameras(driver):
        frames: list[av.VideoFrame] = []
        camera = open_camera(driver, CameraSettings(device=info.id), frames)
        wait_for(lambda frames=frames: frames)  # type: ignore[misc]  # the default binds the list
        camera.close()


@pytest.mark.parametrize("size", [(320, 240), (640, 480), (1280, 720)])
def test_time_code_is_the_time_of_emission(size: tuple[int, int]) -> None:
    delays: list[int | None] = []

    def on_frame(frame: av.VideoFrame) -> None:
        value = timecode.read(frame)
        delays.append(None if value is None else int(time.monotonic() * 1000) - value)

    settings = CameraSettings(width=size[0], height=size[1], time_code=True)
    camera = hw.open_camera("simulated", settings, on_frame, no_packet, no_fault)
    wait_for(lambda: len(delays) >= 10)
    camera.close()
    assert None not in delays
    assert min(delay for delay in delays if delay is not None) <= 5


def test_without_time_code_there_is_none() -> None:
    frames: list[av.VideoFrame] = []
    camera = open_camera("simulated", SMALL, frames)
    wait_for(lambda: len(frames) >= 5)
    camera.close()
    assert {timecode.read(frame) for frame in frames} == {None}


def test_two_simulated_cameras_of_different_names_run_side_by_side() -> None:
    frames: tuple[list[av.VideoFrame], list[av.VideoFrame]] = ([], [])
    one = open_camera("simulated", CameraSettings(device="door", clip="carphone"), frames[0])
    two = open_camera("simulated", CameraSettings(device="hall", clip="carphone"), frames[1])
    wait_for(lambda: frames[0] and frames[1])
    one.close()
    two.close()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (CameraSettings(clip="/no/such/clip.mp4"), "clip"),
        (CameraSettings(width=321), "even"),
        (CameraSettings(fps=0), "fps|pictures a second"),
        (CameraSettings(width=64, height=48, time_code=True), "320x240"),
    ],
)
def test_simulated_camera_refuses_in_words(settings: CameraSettings, words: str) -> None:
    with pytest.raises(DeviceError, match=words) as caught:
        open_camera("simulated", settings, [])
    assert caught.value.kind == "camera"


def test_simulated_camera_reports_a_clip_that_breaks_while_it_plays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    faults: list[str] = []
    frames: list[av.VideoFrame] = []
    camera = hw.open_camera("simulated", SMALL, frames.append, no_packet, faults.append)
    wait_for(lambda: frames)

    def broken(self: object, seconds: float) -> av.VideoFrame:
        raise av.InvalidDataError(1, "broken")

    monkeypatch.setattr("hw.clips.Clip.at", broken)
    wait_for(lambda: faults)
    camera.close()
    assert len(faults) == 1
    assert "decoded" in faults[0]


@pytest.mark.parametrize("device", ["", "0", "/dev/video99", "Webcam"])
def test_v4l2_without_a_camera_says_so_in_words(device: str) -> None:
    if hw.list_cameras("v4l2"):
        pytest.skip("there is a camera")
    with pytest.raises(DeviceError, match=r"no camera .*plug"):
        open_camera("v4l2", CameraSettings(device=device), [])


def test_v4l2_refuses_a_file_that_is_no_camera() -> None:
    with pytest.raises(DeviceError, match="cannot open the camera"):
        open_camera("v4l2", CameraSettings(device="/dev/null"), [])
