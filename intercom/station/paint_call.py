"""The screens over a picture: ringing and in a call. Text stands on veils, so that it can be read
on any picture; without a picture the peer's initials stand in its place."""

from __future__ import annotations

import pygame

from intercom.station import layout, theme
from intercom.station.layout import Rect
from intercom.station.paint_grid import grid, message
from intercom.station.paint_widgets import Kit, Look, Sprite, column, spaced
from intercom.station.scene import ANSWERS, InCall, RingingIn, Tile, buttons
from intercom.station.words import duration

NOBODY = Tile("", "", picture=False)
"""Who is talked to while all others are still rung."""


def ringing(kit: Kit, scene: RingingIn, picture: bool) -> list[Sprite]:
    """Who rings, for how much longer, and the two big buttons."""
    plan, words = layout.ringing(kit.size), kit.words
    title = kit.line(words["ringing.title"], 22, theme.AMBER, plan.heading.w, bold=True)
    name = kit.name(scene.caller, 44, plan.heading.w)
    sprites = veils(kit, plan) if picture else []
    sprites += column(plan.heading, [(title, 0), *spaced(name, 0, 0)], align=0.0, top=0.0)
    if scene.seconds_left > 0:
        left = words.say("ringing.left", seconds=scene.seconds_left)
        look = Look("clock", theme.PANEL, theme.TEXT)
        sprites += column(plan.own, [(kit.chip(look, left, plan.own.w), 0)], align=1.0, top=0.0)
    area = plan.middle
    if scene.auto_answer_in is not None:
        auto = words.say("ringing.auto", seconds=scene.auto_answer_in)
        chip = kit.chip(Look("clock", theme.AMBER, theme.DARK), auto, area.w)
        sprites += column(area, [(chip, 0)], top=1.0)
        area = _above(area, chip.get_height() + kit.px(8))
    if not picture:
        why = words["ringing.waiting" if scene.video else "ringing.sound_only"]
        sprites += faceless(kit, area, scene.caller, kit.line(why, 22, theme.SOFT, area.w))
    sprites += kit.button(plan.left, Look("accept", theme.GREEN), words["ringing.accept"])
    return sprites + kit.button(plan.right, Look("hangup", theme.RED), words["ringing.refuse"])


def in_call(kit: Kit, scene: InCall, shown: frozenset[str]) -> list[Sprite]:
    """With whom, how long, what is off, and the buttons; or a question, or what can be said."""
    if scene.choosing and scene.asked is None:
        return [(kit.shade(kit.size, 190, 190), (0, 0)), *_choices(kit)]
    if scene.asked is not None:
        return [(kit.shade(kit.size, 190, 190), (0, 0)), *_question(kit, *scene.asked)]
    sprites = grid(kit, scene, shown) if scene.grid else _of_two(kit, scene, shown)
    mute, answers, hangup = buttons(scene, kit.size).values()
    sprites += _mute(kit, mute, scene.muted)
    sprites += kit.button(answers, Look("message", theme.BLUE), kit.words["call.answers"])
    return sprites + kit.button(hangup, Look("hangup", theme.RED), kit.words["call.hangup"])


def _of_two(kit: Kit, scene: InCall, shown: frozenset[str]) -> list[Sprite]:
    plan, words = layout.in_call(kit.size), kit.words
    other = scene.tiles[0] if scene.tiles else NOBODY
    sprites: list[Sprite] = []
    if other.reconnecting:
        sprites.append((kit.shade(kit.size, 150, 150), (0, 0)))
    sprites += veils(kit, plan) if shown else []
    name = kit.heading(other.name, 32, plan.heading.w)
    time = kit.line(duration(scene.seconds), 24, theme.TEXT, plan.heading.w)
    signs = [(chip, kit.px(6)) for chip in _signs(kit, scene, other, plan.heading.w)]
    sprites += column(plan.heading, [(name, 0), (time, kit.px(6)), *signs], align=0.0, top=0.0)
    if scene.video and not scene.camera_open:
        look = Look("camera_off", theme.PANEL, theme.TEXT)
        off = kit.chip(look, words["call.camera_off"], plan.own.w)
        sprites += column(plan.own, [(off, 0)], align=1.0, top=0.0)
    return sprites + _middle(kit, scene, other, plan.middle, bool(shown))


