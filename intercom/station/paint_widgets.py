"""What the screens are put together from: texts, buttons, chips, avatars; each made once.

A screen is a list of sprites, surfaces with their places, over a background or a picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pygame

from intercom.station import icons, shapes, theme
from intercom.station.fonts import Fonts
from intercom.station.layout import Rect, Size, px
from intercom.station.recent import Recent
from intercom.station.theme import Colour
from intercom.station.words import Words

Sprite = tuple[pygame.Surface, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Look:
    """How a button or chip looks: its pictogram, its colour, and that of what is on it; `tint`
    is the pictogram's own colour where it has one."""

    icon: str
    colour: Colour
    ink: Colour = theme.WHITE
    tint: Colour | None = None


NARROW = 190
"""Units of width from which on a button has its word beside its pictogram."""


class Kit:
    """Makes the parts of screens of one size, in one language."""

    def __init__(self, size: Size, fonts: Fonts, words: Words) -> None:
        self.size = size
        self.fonts = fonts
        self.words = words
        self._made: Recent[pygame.Surface] = Recent(96)

    def px(self, units: float) -> int:
        """Pixels for a length in units of the layout."""
        return px(self.size, units)

    def line(
        self, text: str, units: float, colour: Colour, width: int, *, bold: bool = False
    ) -> pygame.Surface:
        """One line of text, ellipsised to `width` pixels."""
        return self.fonts.line(text, self.px(units), colour, width, bold)

    def heading(self, text: str, units: float, width: int, least: float = 0.6) -> pygame.Surface:
        """One bold line, made smaller down to `least` of its size before it is ellipsised."""
        size = self.px(units)
        need = self.fonts.width(text, size, bold=True)
        size = max(int(size * least), min(size, size * width // max(1, need)))
        return self.fonts.line(text, size, theme.TEXT, width, bold=True)

    def name(self, text: str, units: float, width: int) -> Sequence[pygame.Surface]:
        """A name in bold: one line, two smaller ones if it is long, then ellipsised."""
        least = self.px(units * 0.58)
        if self.fonts.width(text, least, bold=True) > width:
            return self.fonts.paragraph(text, least, theme.TEXT, width, lines=2, bold=True)
        return [self.heading(text, units, width, least=0.56)]

    def icon(self, name: str, units: float, colour: Colour) -> pygame.Surface:
        """A pictogram."""
        side = self.px(units)
        return self._made.get((name, side, colour), lambda: icons.icon(name, side, colour))

    def box(self, size: Size, units: float, colour: Colour, alpha: int = 255) -> pygame.Surface:
        """A rectangle with round corners of radius `units`."""
        radius = self.px(units)
        key = ("box", size, radius, colour, alpha)
        return self._made.get(key, lambda: shapes.box(size, radius, colour, alpha))

    def disc(self, units: float, colour: Colour, alpha: int = 255) -> pygame.Surface:
        """A circle of diameter `units`."""
        side = self.px(units)
        key = ("disc", side, colour, alpha)
        return self._made.get(key, lambda: shapes.disc(side, colour, alpha))

    def shade(self, size: Size, top: int, bottom: int) -> pygame.Surface:
        """A veil under text that stands on a picture."""
        key = ("shade", size, top, bottom)
        return self._made.get(key, lambda: shapes.shade(size, top, bottom))

    def button(self, area: Rect, look: Look, label: str) -> list[Sprite]:
        """A button that fills `area`: pictogram and word in its middle, side by side where there
        is room for that."""
        if area.w < self.px(NARROW):
            room = area.w - self.px(12)
            sign, word = self.icon(look.icon, 34, look.ink), self.line(label, 19, look.ink, room)
            box = self.box(area.size, 22, look.colour), (area.x, area.y)
            return [box, *column(area, [(sign, 0), (word, 0)])]
        picture, gap = self.icon(look.icon, 42, look.ink), self.px(14)
        room = area.w - picture.get_width() - gap - self.px(28)
        text = self.line(label, 27, look.ink, room, bold=True)
        x = area.x + (area.w - picture.get_width() - gap - text.get_width()) // 2
        return [
            (self.box(area.size, 22, look.colour), (area.x, area.y)),
            (picture, (x, area.y + (area.h - picture.get_height()) // 2)),
            (
                text,
                (x + picture.get_width() + gap, area.y + (area.h - text.get_height()) // 2),
            ),
        ]

    def chip(self, look: Look, label: str, width: int) -> pygame.Surface:
        """A small sign with a pictogram and a few words, at most `width` wide."""
        pad = self.px(12)
        key = ("chip", look, label, width)
        return self._made.get(key, lambda: self._chip(look, label, width, pad))

    def _chip(self, look: Look, label: str, width: int, pad: int) -> pygame.Surface:
        picture = self.icon(look.icon, 22, look.tint or look.ink)
        left = pad + picture.get_width() + pad // 2
        text = self.line(label, 18, look.ink, width - left - pad, bold=True)
        tall = max(self.px(36), text.get_height() + self.px(6))
        whole = self.box((left + text.get_width() + pad, tall), 18, look.colour).copy()
        whole.blit(picture, (pad, (tall - picture.get_height()) // 2))
        whole.blit(text, (left, (tall - text.get_height()) // 2))
        return whole

    def badge(self, units: float, look: Look) -> pygame.Surface:
        """A pictogram on a disc."""
        whole = self.disc(units, look.colour).copy()
        return _centred(whole, self.icon(look.icon, units * 0.56, look.ink))

    def ringed(self, avatar: pygame.Surface, colour: Colour) -> pygame.Surface:
        """An avatar with a ring around it, as large as before."""
        side = avatar.get_width()
        inner = pygame.transform.smoothscale(avatar, (side * 9 // 10, side * 9 // 10))
        key = ("ring", side, colour)
        return _centred(self._made.get(key, lambda: shapes.disc(side, colour)).copy(), inner)

    def avatar(self, units: float, name: str) -> pygame.Surface:
        """A disc with the initials of a name, in place of a face."""
        letters = self.initials(name)
        whole = self.disc(units, theme.BLUE).copy()
        size = units * (0.5 if len(letters) == 1 else 0.42)
        text = self.line(letters, size, theme.WHITE, whole.get_width(), bold=True)
        return _centred(whole, text)

    def initials(self, name: str) -> str:
        """The first letter, and that of the last word, where a name has letters by words."""
        firsts = [
            next((char for char in word if char.isalnum() and self._drawn(char)), "")
            for word in name.replace("-", " ").split()
        ]
        letters = [char for char in firsts if char]
        if not letters:
            return "?"
        last = letters[-1] if len(letters) > 1 and letters[-1] < "\u2e80" else ""
        return (letters[0] + last).upper()

    def _drawn(self, char: str) -> bool:
        return not self.fonts.missing(char)


def _centred(whole: pygame.Surface, part: pygame.Surface) -> pygame.Surface:
    place = part.get_rect(center=whole.get_rect().center)
    whole.blit(part, place)
    return whole


def column(
    area: Rect, items: Sequence[tuple[pygame.Surface, int]], align: float = 0.5, top: float = 0.5
) -> list[Sprite]:
    """Stack surfaces, each with a gap in pixels below it, in `area`.

    `align` and `top`: 0 is left and top, 0.5 the middle, 1 right and bottom. Gaps shrink where the
    area is too low.
    """
    surfaces = sum(surface.get_height() for surface, _ in items)
    gaps = sum(gap for _, gap in items[:-1])
    squeeze = max(0.0, min(1.0, (area.h - surfaces) / gaps)) if gaps else 0.0
    y = area.y + max(0, int((area.h - surfaces - gaps * squeeze) * top))
    placed = []
    for surface, gap in items:
        placed.append((surface, (area.x + int((area.w - surface.get_width()) * align), y)))
        y += surface.get_height() + int(gap * squeeze)
    return placed


def spaced(
    lines: Sequence[pygame.Surface], between: int, after: int
) -> list[tuple[pygame.Surface, int]]:
    """The lines of a paragraph as items of a column."""
    return [(line, after if line is lines[-1] else between) for line in lines]
