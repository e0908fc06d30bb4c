"""The screen of a call with more than one other: a tile each, with name and signs; the speaker's
has a frame. Beside the tiles is what the screen of two has over its picture."""

from __future__ import annotations

from intercom.station import theme, tiles
from intercom.station.layout import Rect
from intercom.station.paint_widgets import Kit, Look, Sprite, column, spaced
from intercom.station.scene import InCall, Tile
from intercom.station.words import duration

FRAME = 5
"""Width of the speaker's frame."""


def grid(kit: Kit, scene: InCall, shown: frozenset[str]) -> list[Sprite]:
    """The tiles (`shown`: whose picture is under it already), and time, signs and who is rung."""
    plan = tiles.grid(kit.size, len(scene.shown))
    sprites: list[Sprite] = []
    for tile, area in zip(scene.shown, plan.tiles, strict=True):
        sprites += _tile(kit, scene, tile, area, tile.user_id in shown)
    return sprites + _beside(kit, scene, plan)


def _tile(kit: Kit, scene: InCall, tile: Tile, area: Rect, picture: bool) -> list[Sprite]:
    sprites = [] if picture else [(kit.box(area.size, 1, theme.PANEL), (area.x, area.y))]
    if tile.speaks:
        sprites += _frame(kit, area)
    inner = area.inset(kit.px(10), kit.px(10))
    foot = _foot(kit, tile, inner, scene.video)
    body = inner._replace(h=foot[0][1][1] - kit.px(6) - inner.y)
    return sprites + foot + _body(kit, tile, body, picture)


def _foot(kit: Kit, tile: Tile, area: Rect, video: bool) -> list[Sprite]:
    """The name, which comes first, and at the right what is off over there."""
    gap = kit.px(6)
    off = {"microphone_off": tile.muted, "camera_off": video and not tile.picture}
    signs = [
        kit.badge(34, Look(icon, theme.AMBER, theme.DARK)) for icon, is_off in off.items() if is_off
    ]
    room = area.w - sum(sign.get_width() + gap for sign in signs)
    icon = "microphone" if tile.speaks else "person"
    plate = kit.chip(Look(icon, theme.DARK, theme.TEXT, theme.SOFT), tile.name, room)
    y, x = area.bottom - plate.get_height(), area.right
    sprites = [(plate, (area.x, y))]
    for sign in signs:
        x -= sign.get_width()
        sprites.append((sign, (x, y + (plate.get_height() - sign.get_height()) // 2)))
        x -= gap
    return sprites


def _body(kit: Kit, tile: Tile, area: Rect, picture: bool) -> list[Sprite]:
    """Over the name: trouble, a text, and the initials where there is no picture."""
    sprites: list[Sprite] = []
    gap = kit.px(6)
    if tile.reconnecting:
        look = Look("warning", theme.AMBER, theme.DARK)
        chip = kit.chip(look, kit.words["call.reconnecting_short"], area.w)
        sprites += column(area, [(chip, 0)], align=0.0, top=0.0)
        used = chip.get_height() + gap
        area = Rect(area.x, area.y + used, area.w, area.h - used)
    if tile.text:
        card = message(kit, area, tile.text, 20)
        sprites += card
        area = area._replace(h=area.h - card[0][0].get_height() - gap)
    if not picture:
        side = min(132.0, *(room / kit.px(100) * 100 for room in area.size))
        sprites += column(area, [(kit.avatar(max(24.0, side), tile.name), 0)])
    return sprites


def _frame(kit: Kit, area: Rect) -> list[Sprite]:
    """Four strips along the edges."""
    wide = kit.px(FRAME)
    flat, high = (area.w, wide), (wide, area.h - 2 * wide)
    lying = kit.box(flat, 1, theme.MINT)
    standing = kit.box(high, 1, theme.MINT)
    top = area.y + wide
    return [
        (lying, (area.x, area.y)),
        (lying, (area.x, area.bottom - wide)),
        (standing, (area.x, top)),
        (standing, (area.right - wide, top)),
    ]


def _beside(kit: Kit, scene: InCall, plan: tiles.Grid) -> list[Sprite]:
    """The time, whether we are muted, and who is still rung."""
    area, gap = plan.heading, kit.px(4)
    time = kit.line(duration(scene.seconds), 21, theme.TEXT, area.w, bold=True)
    sprites = column(area, [(time, 0)], align=0.0, top=0.0)
    if scene.muted:
        sign = kit.badge(26, Look("microphone_off", theme.AMBER, theme.DARK))
        sprites += column(area, [(sign, 0)], align=1.0, top=0.0)
    if scene.invitees:
        used = time.get_height() + gap
        rest = Rect(area.x, area.y + used, area.w, area.h - used)
        bell = kit.icon("bell", 18, theme.AMBER)
        left = bell.get_width() + kit.px(6)
        room = rest.w - left
        names = ", ".join(scene.invitees)
        lines = kit.fonts.paragraph(names, kit.px(16), theme.TEXT, room, lines=2)
        sprites += column(rest, [(bell, 0)], align=0.0, top=0.0)
        place = Rect(rest.x + left, rest.y, room, rest.h)
        sprites += column(place, spaced(lines, 0, 0), align=0.0, top=0.0)
    return sprites


def message(kit: Kit, area: Rect, text: str, units: float) -> list[Sprite]:
    """What somebody wrote, in letters of `units`, on a light card at the lower end of `area`; the
    card is the first sprite."""
    pad = kit.px(units * 0.64)
    icon = kit.icon("message", units * 1.2, theme.BLUE)
    left = icon.get_width() + pad // 2
    lines = kit.fonts.paragraph(
        text, kit.px(units), theme.DARK, area.w - 2 * pad - left, lines=2, bold=True
    )
    wide = max((line.get_width() for line in lines), default=0) + left + 2 * pad
    tall = sum(line.get_height() for line in lines) + pad
    card = Rect(area.x + (area.w - wide) // 2, area.bottom - tall, wide, tall)
    inner = card.inset(pad, pad // 2)
    return [
        (kit.box(card.size, 18, theme.WHITE), (card.x, card.y)),
        *column(inner, [(icon, 0)], align=0.0),
        *column(Rect(inner.x + left, inner.y, inner.w - left, inner.h), spaced(lines, 0, 0), 0.0),
    ]
