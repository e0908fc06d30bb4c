"""Text as pictures: font files found by path, several of them a line where one lacks a glyph.

`pygame.freetype` rather than `pygame.font`: it says which glyphs a font lacks, knows characters
beyond the first 65,536, and one font object serves all sizes. `SysFont` would ask fc-list, slowly.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import pygame
import pygame.freetype

from intercom.station.recent import Recent
from intercom.station.theme import Colour
from intercom.station.wrap import tokens

log = logging.getLogger(__name__)

FOLDER = Path("/usr/share/fonts")

LATIN = (
    ("truetype/noto/NotoSans-Regular.ttf", "truetype/noto/NotoSans-Bold.ttf"),
    ("truetype/open-sans/OpenSans-Regular.ttf", "truetype/open-sans/OpenSans-Semibold.ttf"),
    ("truetype/dejavu/DejaVuSans.ttf", "truetype/dejavu/DejaVuSans-Bold.ttf"),
)
"""Regular and bold, best first; the others serve glyphs that the first lacks."""

CJK = (
    "opentype/noto/NotoSansCJK-Regular.ttc",
    "truetype/wqy/wqy-microhei.ttc",
    "truetype/droid/DroidSansFallbackFull.ttf",
    "truetype/wqy/wqy-zenhei.ttc",
)
"""Fonts with Chinese glyphs, best first; the first that is there is used."""

ELLIPSIS = "…"


class Fonts:
    """The fonts of this machine, and the texts that were lately rendered by them."""

    def __init__(self, folder: Path = FOLDER) -> None:
        pygame.freetype.init()
        self._faces = {bold: _open(folder, bold) for bold in (False, True)}
        self._face_of: dict[str, int | None] = {}
        self._texts: Recent[pygame.Surface] = Recent(256)

    def missing(self, text: str) -> str:
        """The characters of `text` that no font here can draw, each once, sorted."""
        return "".join(sorted({c for c in text if not c.isspace() and self._face(c) is None}))

    def width(self, text: str, size: int, bold: bool = False) -> int:
        """The width in pixels of `text` at `size` pixels an em."""
        return sum(self._advance(c, size, bold) for c in self._drawable(text))

    def cut(self, text: str, size: int, width: int, bold: bool = False) -> str:
        """`text` as it can be drawn, its end replaced by an ellipsis if it is too wide."""
        text = self._drawable(text)
        if self.width(text, size, bold) <= width:
            return text
        room = width - self.width(ELLIPSIS, size, bold)
        return text[: self._fitting(text, size, room, bold)].rstrip() + ELLIPSIS

    def line(
        self, text: str, size: int, colour: Colour, width: int, bold: bool = False
    ) -> pygame.Surface:
        """One line of text, not wider than `width`: cut with an ellipsis where it is too long."""
        key = ("line", text, size, colour, width, bold)
        return self._texts.get(key, lambda: self._render(text, size, colour, width, bold))

    def paragraph(
        self, text: str, size: int, colour: Colour, width: int, *, lines: int, bold: bool = False
    ) -> Sequence[pygame.Surface]:
        """Text broken into at most `lines` lines of at most `width`; the last one ellipsised."""
        broken = self._break(self._drawable(text), size, width, lines, bold)
        return [self.line(each, size, colour, width, bold) for each in broken]

    def _break(self, text: str, size: int, width: int, lines: int, bold: bool) -> list[str]:
        done: list[str] = []
        line = ""
        left = list(tokens(text))
        while left:
            token = left.pop(0)
            if self.width((line + token).rstrip(), size, bold) <= width:
                line += token
            elif not line:  # a word wider than the whole line is cut where it must be
                fits = self._fitting(token, size, width, bold)
                done.append(token[:fits])
                left.insert(0, token[fits:])
            elif len(done) + 1 >= lines:
                return [*done, line + token + "".join(left)]  # line() ellipsises it
            else:
                done.append(line.strip())
                line = token.lstrip()
            if len(done) >= lines:
                done[-1] += line + "".join(left)
                return done
        return [*done, line.strip()] if line.strip() else done

    def _fitting(self, text: str, size: int, width: int, bold: bool) -> int:
        """How many first characters of `text` fit into `width`; at least one."""
        used = 0
        for count, char in enumerate(text):
            used += self._advance(char, size, bold)
            if used > width:
                return max(1, count)
        return len(text)

    def _render(
        self, text: str, size: int, colour: Colour, width: int, bold: bool
    ) -> pygame.Surface:
        text = self.cut(text, size, width, bold)
        parts = [
            self._faces[bold][face].render("".join(run), colour, size=size)
            for face, run in groupby(text, self._face)
            if face is not None
        ]
        above = max((rect.y for _, rect in parts), default=0)
        below = max((picture.get_height() - rect.y for picture, rect in parts), default=1)
        whole = min(width, sum(picture.get_width() for picture, _ in parts))
        surface = pygame.Surface((max(1, whole), above + below), pygame.SRCALPHA)
        surface.fill((*colour, 0))
        x = 0
        for picture, rect in parts:
            surface.blit(picture, (x, above - rect.y))
            x += picture.get_width()
        return surface

    def _drawable(self, text: str) -> str:
        """`text` with spaces for control characters, "?" for letters that no font has, and
        without other signs that none has (emoji, joiners)."""
        return " ".join("".join(self._shown(char) for char in text).split())

    def _shown(self, char: str) -> str:
        kind = unicodedata.category(char)
        if char.isspace() or kind == "Cc":
            return " "
        if kind in {"Cf", "Cs", "Mn"} and not char.isprintable():
            return ""
        if self._face(char) is not None:
            return char
        return "?" if kind[0] in "LN" else ""

    def _face(self, char: str) -> int | None:
        """The first face that has a glyph for `char`; bold and regular faces have the same."""
        if char not in self._face_of:
            self._face_of[char] = next(self._having(char), None)
        return self._face_of[char]

    def _having(self, char: str) -> Iterator[int]:
        if unicodedata.category(char) == "Cs":  # half of a pair: freetype refuses to look
            return
        for index, face in enumerate(self._faces[False]):
            if face.get_metrics(char, size=16)[0] is not None:
                yield index

    def _advance(self, char: str, size: int, bold: bool) -> int:
        face = self._face(char)
        metrics = None if face is None else self._faces[bold][face].get_metrics(char, size=size)[0]
        return 0 if metrics is None else -int(-metrics[4] // 1)


def _open(folder: Path, bold: bool) -> list[pygame.freetype.Font]:
    """Every known font that is there, best first; pygame's own if there is none."""
    pairs = [pair for pair in LATIN if (folder / pair[0]).is_file()]
    names = [
        regular if not (folder / strong).is_file() or not bold else strong
        for regular, strong in pairs
    ]
    chinese = [name for name in CJK if (folder / name).is_file()][:1]
    faces = [pygame.freetype.Font(str(folder / name)) for name in names + chinese]
    if not names:
        log.warning("no text font below %s; install fonts-open-sans or fonts-dejavu", folder)
        faces.insert(0, pygame.freetype.Font(None))
    for face in faces:
        face.pad = True
        face.kerning = True
    if bold and chinese:
        faces[-1].strong = True
        faces[-1].strength = 1 / 48
    return faces
