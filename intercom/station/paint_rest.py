"""The screens without a picture: at rest, calling, ended, at fault."""

from __future__ import annotations

from intercom.station import layout, theme
from intercom.station.layout import Rect
from intercom.station.paint_widgets import Kit, Look, Sprite, column, spaced
from intercom.station.scene import Calling, Ended, Fault, Idle
from intercom.station.words import duration

ENDS = {
    "hangup": Look("hangup", theme.GREY),
    "reject": Look("hangup", theme.RED),
    "no_response": Look("bell_off", theme.AMBER, theme.DARK),
    "offline": Look("no_hub", theme.AMBER, theme.DARK),
    "line_busy": Look("busy", theme.AMBER, theme.DARK),
    "canceled": Look("hangup", theme.GREY),
    "answered_elsewhere": Look("check", theme.GREEN),
    "kicked": Look("no_hub", theme.AMBER, theme.DARK),
    "lost": Look("no_hub", theme.RED),
    "error": Look("warning", theme.RED),
}
"""How each reason for an end looks."""


def idle(kit: Kit, scene: Idle) -> list[Sprite]:
    """Clock, name and state; and the card to touch where somebody can be called."""
    told = bool(scene.missed or scene.messages)
    text, call, missed = layout.idle(kit.size, scene.callee is not None, told)
    align = 0.0 if call else 0.5
    most = 1 if missed else 2 if call else 3
    notice = kit.fonts.paragraph(scene.notice, kit.px(22), theme.TEXT, text.w, lines=most)
    head = [(kit.line(scene.name, 26, theme.SOFT, text.w, bold=True), kit.px(2))]
    units = 84 if missed else 104 if call else 136
    clock = [(kit.heading(scene.clock, units, text.w, least=0.4), kit.px(10))]
    look = Look("dot", theme.PANEL, theme.TEXT, theme.MINT)
    key = "idle.ready"
    if not scene.hub_ok:
        look, key = Look("no_hub", theme.AMBER, theme.DARK), "idle.no_hub"
    elif scene.quiet:
        look, key = Look("moon", theme.AMBER, theme.DARK), "idle.quiet"
    status = kit.chip(look, kit.words[key], text.w)
    upper = Rect(text.x, text.y, text.w, text.h - status.get_height() - kit.px(12))
    sprites = column(upper, head, align, 0.0)
    below = upper.y + sprites[0][0].get_height()
    rest = Rect(upper.x, below, upper.w, upper.bottom - below)
    sprites += column(rest, [*clock, *spaced(notice, 0, 0)], align, 0.5)
    sprites += column(text, [(status, 0)], align, 1.0)
    sprites += _missed(kit, scene, missed) if missed else []
    return sprites + (_card(kit, scene, call) if call else [])


def _missed(kit: Kit, scene: Idle, area: Rect) -> list[Sprite]:
    """Who left a message, and who called in vain; a touch plays it, or else takes it away."""
    words, pad = kit.words, kit.px(16)
    kind, first = ("messages", scene.messages) if scene.messages else ("missed", scene.missed)
    many = len(first) > 1
    title = words.say(f"idle.{kind}", count=len(first)) if many else words[f"idle.{kind}_one"]
    both = (*scene.messages, *scene.missed)
    calls = [words.say("idle.missed_call", name=name, time=at) for name, at in both]
    icon = kit.icon("message" if scene.messages else "bell_off", 40, theme.DARK)
    check = kit.icon("play" if scene.messages else "check", 30, theme.DARK)
    inner = area.inset(pad, 0)
    left, right = icon.get_width() + pad // 2, check.get_width() + pad // 2
    text = Rect(inner.x + left, inner.y, inner.w - left - right, inner.h)
    head = kit.line(title, 25, theme.DARK, text.w, bold=True)
    who = kit.line(", ".join(calls), 20, theme.DARK, text.w)
    return [
        (kit.box(area.size, 22, theme.AMBER), (area.x, area.y)),
        *column(inner, [(icon, 0)], align=0.0),
        *column(text, [(head, 0), (who, 0)], align=0.0),
        *column(inner, [(check, 0)], align=1.0),
    ]


def _card(kit: Kit, scene: Idle, area: Rect) -> list[Sprite]:
    colour = theme.BLUE if scene.hub_ok else theme.GREY
    badge = kit.badge(
        132, Look("bell" if scene.hub_ok else "no_hub", theme.mix(colour, theme.WHITE, 0.16))
    )
    inner = area.inset(kit.px(20), kit.px(20))
    title = kit.words.say("idle.call", callee=scene.callee or "")
    lines = kit.fonts.paragraph(title, kit.px(36), theme.WHITE, inner.w, lines=2, bold=True)
    hint = kit.words["idle.hint" if scene.hub_ok else "idle.hint_no_hub"]
    below = kit.fonts.paragraph(
        hint, kit.px(19), theme.mix(colour, theme.WHITE, 0.8), inner.w, lines=2
    )
    items = [(badge, kit.px(22)), *spaced(lines, 0, kit.px(8)), *spaced(below, 0, 0)]
    return [(kit.box(area.size, 32, colour), (area.x, area.y)), *column(inner, items)]


