"""A picture of the camera as JPEG: the same picture, and never too big."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest

from intercom.errors import CallingError, Code
from intercom.media import snapshot
from tests.media_rig import Side, no_new_threads, picture


def shown(jpeg: bytes) -> av.VideoFrame:
    """A JPEG as FFmpeg reads it."""
    with av.open(io.BytesIO(jpeg), "r", "jpeg_pipe") as container:
        return next(container.decode(video=0))


def grey(frame: av.VideoFrame) -> np.typing.NDArray[np.float64]:
    return frame.to_ndarray(format="gray").astype(float)


@pytest.mark.parametrize("size", [(160, 120), (640, 480), (1280, 720), (322, 242)])
def test_it_is_the_same_picture(size: tuple[int, int]) -> None:
    ramp = np.tile(np.linspace(16, 235, size[0]).astype(np.uint8), (size[1] * 3 // 2, 1))
    ramp[size[1] :] = 128
    frame = av.VideoFrame.from_ndarray(ramp, format="yuv420p")
    made = shown(snapshot.jpeg(frame))
    assert (made.width, made.height) == size
    assert np.abs(grey(made) - grey(frame)).mean() < 3  # black is black, white is white


def test_a_picture_that_would_be_too_big_is_coarser(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(1).integers(16, 235, (480 * 3 // 2, 640), np.uint8)
    frame = av.VideoFrame.from_ndarray(noise, format="yuv420p")
    fine = len(snapshot.jpeg(frame))
    monkeypatch.setattr(snapshot, "BYTES_MAX", fine - 1)
    coarse = snapshot.jpeg(frame)
    assert len(coarse) < fine
    assert shown(coarse).width == 640
    monkeypatch.setattr(snapshot, "BYTES_MAX", 1000)
    with pytest.raises(CallingError, match="640x480 is too big"):
        snapshot.jpeg(frame)


async def test_an_open_camera_gives_one_and_a_shut_one_says_so() -> None:
    with no_new_threads():
        media = Side("door", "240p", False).media
        with pytest.raises(CallingError) as error:
            await media.snapshot(0.05)
        assert error.value.code is Code.NO_CAMERA
        await media.open_camera()
        made = shown(await media.snapshot())
        assert (made.width, made.height) == (320, 240)
        assert grey(made).std() == pytest.approx(grey(picture()).std(), rel=0.05)
        await media.close()
