"""The screens of a visitor's message: while it is left, and while it is seen and heard."""

from __future__ import annotations

from intercom.station import layout, theme
from intercom.station.paint_call import faceless, veils
from intercom.station.paint_widgets import Kit, Look, Sprite, column, spaced
from intercom.station.scene import Message, Recording, buttons

STEPS = {
    "wait": Look("message", theme.BLUE),
    "speak": Look("microphone", theme.RED),
    "send": Look("clock", theme.GREY),
    "sent": Look("check", theme.GREEN),
    "failed": Look("warning", theme.RED),
}
"""How each step of a message that is left looks."""

ENDINGS = {
    "wait": (Look("hangup", theme.GREY), "message.cancel"),
    "speak": (Look("check", theme.GREEN), "message.stop"),
    "sent": (Look("check", theme.GREY), "message.close"),
    "failed": (Look("check", theme.GREY), "message.close"),
}
"""The button of each step, where it has one."""


def recording(kit: Kit, scene: Recording) -> list[Sprite]:
    """What the visitor is to do, for how much longer, and the button that ends it."""
    content, button = layout.one_button(kit.size)
    own, words = layout.own_box(kit.size), kit.words
    if scene.step in {"wait", "speak"}:  # below the own picture
        top = own.bottom + kit.px(6) if layout.portrait(kit.size) else content.y
        content = content._replace(y=top, h=content.bottom - top)
    width = content.w if layout.portrait(kit.size) else 2 * (own.x - kit.size[0] // 2)
    title = words[f"message.{scene.step}"]
    lines = kit.fonts.paragraph(title, kit.px(38), theme.TEXT, width, lines=2, bold=True)
    items = [(kit.badge(116, STEPS[scene.step]), kit.px(16)), *spaced(lines, 0, kit.px(6))]
    if scene.step in {"wait", "speak"}:
        heard = scene.step == "speak" and not scene.seen
        hint = words["message.speak_sound" if heard else f"message.{scene.step}_hint"]
        items += spaced(
            kit.fonts.paragraph(hint, kit.px(23), theme.SOFT, content.w, lines=2), 0, kit.px(8)
        )
    if scene.step == "speak":
        left = words.say("message.left", seconds=scene.seconds_left)
        items.append((kit.heading(left, 34, content.w), 0))
    sprites = column(content, items)
    if scene.step in ENDINGS:
        look, key = ENDINGS[scene.step]
        sprites += kit.button(button, look, words[key])
    return sprites


def message(kit: Kit, scene: Message, picture: bool) -> list[Sprite]:
    """Who left it and when, on its picture; how much is left of it, and the three buttons."""
    plan, words = layout.in_call(kit.size), kit.words
    sprites = veils(kit, plan) if picture else []
    title = kit.line(
        f"{words['message.title']}  {scene.at}", 22, theme.AMBER, plan.heading.w, bold=True
    )
    name = kit.name(scene.name, 38, plan.heading.w)
    sprites += column(plan.heading, [(title, 0), *spaced(name, 0, 0)], align=0.0, top=0.0)
    if scene.step == "play" and scene.seconds_left:
        left = words.say("message.left", seconds=scene.seconds_left)
        chip = kit.chip(Look("play", theme.PANEL, theme.TEXT, theme.MINT), left, plan.own.w)
        sprites += column(plan.own, [(chip, 0)], align=1.0, top=0.0)
    return [*sprites, *_middle(kit, scene, plan.middle, picture), *_buttons(kit, scene)]


def _middle(kit: Kit, scene: Message, area: layout.Rect, picture: bool) -> list[Sprite]:
    words = kit.words
    if scene.step in {"gone", "failed"}:
        key = "message.gone" if scene.step == "gone" else "message.unheard"
        look = Look("warning", theme.AMBER, theme.DARK)
        return column(area, [(kit.chip(look, words[key], area.w), 0)])
    if not picture:
        key = {"load": "message.load", "over": "message.over"}.get(scene.step, "message.no_picture")
        return faceless(kit, area, scene.name, kit.line(words[key], 22, theme.SOFT, area.w))
    if scene.step == "over":
        look = Look("check", theme.PANEL, theme.TEXT, theme.MINT)
        return column(area, [(kit.chip(look, words["message.over"], area.w), 0)], top=1.0)
    return []


def _buttons(kit: Kit, scene: Message) -> list[Sprite]:
    delete, play, close = buttons(scene, kit.size).values()
    words, key = kit.words, "message.next" if scene.others else "message.again"
    return [
        *kit.button(delete, Look("delete", theme.RED), words["message.delete"]),
        *kit.button(play, Look("play", theme.BLUE), words[key]),
        *kit.button(close, Look("check", theme.GREY), words["message.close"]),
    ]
