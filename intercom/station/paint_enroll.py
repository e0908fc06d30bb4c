"""The screen of a station that belongs to no hub yet: where is it, and with which code."""

from __future__ import annotations

from intercom.station import theme
from intercom.station.entry import BACK
from intercom.station.layout import Rect
from intercom.station.layout_enroll import enroll as layout
from intercom.station.paint_widgets import Kit, Sprite, column, spaced
from intercom.station.scene import Enroll
from intercom.station.theme import Colour


def enroll(kit: Kit, scene: Enroll) -> list[Sprite]:
    """Two fields, the button, how it stands, and a keyboard."""
    words, places = kit.words, layout(kit.size)
    said, area = scene.said or words["enroll.ask"], places.said
    most = max(1, area.h // kit.px(34))
    lines = kit.fonts.paragraph(said, kit.px(20), theme.TEXT, area.w, lines=most)
    go = theme.GREEN if scene.complete else theme.GREY
    return [
        *_field(kit, places.hub, words["enroll.hub"], scene.hub, scene.field == "hub"),
        *_field(kit, places.code, words["enroll.code"], scene.code, scene.field == "code"),
        *_key(kit, words["enroll.go"], places.go, go),
        *column(area, spaced(lines, 0, 0)),
        *(it for key, where in places.keys.items() for it in _key(kit, key.upper(), where)),
    ]


def _field(kit: Kit, area: Rect, label: str, text: str, chosen: bool) -> list[Sprite]:
    """What is typed in it; its label, while nothing is."""
    inner = area.inset(kit.px(12), 0)
    shown = text + ("_" if chosen else "")
    ink = theme.WHITE if chosen else theme.SOFT
    size = kit.px(26)
    need = kit.fonts.width(shown or label, size, bold=True)
    size = max(size // 2, min(size, size * inner.w // max(1, need)))
    typed = kit.fonts.line(shown if text else f"{label} {shown}", size, ink, inner.w, True)
    box = kit.box(area.size, 14, theme.BLUE if chosen else theme.PANEL), (area.x, area.y)
    return [box, *column(inner, [(typed, 0)], align=0.0)]


def _key(kit: Kit, sign: str, area: Rect, colour: Colour = theme.PANEL) -> list[Sprite]:
    face = "\u2190" if sign == BACK.upper() else sign
    line = kit.line(face, 24, theme.WHITE, area.w, bold=True)
    return [(kit.box(area.size, 12, colour), (area.x, area.y)), *column(area, [(line, 0)])]
