"""The screens over a picture: ringing and in a call. Text stands on veils, so that it can be read
on any picture; without a picture the peer's initial stands in its place."""

from __future__ import annotations

import pygame

from intercom.station import layout, theme
from intercom.station.layout import Rect
from intercom.station.paint_widgets import Kit, Look, Sprite, column, spaced
from intercom.station.scene import InCall, RingingIn
from intercom.station.words import duration


def ringing(kit: Kit, scene: RingingIn, picture: bool) -> list[Sprite]:
    """Who rings, for how much longer, and the two big buttons."""
    plan, words = layout.ringing(kit.size), kit.words
    title = kit.line(words["ringing.title"], 22, theme.AMBER, plan.heading.w, bold=True)
    name = kit.name(scene.caller, 44, plan.heading.w)
    sprites = _veils(kit, plan) if picture else []
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
        sprites += _faceless(kit, area, scene.caller, kit.line(why, 22, theme.SOFT, area.w))
    sprites += kit.button(plan.left, Look("accept", theme.GREEN), words["ringing.accept"])
    return sprites + kit.button(plan.right, Look("hangup", theme.RED), words["ringing.refuse"])


def in_call(kit: Kit, scene: InCall, picture: bool) -> list[Sprite]:
    """With whom, how long, what is off, and the two buttons."""
    plan, words = layout.in_call(kit.size), kit.words
    sprites: list[Sprite] = []
    if scene.reconnecting:
        sprites.append((kit.shade(kit.size, 150, 150), (0, 0)))
    sprites += _veils(kit, plan) if picture else []
    name = kit.heading(scene.peer, 32, plan.heading.w)
    time = kit.line(duration(scene.seconds), 24, theme.TEXT, plan.heading.w)
    signs = [(chip, kit.px(6)) for chip in _signs(kit, scene, plan.heading.w)]
    sprites += column(plan.heading, [(name, 0), (time, kit.px(6)), *signs], align=0.0, top=0.0)
    if not scene.camera_open:
        look = Look("camera_off", theme.PANEL, theme.TEXT)
        off = kit.chip(look, words["call.camera_off"], plan.own.w)
        sprites += column(plan.own, [(off, 0)], align=1.0, top=0.0)
    sprites += _middle(kit, scene, plan.middle, picture)
    sprites += _mute(kit, plan.left, scene.muted)
    return sprites + kit.button(plan.right, Look("hangup", theme.RED), words["call.hangup"])


def _middle(kit: Kit, scene: InCall, area: Rect, picture: bool) -> list[Sprite]:
    """What stands where the face is looked for: a message, trouble, or a letter for the face."""
    sprites: list[Sprite] = []
    if scene.text:
        sprites = _message(kit, area, scene.text)
        area = _above(area, sprites[0][0].get_height() + kit.px(8))
    if scene.reconnecting:
        why = kit.chip(
            Look("warning", theme.AMBER, theme.DARK), kit.words["call.reconnecting"], area.w
        )
    else:
        why = kit.line(kit.words["call.no_picture"], 22, theme.SOFT, area.w)
    if not picture:
        return sprites + _faceless(kit, area, scene.peer, why)
    return sprites + (column(area, [(why, 0)]) if scene.reconnecting else [])


def _mute(kit: Kit, area: Rect, muted: bool) -> list[Sprite]:
    """A switch: light while it is on."""
    if muted:
        look = Look("microphone_off", theme.WHITE, theme.DARK)
        return kit.button(area, look, kit.words["call.unmute"])
    return kit.button(area, Look("microphone", theme.GREY), kit.words["call.mute"])


def _signs(kit: Kit, scene: InCall, width: int) -> list[pygame.Surface]:
    signs = []
    if scene.muted:
        look = Look("microphone_off", theme.AMBER, theme.DARK)
        signs.append(kit.chip(look, kit.words["call.muted"], width))
    if scene.peer_muted:
        look = Look("microphone_off", theme.PANEL, theme.TEXT)
        signs.append(kit.chip(look, kit.words["call.peer_muted"], width))
    return signs


def _message(kit: Kit, area: Rect, text: str) -> list[Sprite]:
    """What the other side wrote, on a light card above the buttons."""
    pad = kit.px(18)
    icon = kit.icon("message", 34, theme.BLUE)
    left = icon.get_width() + pad // 2
    lines = kit.fonts.paragraph(
        text, kit.px(28), theme.DARK, area.w - 2 * pad - left, lines=2, bold=True
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


def _faceless(kit: Kit, area: Rect, name: str, why: pygame.Surface) -> list[Sprite]:
    """The initial in place of a face, as large as there is room for, and a line below it."""
    gap = kit.px(10)
    room = (area.h - why.get_height() - gap) / kit.px(100) * 100
    return column(area, [(kit.avatar(max(24.0, min(132.0, room)), name), gap), (why, 0)])


def _above(area: Rect, height: int) -> Rect:
    """What is left of `area` above its lowest `height` rows."""
    return area._replace(h=area.h - height)


def _veils(kit: Kit, plan: layout.TwoButtons) -> list[Sprite]:
    width, height = kit.size
    top, bottom = kit.px(150), height - plan.left.y + kit.px(50)
    return [
        (kit.shade((width, top), 200, 0), (0, 0)),
        (kit.shade((width, bottom), 0, 170), (0, height - bottom)),
    ]
