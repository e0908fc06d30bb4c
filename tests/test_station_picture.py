"""Frames on a surface: the right colours, the right place, for any size."""

from __future__ import annotations

import av
import numpy as np
import pygame
import pytest

from intercom.station import picture
from intercom.station.layout import Size
from intercom.station.picture import Picture
from tests.station_scenes import SIZES, frame


def _flat(width: int, height: int, yuv: tuple[int, int, int]) -> av.VideoFrame:
    """A picture of one colour."""
    made = av.VideoFrame(width, height, "yuv420p")
    for plane, value in zip(made.planes, yuv, strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    return made


def _rgb(surface: pygame.Surface, x: int, y: int) -> tuple[int, int, int]:
    colour = surface.get_at((x, y))
    return colour.r, colour.g, colour.b


@pytest.mark.parametrize("size", [*SIZES, (810, 600), (333, 222)])
@pytest.mark.parametrize("source", [(640, 480), (1280, 720), (320, 240), (480, 640), (642, 482)])
def test_red_is_red_wherever_the_picture_is_shown(size: Size, source: Size) -> None:
    surface = pygame.Surface(size)
    Picture().draw(surface, _flat(*source, (81, 90, 240)))
    red = surface.get_at((size[0] // 2, size[1] // 2))
    assert red.r > 230
    assert red.g < 25
    assert red.b < 25
    corner = _rgb(surface, 0, 0)
    assert corner in {_rgb(surface, size[0] // 2, size[1] // 2), (0, 0, 0)}


def test_left_is_left_and_rows_are_straight() -> None:
    surface = pygame.Surface((810, 600))  # its rows are padded by swscale
    Picture().draw(surface, frame(640, 480))
    grey = pygame.surfarray.array3d(surface).mean(axis=2)
    across = grey.mean(axis=1)
    assert across[-20] > across[20] + 80
    assert np.abs(np.diff(across)).max() < 12
    assert grey.std(axis=1).max() < 4


@pytest.mark.parametrize("size", [(810, 600), (333, 222)])
def test_a_pygame_that_does_not_know_bgra_shows_the_same(
    size: Size, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = []
    for shares in (True, False):
        monkeypatch.setattr(picture, "SHARES", shares)
        surface = pygame.Surface(size)
        Picture().draw(surface, frame(640, 480))
        shown.append(pygame.surfarray.array3d(surface))
    assert np.array_equal(shown[0], shown[1])


def test_bars_are_black_after_a_picture_that_filled_them() -> None:
    surface, view = pygame.Surface((480, 800)), Picture()
    view.draw(surface, _flat(480, 800, (180, 128, 128)))
    view.draw(surface, _flat(640, 480, (180, 128, 128)))
    assert _rgb(surface, 240, 100) == (0, 0, 0)
    assert _rgb(surface, 240, 700) == (0, 0, 0)
    assert surface.get_at((240, 400)).r > 150


def test_a_frame_is_converted_once_and_forgotten_on_request() -> None:
    picture, first = Picture(), frame()
    converted = picture.convert(first, (320, 240))
    assert picture.convert(first, (320, 240)) is converted
    assert picture.convert(first, (160, 120)) is not converted
    assert picture.convert(frame(seed=2), (160, 120)) is not converted
    picture.forget()
    assert picture.convert(first, (320, 240)) is not converted


def test_the_surface_outlives_the_frame_it_came_from() -> None:
    converted = Picture().convert(_flat(640, 480, (180, 128, 128)), (320, 240))
    for _ in range(20):
        _flat(640, 480, (16, 128, 128)).reformat(320, 240, "bgra")
    assert converted.get_at((160, 120)).r > 150
