"""The time code, through a real encoder and decoder, and where there is none."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hw import clips, timecode
from hw.picture import copy, planes

SIZES = [(320, 240), (640, 480), (1280, 720), (1920, 1080)]
WORDS = st.integers(0, 2**32 - 1)


def blank(width: int = 320, height: int = 240) -> av.VideoFrame:
    """A grey picture."""
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane in planes(frame):
        plane[:] = 128
    return frame


def through_x264(pictures: list[av.VideoFrame], bitrate: int) -> list[av.VideoFrame]:
    """Encode as for a call and decode again."""
    encoder = av.CodecContext.create("libx264", "w")
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(encoder, av.VideoCodecContext)
    assert isinstance(decoder, av.VideoCodecContext)
    encoder.width, encoder.height = pictures[0].width, pictures[0].height
    encoder.pix_fmt, encoder.bit_rate = "yuv420p", bitrate
    encoder.framerate, encoder.time_base = Fraction(30), Fraction(1, 30)
    encoder.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "profile": "baseline",
        "maxrate": str(bitrate),
        "bufsize": str(bitrate // 2),
    }
    for number, picture in enumerate(pictures):
        picture.pts = number
    packets = [packet for picture in pictures for packet in encoder.encode(picture)]
    packets += encoder.encode(None)
    decoded = [frame for packet in packets for frame in decoder.decode(packet)]
    return decoded + decoder.decode(None)


@given(WORDS)
@settings(max_examples=50)
def test_what_is_burnt_is_read(value: int) -> None:
    frame = blank()
    timecode.burn(frame, value)
    assert timecode.read(frame) == value


def test_only_the_lower_32_bits_are_kept() -> None:
    frame = blank()
    timecode.burn(frame, 2**32 + 5)
    assert timecode.read(frame) == 5


@pytest.mark.parametrize("size", SIZES)
def test_chroma_under_the_code_is_neutral_and_the_rest_stays(size: tuple[int, int]) -> None:
    frame = blank(*size)
    for plane in planes(frame):
        plane[:] = 77
    timecode.burn(frame, 0x12345678)
    cell_w, cell_h = timecode.cell_size(*size)
    luma, u, v = planes(frame)
    assert np.all(u[:cell_h, : cell_w * 16] == 128)
    assert np.all(v[:cell_h, : cell_w * 16] == 128)
    assert np.all(luma[cell_h * 2 :] == 77)
    assert np.all(luma[:, cell_w * 32 :] == 77)
    assert np.all(u[cell_h:] == 77)


def test_code_is_128_by_16_at_480p() -> None:
    assert timecode.cell_size(640, 480) == (4, 8)


@pytest.mark.parametrize(
    ("size", "bitrate"),
    [
        ((320, 240), 150_000),
        ((640, 480), 600_000),
        ((640, 480), 1_000_000),
        ((1280, 720), 1_500_000),
        ((1920, 1080), 3_000_000),
    ],
)
def test_code_survives_x264_on_a_moving_picture(size: tuple[int, int], bitrate: int) -> None:
    clip = clips.Clip(clips.find("carphone"), *size)
    pictures = [copy(clip.at(number / 30)) for number in range(30)]
    clip.close()
    values = [123_456_789 + 33 * number for number in range(30)]
    for picture, value in zip(pictures, values, strict=True):
        timecode.burn(picture, value)
    assert [timecode.read(frame) for frame in through_x264(pictures, bitrate)] == values


@given(value=WORDS, bitrate=st.sampled_from([100_000, 300_000, 600_000]))
@settings(max_examples=20, deadline=None)
def test_any_value_survives_x264(value: int, bitrate: int) -> None:
    pictures = [blank() for _ in range(3)]
    values = [(value + 33 * number) % 2**32 for number in range(3)]
    for picture, each in zip(pictures, values, strict=True):
        timecode.burn(picture, each)
    assert [timecode.read(frame) for frame in through_x264(pictures, bitrate)] == values


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=50)
def test_noise_has_no_code(seed: int) -> None:
    frame = blank()
    random = np.random.default_rng(seed)
    for plane in planes(frame):
        plane[:] = random.integers(0, 256, plane.shape, dtype=np.uint8)
    assert timecode.read(frame) is None


@given(st.lists(st.booleans(), min_size=64, max_size=64), WORDS)
@settings(max_examples=100)
def test_cells_that_no_one_burnt_have_no_code(bits: list[bool], value: int) -> None:
    frame, burnt = blank(), blank()
    timecode.burn(burnt, value)
    cells = np.array(bits, np.uint8).reshape(2, 32) * 170 + 40
    area = cells.repeat(8, axis=0).repeat(4, axis=1)
    planes(frame)[0][:16, :128] = area
    same = np.array_equal(area, planes(burnt)[0][:16, :128])
    # One in four billion would pass by chance.
    assert same or timecode.read(frame) is None


@given(value=WORDS, cell=st.integers(0, 63))
@settings(max_examples=100)
def test_any_damaged_cell_makes_it_none(value: int, cell: int) -> None:
    frame = blank()
    timecode.burn(frame, value)
    row, column = divmod(cell, 32)
    part = planes(frame)[0][8 * row : 8 * row + 8, 4 * column : 4 * column + 4]
    part[:] = 250 - part
    assert timecode.read(frame) is None


@pytest.mark.parametrize("grey", [0, 16, 100, 128, 150, 235, 255])
def test_a_flat_picture_has_no_code(grey: int) -> None:
    frame = blank()
    planes(frame)[0][:] = grey
    assert timecode.read(frame) is None


def test_a_picture_that_is_too_small_has_no_code() -> None:
    assert timecode.read(blank(64, 48)) is None
    with pytest.raises(ValueError, match="64x48"):
        timecode.burn(blank(64, 48), 1)


def test_pictures_of_a_clip_have_no_code() -> None:
    clip = clips.Clip(clips.find("bikes"), 640, 480)
    assert {timecode.read(clip.at(number / 30)) for number in range(30)} == {None}
    clip.close()
