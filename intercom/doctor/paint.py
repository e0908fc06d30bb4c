"""Paints a page of results as the station's other screens are painted."""

from __future__ import annotations

import pygame

from intercom.doctor.page import LINES, Page, lines_of
from intercom.doctor.results import Result, Verdict
from intercom.station import shapes, theme
from intercom.station.fonts import Fonts
from intercom.station.layout import Rect
from intercom.station.paint_widgets import Kit, Look, Sprite
from intercom.station.words import Words

LOOKS: dict[Verdict, Look] = {
    "ok": Look("check", theme.GREEN),
    "skipped": Look("dot", theme.GREY),
    "warning": Look("warning", theme.AMBER, theme.DARK),
    "fault": Look("warning", theme.RED),
}
EDGE, HEAD, FOOT, PITCH = 24, 62, 34, 36
"""Units: around the page, of its first and last line, and from line to line at most."""


class PagePainter:
    """Paints pages in one language; belongs to the screen's thread."""

    def __init__(self, words: Words, fonts: Fonts | None = None) -> None:
        self._fonts = fonts or Fonts()
        missing = self._fonts.missing("".join(words.values()))
        self._words = Words("en") if missing else words

    def paint(self, surface: pygame.Surface, page: Page) -> None:
        """Paint all of `surface`."""
        size = surface.get_size()
        kit = Kit(size, self._fonts, self._words)
        surface.blit(shapes.gradient(size, theme.BACK_TOP, theme.BACK_BOTTOM), (0, 0))
        surface.blits(sprites(kit, page), doreturn=False)


def sprites(kit: Kit, page: Page) -> list[Sprite]:
    """The head with the count, a row a result, and what a touch does."""
    edge = kit.px(EDGE)
    whole = Rect(0, 0, *kit.size).inset(edge, edge)
    pitch = min(kit.px(PITCH), (whole.h - kit.px(HEAD) - kit.px(FOOT)) // LINES)
    placed, y = _head(kit, page, whole), whole.y + kit.px(HEAD)
    for result in page.results:
        placed += _row(kit, result, Rect(whole.x, y, whole.w, pitch * lines_of(result)), pitch)
        y += pitch * lines_of(result)
    key = "doctor.close" if page.number == page.of else "doctor.next"
    foot = kit.line(f"{kit.words[key]}  {page.number}/{page.of}", 18, theme.SOFT, whole.w)
    placed.append((foot, (whole.right - foot.get_width(), whole.bottom - foot.get_height())))
    return placed


def _head(kit: Kit, page: Page, whole: Rect) -> list[Sprite]:
    words = kit.words
    title = kit.line(words["doctor.title"], 32, theme.TEXT, whole.w // 2, bold=True)
    look, text = LOOKS["ok"], words["doctor.well"]
    if page.faults:
        look, text = LOOKS["fault"], words.say("doctor.faults", count=page.faults)
    elif page.warnings:
        look, text = LOOKS["warning"], words.say("doctor.warnings", count=page.warnings)
    chip = kit.chip(look, text, whole.w - title.get_width() - kit.px(20))
    return [(title, (whole.x, whole.y)), (chip, (whole.right - chip.get_width(), whole.y))]


def _row(kit: Kit, result: Result, area: Rect, pitch: int) -> list[Sprite]:
    look, name_room = LOOKS[result.verdict], kit.px(164)
    badge = kit.badge(20, look)
    text_x = area.x + kit.px(30) + name_room
    room = area.right - text_x
    title = kit.words.get(f"doctor.check.{result.check}", result.check)
    name = kit.line(title, 17, theme.TEXT, name_room - kit.px(8), bold=True)
    placed: list[Sprite] = [
        (badge, (area.x, area.y + (pitch - badge.get_height()) // 2)),
        (name, (area.x + kit.px(30), area.y + (pitch - name.get_height()) // 2)),
    ]
    ill = lines_of(result) > 1
    colour = theme.TEXT if ill else theme.SOFT
    lines = [kit.line(result.text, 16, colour, room)]
    if ill:
        size, most = kit.px(16), lines_of(result) - 1
        lines += kit.fonts.paragraph(result.remedy, size, theme.AMBER, room, lines=most)
    for number, line in enumerate(lines):
        placed.append((line, (text_x, area.y + number * pitch + (pitch - line.get_height()) // 2)))
    return placed
