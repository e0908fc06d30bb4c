"""Copying and fitting pictures."""

from __future__ import annotations

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hw.picture import copy, fit, from_buffer, planes

EVEN = st.integers(8, 200).map(lambda half: 2 * half)


def coloured(width: int, height: int, colours: tuple[int, int, int]) -> av.VideoFrame:
    """A picture of one colour."""
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane, colour in zip(planes(frame), colours, strict=True):
        plane[:] = colour
    return frame


def test_copy_has_the_same_pixels_and_its_own_memory() -> None:
    first = coloured(34, 18, (1, 2, 3))
    second = copy(first)
    planes(first)[0][:] = 9
    assert [int(plane.min()) for plane in planes(second)] == [1, 2, 3]
    assert planes(second)[0].shape == (18, 34)


@given(EVEN, EVEN, st.integers(0, 64))
@settings(max_examples=30)
def test_from_buffer_leaves_the_padding_out(width: int, height: int, half_pad: int) -> None:
    stride = width + 2 * half_pad
    luma = np.full((height, stride), 255, np.uint8)
    luma[:, :width] = 10
    chroma = np.full((2, height // 2, stride // 2), 255, np.uint8)
    chroma[0, :, : width // 2] = 20
    chroma[1, :, : width // 2] = 30
    buffer = np.concatenate([luma.reshape(-1), chroma.reshape(-1)])
    frame = from_buffer(buffer, (width, height), stride)
    assert [(int(p.min()), int(p.max())) for p in planes(frame)] == [(10, 10), (20, 20), (30, 30)]


@given(EVEN, EVEN, EVEN, EVEN)
@settings(max_examples=50, deadline=None)
def test_fit_gives_the_size_and_format_asked_for(
    width: int, height: int, to_width: int, to_height: int
) -> None:
    fitted = fit(coloured(width, height, (90, 100, 110)), to_width, to_height)
    assert (fitted.width, fitted.height, fitted.format.name) == (to_width, to_height, "yuv420p")


def test_fit_cuts_a_little_rather_than_add_bars() -> None:
    fitted = fit(coloured(176, 144, (90, 100, 110)), 640, 480)
    assert int(planes(fitted)[0].min()) >= 88


def test_fit_keeps_the_middle() -> None:
    frame = coloured(200, 100, (20, 128, 128))
    planes(frame)[0][:, 90:110] = 220
    luma = planes(fit(frame, 160, 100))[0]
    bright = np.flatnonzero(luma[50] > 150)
    assert abs((bright.min() + bright.max()) / 2 - 79.5) <= 2


def test_fit_adds_bars_to_a_very_different_shape() -> None:
    fitted = fit(coloured(100, 200, (90, 100, 110)), 640, 480)
    luma, u, v = planes(fitted)
    assert np.all(luma[:, :150] == 16)
    assert np.all(luma[:, -150:] == 16)
    assert np.all(u[:, 0] == 128)
    assert np.all(v[:, 0] == 128)
    assert abs(int(luma[240, 320]) - 90) <= 2


@pytest.mark.parametrize("name", ["rgb24", "yuyv422", "nv12", "yuvj422p"])
def test_fit_takes_other_formats(name: str) -> None:
    frame = coloured(64, 48, (90, 100, 110)).reformat(format=name)
    fitted = fit(frame, 64, 48)
    assert fitted.format.name == "yuv420p"