def _middle(kit: Kit, scene: InCall, other: Tile, area: Rect, picture: bool) -> list[Sprite]:
    """What stands where the face is looked for: a message, trouble, or letters for the face."""
    sprites: list[Sprite] = []
    if other.text:
        sprites = message(kit, area, other.text, 28)
        area = _above(area, sprites[0][0].get_height() + kit.px(8))
    if other.reconnecting:
        why = kit.chip(
            Look("warning", theme.AMBER, theme.DARK), kit.words["call.reconnecting"], area.w
        )
    elif other is NOBODY:
        why = kit.line("", 22, theme.SOFT, area.w)
    else:
        key = "call.no_picture" if scene.video else "call.sound_only"
        why = kit.line(kit.words[key], 22, theme.SOFT, area.w)
    if not picture:
        name = other.name or ", ".join(scene.invitees)
        return sprites + faceless(kit, area, name, why, other.speaks)
    return sprites + (column(area, [(why, 0)]) if other.reconnecting else [])


def _mute(kit: Kit, area: Rect, muted: bool) -> list[Sprite]:
    """A switch: light while it is on."""
    if muted:
        look = Look("microphone_off", theme.WHITE, theme.DARK)
        return kit.button(area, look, kit.words["call.unmute"])
    return kit.button(area, Look("microphone", theme.GREY), kit.words["call.mute"])


def _signs(kit: Kit, scene: InCall, other: Tile, width: int) -> list[pygame.Surface]:
    words, plain = kit.words, theme.PANEL
    signs = []
    if scene.muted:
        look = Look("microphone_off", theme.AMBER, theme.DARK)
        signs.append(kit.chip(look, words["call.muted"], width))
    if other.muted:
        look = Look("microphone_off", plain, theme.TEXT)
        signs.append(kit.chip(look, words["call.peer_muted"], width))
    if scene.invitees:
        rings = words.say("call.rings", names=", ".join(scene.invitees))
        signs.append(kit.chip(Look("bell", plain, theme.TEXT), rings, width))
    return signs


def _question(kit: Kit, name: str, seconds: int) -> list[Sprite]:
    """Somebody would like video: yes or no, and how long there is to say so."""
    plan, words = layout.ringing(kit.size), kit.words
    size, width = kit.px(34), plan.middle.w
    asker = kit.fonts.cut(name, size, width * 7 // 10, bold=True)
    title = words.say("call.asks_video", name=asker)
    lines = kit.fonts.paragraph(title, size, theme.TEXT, width, lines=2, bold=True)
    left = words.say("call.asks_left", seconds=seconds)
    below = kit.fonts.paragraph(left, kit.px(22), theme.SOFT, width, lines=2)
    badge = kit.badge(116, Look("camera", theme.BLUE))
    area = Rect(plan.middle.x, plan.heading.y, width, plan.middle.bottom - plan.heading.y)
    items = [(badge, kit.px(18)), *spaced(lines, 0, kit.px(8)), *spaced(below, 0, 0)]
    sprites = column(area, items)
    sprites += kit.button(plan.left, Look("camera", theme.GREEN), words["call.allow"])
    return sprites + kit.button(plan.right, Look("camera_off", theme.GREY), words["call.deny"])


def _choices(kit: Kit) -> list[Sprite]:
    """What can be said without a word, and the way back."""
    *places, back = layout.choices(kit.size, len(ANSWERS))
    sprites: list[Sprite] = []
    for key, area in zip(ANSWERS, places, strict=True):
        sprites += kit.button(area, Look("message", theme.BLUE), kit.words[f"answers.{key}"])
    return sprites + kit.button(back, Look("back", theme.GREY), kit.words["call.back"])


def faceless(
    kit: Kit, area: Rect, name: str, why: pygame.Surface, speaks: bool = False
) -> list[Sprite]:
    """The initials in place of a face, as large as there is room for, and a line below them; a
    ring around them for who speaks."""
    gap = kit.px(10)
    room = (area.h - why.get_height() - gap) / kit.px(100) * 100
    avatar = kit.avatar(max(24.0, min(132.0, room)), name)
    if speaks:
        avatar = kit.ringed(avatar, theme.MINT)
    return column(area, [(avatar, gap), (why, 0)])


def _above(area: Rect, height: int) -> Rect:
    """What is left of `area` above its lowest `height` rows."""
    return area._replace(h=area.h - height)


def veils(kit: Kit, plan: layout.Row) -> list[Sprite]:
    """What darkens a picture where text and buttons stand on it."""
    width, height = kit.size
    top, bottom = kit.px(150), height - plan.left.y + kit.px(50)
    return [
        (kit.shade((width, top), 200, 0), (0, 0)),
        (kit.shade((width, bottom), 0, 170), (0, height - bottom)),
    ]
