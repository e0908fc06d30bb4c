"""Text as pictures: fitting, breaking, odd characters, missing fonts."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from intercom.station.fonts import CJK, FOLDER, LATIN, Fonts
from intercom.station.wrap import tokens
from tests.station_scenes import ODD_NAMES

WHITE = (255, 255, 255)

chinese = pytest.mark.skipif(
    not any((FOLDER / name).is_file() for name in CJK), reason="no Chinese font on this machine"
)
latin = pytest.mark.skipif(
    not any((FOLDER / name).is_file() for name, _ in LATIN), reason="no text font on this machine"
)


@pytest.fixture(scope="module")
def fonts() -> Fonts:
    return Fonts()


@pytest.mark.parametrize("bold", [False, True])
@pytest.mark.parametrize("text", [*ODD_NAMES, "Reception"])
@pytest.mark.parametrize("width", [40, 200, 5000])
def test_a_line_is_never_wider_than_asked(fonts: Fonts, text: str, width: int, bold: bool) -> None:
    assert fonts.line(text, 24, WHITE, width, bold).get_width() <= width


@pytest.mark.parametrize("text", [*ODD_NAMES, "Please wait, somebody will come to the door soon."])
def test_a_paragraph_keeps_to_its_lines_and_width(fonts: Fonts, text: str) -> None:
    for lines in (1, 2, 3):
        surfaces = fonts.paragraph(text, 20, WHITE, 150, lines=lines)
        assert len(surfaces) <= lines
        assert all(surface.get_width() <= 150 for surface in surfaces)


def test_a_text_that_fits_is_not_touched_and_one_that_does_not_gets_an_ellipsis(
    fonts: Fonts,
) -> None:
    assert fonts.cut("Reception", 20, 1000) == "Reception"
    cut = fonts.cut("Reception desk on the second floor", 20, 120)
    assert cut.endswith("…")
    assert "Reception".startswith(cut[:5])
    assert fonts.width(cut, 20) <= 120


def test_the_last_line_of_a_cut_paragraph_is_ellipsised(fonts: Fonts) -> None:
    text = "one two three four five six seven eight nine ten"
    room = fonts.width("one two three", 20)
    short = fonts.paragraph(text, 20, WHITE, room, lines=2)
    whole = fonts.paragraph(text, 20, WHITE, room, lines=9)
    assert len(short) == 2
    assert len(whole) > 2
    assert short[0] is whole[0]
    assert short[1] is not whole[1]


def test_lines_are_kept_and_not_made_twice(fonts: Fonts) -> None:
    assert fonts.line("kept", 20, WHITE, 500) is fonts.line("kept", 20, WHITE, 500)


@latin
def test_control_characters_become_spaces_and_signs_without_a_glyph_vanish(fonts: Fonts) -> None:
    assert fonts.cut("a\nb\x00c\u200b\ud83d", 20, 1000) == "a b c"
    unknown = "\u0800"  # a Samaritan letter
    assert fonts.missing(f"a {unknown}") == unknown
    assert fonts.cut(f"a{unknown}", 20, 1000) == "a?"


@chinese
def test_chinese_is_drawn(fonts: Fonts) -> None:
    assert fonts.missing("急诊室前台 Reception") == ""
    assert fonts.cut("急诊室", 20, 1000) == "急诊室"


def test_without_any_font_file_pygame_s_own_serves(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        bare = Fonts(tmp_path)
    assert "no text font" in caplog.text
    assert bare.line("Reception", 20, WHITE, 500).get_bounding_rect().w > 20
    assert bare.cut("急 Anna", 20, 1000) == "? Anna"


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("one two", ["one", " two"]),
        ("你好，请进", ["你", "好，", "请", "进"]),
        ("call 前台 now", ["call", " ", "前", "台", " now"]),
        ("", []),
    ],
)
def test_where_lines_may_be_broken(text: str, pieces: list[str]) -> None:
    assert list(tokens(text)) == pieces
    assert "".join(tokens(text)) == text
