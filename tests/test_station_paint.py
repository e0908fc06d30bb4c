"""Every scene at every size: complete, legible, distinct, its buttons where they are hit."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pygame
import pytest
from av.video.reformatter import VideoReformatter

from intercom.station import layout, picture, theme
from intercom.station.fonts import CJK, FOLDER, Fonts
from intercom.station.icons import NAMES, icon
from intercom.station.layout import Rect, Size
from intercom.station.paint import OWN_PERIOD, Painter, shows_own
from intercom.station.paint_rest import ENDS
from intercom.station.paint_widgets import Kit
from intercom.station.recent import Recent
from intercom.station.scene import (
    REASONS,
    Calling,
    Ended,
    Idle,
    InCall,
    RingingIn,
    buttons,
    places,
)
from intercom.station.words import Words, languages
from tests.station_scenes import DOOR, ODD_NAMES, OTHERS, SCENES, SIZES, frame, named

REMOTE, OWN = frame(640, 480), frame(320, 240, seed=2)
SEEN = {"door": REMOTE, "anna": frame(640, 480, seed=3), "office": frame(1280, 720, seed=4)}


@pytest.fixture(scope="module")
def painter() -> Painter:
    return Painter(Words("en"))


def _painted(painter: Painter, name: str, size: Size, picture: bool = True) -> pygame.Surface:
    surface = pygame.Surface(size)
    surface.fill((255, 0, 255))  # what is left unpainted is seen
    painter.paint(surface, SCENES[name], SEEN if picture else {}, OWN)
    return surface


@cache
def _speaking(language: str) -> Painter:
    return Painter(Words(language))


def _rgb(surface: pygame.Surface, point: tuple[int, int]) -> tuple[int, int, int]:
    colour = surface.get_at(point)
    return colour.r, colour.g, colour.b


def _colour(surface: pygame.Surface, area: Rect) -> tuple[int, ...]:
    return pygame.transform.average_color(surface, pygame.Rect(area))[:3]


ALIKE = {
    (True, "ringing_sound_only"),  # a picture that came is shown
    (False, "in_call_peer_has_no_camera"),  # without a picture, one waits for it
    (False, "answers"),  # lies over everything else
    (False, "grid_answers"),
}


@pytest.mark.parametrize("picture", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_no_two_scenes_look_the_same_and_all_is_painted(
    painter: Painter, size: Size, picture: bool
) -> None:
    seen: dict[bytes, str] = {}
    for name in SCENES:
        surface = _painted(painter, name, size, picture)
        pixels = pygame.surfarray.array3d(surface)
        assert not (pixels == (255, 0, 255)).all(axis=2).any(), name
        digest = hashlib.sha256(pixels.tobytes()).digest()
        if (picture, name) not in ALIKE:
            assert digest not in seen, f"{name} looks like {seen.get(digest)}"
        seen[digest] = name


@pytest.mark.parametrize("size", SIZES)
def test_buttons_are_drawn_where_they_are_hit(painter: Painter, size: Size) -> None:
    expected = {
        ("idle", "call"): theme.BLUE,
        ("idle_without_hub", "call"): theme.GREY,
        ("calling", "hangup"): theme.RED,
        ("ringing", "accept"): theme.GREEN,
        ("ringing", "hangup"): theme.RED,
        ("in_call", "mute"): theme.GREY,
        ("in_call_muted", "mute"): theme.WHITE,
        ("in_call", "answers"): theme.BLUE,
        ("in_call", "hangup"): theme.RED,
        ("grid_2", "mute"): theme.GREY,
        ("grid_3", "mute"): theme.WHITE,
        ("grid_4", "answers"): theme.BLUE,
        ("grid_all", "hangup"): theme.RED,
        ("asked", "accept"): theme.GREEN,
        ("grid_asked", "hangup"): theme.GREY,
        ("answers", "say.1"): theme.BLUE,
        ("answers", "say.3"): theme.BLUE,
        ("grid_answers", "back"): theme.GREY,
        ("idle_missed_many", "dismiss"): theme.AMBER,
        ("ended_hangup", "dismiss"): theme.GREY,
    }
    for (name, intent), colour in expected.items():
        area = buttons(SCENES[name], size)[intent]
        surface = _painted(painter, name, size)
        mean = _colour(surface, area)
        assert all(abs(a - b) < 48 for a, b in zip(mean, colour, strict=True)), (name, mean)
        edge = (area.x + area.w // 2, area.y + 1), (area.x + 1, area.y + area.h // 2)
        assert all(_rgb(surface, point) == colour for point in edge), (name, intent)
        beside = _rgb(surface, (area.x + area.w // 2, min(size[1] - 1, area.bottom + 2)))
        assert beside != colour


def _inside(surface: pygame.Surface, place: tuple[int, int], area: Rect) -> bool:
    right, bottom = place[0] + surface.get_width(), place[1] + surface.get_height()
    return (
        area.x <= place[0] and area.y <= place[1] and right <= area.right and bottom <= area.bottom
    )


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SCENES)
def test_nothing_is_cut_off_and_no_text_lies_across_a_button(
    name: str, size: Size, language: str
) -> None:
    painter, screen = _speaking(language), Rect(0, 0, *size)
    odd_names = ODD_NAMES if language == "en" else ODD_NAMES[2:4]
    scenes = [SCENES[name], *(named(SCENES[name], odd) for odd in odd_names)]
    for scene in scenes:
        for seen in (frozenset[str](), frozenset(places(scene, size))):
            for surface, place in painter.sprites(scene, size, seen):
                assert _inside(surface, place, screen), (scene, place, surface)
                if surface.get_width() == size[0]:
                    continue  # a veil, meant to lie under everything
                mine = pygame.Rect(place, surface.get_size())
                for area in buttons(scene, size).values():
                    assert _inside(surface, place, area) or not mine.colliderect(area), scene


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SCENES)
def test_nothing_lies_across_anything(painter: Painter, name: str, size: Size) -> None:
    """Two things on the screen are apart, or one is on the other, as a word on its button."""
    for scene in (SCENES[name], *(named(SCENES[name], odd) for odd in ODD_NAMES[1:4])):
        sprites = painter.sprites(scene, size, frozenset())
        shown = [pygame.Rect(at, it.get_size()) for it, at in sprites if it.get_width() < size[0]]
        if shows_own(scene):
            shown.append(pygame.Rect(layout.own_box(size)))
        for one, other in combinations(shown, 2):
            apart = not one.colliderect(other)
            assert apart or one.contains(other) or other.contains(one), (scene, one, other)


@pytest.mark.parametrize("name", SCENES)
def test_odd_names_are_painted(painter: Painter, name: str) -> None:
    for odd in ODD_NAMES:
        for size in ((480, 320), (480, 800)):
            painter.paint(pygame.Surface(size), named(SCENES[name], odd), SEEN, OWN)


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_every_end_looks_different_from_both_sides_or_says_the_same(reason: str) -> None:
    assert reason in ENDS
    painter, words = Painter(Words("en")), Words("en")
    pictures = []
    for by_me in (False, True):
        surface = pygame.Surface((800, 480))
        painter.paint(surface, Ended(reason, "Reception", 5, by_me))
        pictures.append(pygame.image.tobytes(surface, "RGB"))
    same = words[f"ended.{reason}"] == words[f"ended.{reason}_me"]
    assert (pictures[0] == pictures[1]) is same


def test_the_remote_picture_fills_the_screen_and_the_own_one_its_corner(painter: Painter) -> None:
    surface, box = pygame.Surface((800, 480)), layout.own_box((800, 480))
    bright = frame(640, 480, seed=5)
    scene = InCall((DOOR,), 83)
    painter.paint(surface, scene, {"door": bright}, None)
    without = _colour(surface, box)
    assert surface.get_at((400, 240)).r > 150
    painter.paint(surface, scene, {"door": bright}, OWN)
    assert _colour(surface, box) != without
    assert surface.get_at((box.x + box.w // 2, box.y)).r > 180  # the border
    ours = [surface.get_at((box.x + x, box.y + 60)).r for x in (20, box.w - 20)]
    assert ours[0] > ours[1] + 40  # as in a mirror: the ramp runs the other way


def test_the_own_picture_is_not_shown_when_the_camera_is_shut(painter: Painter) -> None:
    shut = InCall((DOOR,), 83, camera_open=False)
    first, second = pygame.Surface((800, 480)), pygame.Surface((800, 480))
    painter.paint(first, shut, SEEN, OWN)
    painter.paint(second, shut, SEEN, None)
    assert pygame.image.tobytes(first, "RGB") == pygame.image.tobytes(second, "RGB")


def test_the_own_picture_is_converted_ten_times_a_second_at_most() -> None:
    now = [0.0]
    painter = Painter(Words("en"), clock=lambda: now[0])
    surface, box = pygame.Surface((800, 480)), layout.own_box((800, 480))
    seen: list[tuple[int, ...]] = []
    for _ in range(30):
        painter.paint(surface, Calling("a", "b"), {}, frame(320, 240, seed=len(seen) % 5))
        seen.append(_colour(surface, box))
        now[0] += OWN_PERIOD / 2.9
    changes = sum(one != other for one, other in pairwise(seen))
    assert 5 <= changes <= 10


def test_two_painters_and_two_screens_do_not_disturb_each_other() -> None:
    one, other = Painter(Words("en")), Painter(Words("en"))
    alone = _painted(Painter(Words("en")), "in_call_all", (800, 480))
    for _ in range(2):
        first = _painted(one, "in_call_all", (800, 480))
        _painted(other, "ringing", (480, 320))
        _painted(one, "idle", (1024, 600))
    assert pygame.image.tobytes(first, "RGB") == pygame.image.tobytes(alone, "RGB")


def test_frames_of_a_picture_that_is_no_longer_shown_are_let_go(painter: Painter) -> None:
    surface = pygame.Surface((800, 480))
    for size in ((640, 480), (1280, 720), (320, 240)):
        painter.paint(surface, RingingIn("a", user_id="a"), {"a": frame(*size)}, None)
    painter.paint(surface, Idle("a", "09:41"), SEEN, OWN)
    clean = Painter(Words("en"))
    expected = pygame.Surface((800, 480))
    clean.paint(expected, Idle("a", "09:41"))
    assert pygame.image.tobytes(surface, "RGB") == pygame.image.tobytes(expected, "RGB")


def _grey(value: int) -> av.VideoFrame:
    made = av.VideoFrame(640, 480, "yuv420p")
    for plane, level in zip(made.planes, (value, 128, 128), strict=True):
        plane.update(bytes([level]) * plane.buffer_size)
    return made


@pytest.mark.parametrize("size", SIZES)
def test_everybody_is_seen_in_their_own_tile(painter: Painter, size: Size) -> None:
    scene = InCall(tuple(replace(tile, picture=True) for tile in OTHERS), 83)
    levels = {tile.user_id: 60 + 40 * number for number, tile in enumerate(OTHERS)}
    surface = pygame.Surface(size)
    painter.paint(surface, scene, {user: _grey(level) for user, level in levels.items()}, OWN)
    for user, area in places(scene, size).items():
        seen = surface.get_at((area.x + area.w // 2, area.y + area.h // 2)).r
        assert abs(seen - (levels[user] - 16) * 255 / 219) < 4


@pytest.mark.parametrize("picture", [False, True])
def test_who_speaks_has_a_frame_and_nobody_else(painter: Painter, picture: bool) -> None:
    quiet = replace(DOOR, speaks=False)
    for size in SIZES:
        for speaker in range(3):
            tiles = tuple(
                replace(quiet, user_id=user, speaks=number == speaker)
                for number, user in enumerate(SEEN)
            )
            scene = InCall(tiles, 83)
            surface = pygame.Surface(size)
            painter.paint(surface, scene, SEEN if picture else {})
            for tile, area in zip(tiles, places(scene, size).values(), strict=True):
                corner = _rgb(surface, (area.x + 1, area.y + area.h // 2))
                assert (corner == theme.MINT) is tile.speaks


def test_only_what_is_new_is_converted(monkeypatch: pytest.MonkeyPatch) -> None:
    converted: list[Size] = []

    class Counting:
        def __init__(self) -> None:
            self._scaler = VideoReformatter()

        def reformat(
            self, frame: av.VideoFrame, width: int, height: int, **options: Any
        ) -> av.VideoFrame:
            converted.append((width, height))
            return self._scaler.reformat(frame, width, height, **options)

    monkeypatch.setattr(picture, "VideoReformatter", Counting)
    painter, surface, scene = Painter(Words("en")), pygame.Surface((800, 480)), SCENES["grid_3"]
    assert isinstance(scene, InCall)
    seen = dict(SEEN)
    painter.paint(surface, scene, seen)
    assert len(converted) == 3
    assert all(size[0] * size[1] < 800 * 480 / 2 for size in converted)
    painter.paint(surface, replace(scene, seconds=84), seen)
    assert len(converted) == 3
    seen["anna"] = frame(640, 480, seed=5)
    painter.paint(surface, scene, seen)
    assert len(converted) == 4


@pytest.mark.parametrize("name", ["answers", "asked", "audio", "grid_answers"])
def test_where_there_is_something_to_decide_the_own_picture_is_not(
    painter: Painter, name: str
) -> None:
    assert not shows_own(SCENES[name])
    first, second = pygame.Surface((800, 480)), pygame.Surface((800, 480))
    painter.paint(first, SCENES[name], SEEN, OWN)
    painter.paint(second, SCENES[name], SEEN, None)
    assert pygame.image.tobytes(first, "RGB") == pygame.image.tobytes(second, "RGB")


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Front door", "FD"),
        ("Anna", "A"),
        ("Dr. Anna-Maria Oberhuber", "DO"),
        ("急诊室 前台", "急"),
        ("", "?"),
        ("🚪 - 7", "7"),
    ],
)
def test_initials(name: str, letters: str) -> None:
    assert Kit((800, 480), Fonts(), Words("en")).initials(name) == letters


def test_a_language_without_glyphs_falls_back_to_english(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        painter = Painter(Words("zh"), Fonts(tmp_path))
    assert painter.words.language == "en"
    assert "no font for language zh" in caplog.text


@pytest.mark.skipif(not any((FOLDER / n).is_file() for n in CJK), reason="no Chinese font")
def test_a_language_with_glyphs_is_used(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert Painter(Words("zh")).words.language == "zh"
    assert not caplog.records


def test_pictograms_fill_their_square_in_their_colour_and_differ() -> None:
    seen = set()
    for name in NAMES:
        drawn = icon(name, 48, theme.AMBER)
        ink = drawn.get_bounding_rect(min_alpha=128)
        assert max(ink.size) >= 24, name
        assert abs(ink.centerx - 24) <= 6, name
        alpha = np.array(pygame.surfarray.pixels_alpha(drawn))
        solid = pygame.surfarray.array3d(drawn)[alpha > 250]
        assert (np.abs(solid.astype(int) - theme.AMBER) <= 2).all()
        seen.add(alpha.tobytes())
    assert len(seen) == len(NAMES)


def test_recent_forgets_what_was_unused_for_longest() -> None:
    recent, made = Recent[str](2), []

    def get(key: str) -> str:
        def make() -> str:
            made.append(key)
            return key * 2

        return recent.get(key, make)

    assert [get(key) for key in "abacab"] == ["aa", "bb", "aa", "cc", "aa", "bb"]
    assert made == ["a", "b", "c", "b"]
    assert len(recent) == 2


def test_the_background_runs_evenly_from_top_to_bottom(painter: Painter) -> None:
    surface = pygame.Surface((800, 480))
    painter.paint(surface, Idle("a", "09:41"))
    column = pygame.surfarray.array3d(surface)[2].astype(int)
    assert tuple(column[0]) == theme.BACK_TOP
    assert tuple(column[-1]) == theme.BACK_BOTTOM
    assert np.abs(np.diff(column, axis=0)).max() <= 1