def calling(kit: Kit, scene: Calling) -> list[Sprite]:
    """Whom we call, whether it rings there, for how long, and the way out."""
    content, button = layout.one_button(kit.size)
    words = kit.words
    state = words["calling.ringing" if scene.ringing else "calling.calling"]
    avatar = kit.avatar(128, scene.callee)
    items = [
        (kit.disc(166, theme.BACK_TOP, 0), kit.px(4)),  # room for the rings around the avatar
        *spaced(kit.name(scene.callee, 44, content.w), 0, 0),
        (kit.line(state, 26, theme.SOFT, content.w), kit.px(2)),
        (kit.line(duration(scene.seconds), 24, theme.SOFT, content.w), 0),
    ]
    placed = column(content, items)
    room, (x, y) = placed[0]
    centre = (x + room.get_width() // 2, y + room.get_height() // 2)
    rings = [kit.disc(166, theme.BLUE, 70), kit.disc(147, theme.BLUE, 110)]
    shown = rings[1 - scene.seconds % 2 :] if scene.ringing else []
    middle = [
        (it, (centre[0] - it.get_width() // 2, centre[1] - it.get_height() // 2))
        for it in (*shown, avatar)
    ]
    own = layout.own_box(kit.size)
    beside = own.x if layout.portrait(kit.size) else centre[0] - room.get_width() // 2
    room_left = beside - content.x - kit.px(12)
    name = kit.line(scene.name, 20, theme.SOFT, room_left, bold=True)
    corner = (content.x, content.y)
    cancel = kit.button(button, Look("hangup", theme.RED), words["calling.hangup"])
    return [(name, corner), *middle, *placed[1:], *cancel]


def ended(kit: Kit, scene: Ended) -> list[Sprite]:
    """Why the call is over, in words."""
    content, button = layout.one_button(kit.size)
    key = f"ended.{scene.reason}" + ("_me" if scene.ended_by_me else "")
    size, most = kit.px(38), 4 if layout.portrait(kit.size) else 2
    # a long name is cut before it is put into the sentence, so that the sentence is never cut
    peer = kit.fonts.cut(scene.peer, size, content.w * 9 // 10, bold=True)
    text = kit.words.say(key, peer=peer)
    lines = kit.fonts.paragraph(text, size, theme.TEXT, content.w, lines=most, bold=True)
    items = [(kit.badge(116, ENDS[scene.reason]), kit.px(20)), *spaced(lines, 0, kit.px(8))]
    if scene.seconds:
        talked = kit.words.say("ended.talked", time=duration(scene.seconds))
        items.append((kit.line(talked, 24, theme.SOFT, content.w), kit.px(4)))
    if scene.detail:
        detail = kit.fonts.paragraph(scene.detail, kit.px(20), theme.SOFT, content.w, lines=2)
        items += spaced(detail, 0, 0)
    close = kit.button(button, Look("check", theme.GREY), kit.words["ended.dismiss"])
    return [*column(content, items), *close]


def fault(kit: Kit, scene: Fault) -> list[Sprite]:
    """What is broken and what to do about it; the technical detail is small."""
    edge = kit.px(28)
    whole = Rect(0, 0, *kit.size).inset(edge, edge)
    fonts = kit.fonts
    title = fonts.paragraph(scene.title, kit.px(38), theme.TEXT, whole.w, lines=2, bold=True)
    detail = fonts.paragraph(scene.detail, kit.px(20), theme.SOFT, whole.w, lines=2)
    items = [(kit.badge(96, Look("warning", theme.RED)), kit.px(16))]
    items += [*spaced(title, 0, kit.px(6)), *spaced(detail, 0, 0)]
    if not scene.remedy:
        return column(whole, items)
    pad = kit.px(20)
    head = kit.line(kit.words["fault.remedy"], 19, theme.AMBER, whole.w - 2 * pad, bold=True)
    remedy = fonts.paragraph(scene.remedy, kit.px(24), theme.TEXT, whole.w - 2 * pad, lines=3)
    tall = head.get_height() + sum(line.get_height() for line in remedy) + pad
    card = Rect(whole.x, whole.bottom - tall, whole.w, tall)
    inner = card.inset(pad, pad // 2)
    upper = Rect(whole.x, whole.y, whole.w, card.y - whole.y - kit.px(12))
    return [
        *column(upper, items),
        (kit.box(card.size, 20, theme.PANEL), (card.x, card.y)),
        *column(inner, [(head, 0), *spaced(remedy, 0, 0)], align=0.0, top=0.0),
    ]
