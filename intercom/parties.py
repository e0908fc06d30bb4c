"""Who is in a call, and who is being rung: what each word of the hub changes. PURE.

The law of `intercom.call` holds here too. In a call between two the other side stays named to the
end, since the call ends with it; in a group's, who is out is forgotten.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields, replace
from typing import Any, TypeVar

import msgspec

from intercom import news
from intercom import protocol as p
from intercom.events import Event
from intercom.phases import Call, Calling, Connected, Effect, Emit, Idle, Other, Ringing, Send, Step
from intercom.protocol import CallType, Reason

InCall = Calling | Ringing | Connected
C = TypeVar("C", bound=InCall)


def rang(phase: Calling | Connected, event: p.Rang) -> Step:
    """It rings at one of those that we called; told once each."""
    known = phase.other(event.user_id) or Other(event.user_id)
    if known.joined or (known.rang and known.entry == event.entry):
        return phase, []
    told = [] if known.rang else [news.emit(Event.RINGING, phase.call_id, event.user_id)]
    rings = replace(known, entry=event.entry, rang=True, early=event.early)
    return _with(phase, rings), list(told)


def accepted(phase: Calling | Connected, event: p.Accepted, now: float) -> Step:
    """Somebody came in; the first one connects the call."""
    known = phase.other(event.user_id)
    other = Other(event.user_id, event.entry, joined=True, video=event.video, audio=event.audio)
    effects: list[Effect] = []
    if known is not None and known.joined:  # back, or on another device
        effects += news.available(other.user_id, other.video, other.audio)
    else:
        if known is not None:
            effects.append(news.emit(Event.USER_ACCEPT, phase.call_id, event.user_id))
        effects += news.entered(other)
    return _with(connected(phase, now), other), effects


def roster(phase: Idle | InCall, event: p.Roster, now: float) -> Step:
    """The hub's word that we are in the call, and the whole truth about it."""
    others = tuple(_other(present) for present in event.others)
    if isinstance(phase, Calling) and not event.answered:
        before = {other.user_id for other in phase.others if other.rang}
        rings = [other.user_id for other in others if other.rang and other.user_id not in before]
        told: list[Effect] = [news.emit(Event.RINGING, phase.call_id, user) for user in rings]
        rung = replace(phase, others=others, entry=event.entry, group=event.group)
        return rung, told + _list_changed(phase.invitees, rung)
    truth: dict[str, Any] = {
        "others": others,
        "entry": event.entry,
        "group": event.group,
        "type": event.type,
    }
    if isinstance(phase, Idle):
        truth |= {"video": event.type is CallType.VIDEO, "over": phase.over}
        if not event.answered:
            return Calling(event.call_id, event.sponsor, **truth), []
        joined = Connected(event.call_id, event.sponsor, since=now - event.seconds, **truth)
        return joined, _changes((), joined) + _list_changed((), joined)
    known = connected(phase, now - event.seconds)
    before_type = phase.type
    after = replace(known, **truth, video=_video(known, event.type))
    effects: list[Effect]
    if isinstance(phase, Ringing):  # `Invitees` follows
        effects = _changes((), after)
    else:
        effects = _changes(phase.others, after) + _list_changed(phase.invitees, after)
    if before_type is not after.type:
        effects.append(type_changed(before_type, after.type))
    return after, effects


def invitees(phase: Calling | Connected, event: p.Invitees) -> Step:
    """The hub tells who is still rung, and whether it is a group's call."""
    rung = set(event.user_ids)
    kept = tuple(other for other in phase.others if other.joined or other.user_id in rung)
    known = {other.user_id for other in kept}
    new = tuple(Other(user) for user in event.user_ids if user not in known)
    after = replace(phase, others=kept + new, group=event.group)
    return after, [news.invitees(after.invitees)]


def left(phase: Connected, event: p.Left) -> Step:
    """A member is out."""
    known = phase.other(event.user_id)
    if known is None or not known.joined:
        return phase, []
    return _without(phase, {event.user_id}), [news.left(event.user_id, event.reason)]


def declined(phase: C, user_ids: Collection[str], told: Emit) -> Step:
    """Some of those that were rung do not come."""
    gone = {user for user in user_ids if (other := phase.other(user)) and not other.joined}
    return _without(phase, gone), [told]


def available(phase: Ringing | Connected, event: p.PeerAvailable) -> Step:
    """A member opened or closed its camera or microphone."""
    known = phase.other(event.user_id)
    told = news.available(event.user_id, event.video, event.audio)
    if known is None:
        return phase, told
    return _with(phase, replace(known, video=event.video, audio=event.audio)), told


def switched(phase: Connected, event: p.TypeChanged) -> Step:
    """The call changed its type; towards video our camera comes on, unless it was shut."""
    if event.new is phase.type:
        return phase, []
    video = event.new is CallType.VIDEO
    others = tuple(replace(other, video=video) if other.joined else other for other in phase.others)
    after = replace(phase, type=event.new, others=others, video=_video(phase, event.new))
    effects: list[Effect] = [type_changed(phase.type, event.new)]
    if after.video != video:  # the others take it for granted that our camera follows
        effects.append(told_available(after))
    return after, effects


def type_changed(old: CallType, new: CallType) -> Emit:
    """Tell the change of the call's type."""
    payload = {"old_call_type": int(old), "new_call_type": int(new)}
    return Emit(Event.CALL_TYPE_CHANGED, payload)


def connected(phase: InCall, since: float) -> Connected:
    """Return the call as connected since then, or for as long as it is."""
    if isinstance(phase, Connected):
        return phase
    known = {field.name: getattr(phase, field.name) for field in fields(Call)}
    return Connected(**known, since=since)


def told_available(phase: Call) -> Send:
    """Tell the others what we send."""
    return Send(p.Available(phase.call_id, video=phase.video, audio=phase.audio))


def _video(phase: Call, type: CallType) -> bool:
    """What we send of our picture when the call's type is (or becomes) `type`."""
    return phase.video if type is phase.type else type is CallType.VIDEO and not phase.shut


def _other(present: p.Present) -> Other:
    return Other(**msgspec.structs.asdict(present))


def _with(phase: C, other: Other) -> C:
    """Put `other` in its place, or behind those that are known."""
    if phase.other(other.user_id) is None:
        return replace(phase, others=(*phase.others, other))
    others = [other if known.user_id == other.user_id else known for known in phase.others]
    return replace(phase, others=tuple(others))


def _without(phase: C, gone: Collection[str]) -> C:
    if not phase.group:
        return phase
    return replace(phase, others=tuple(o for o in phase.others if o.user_id not in gone))


def _changes(before: tuple[Other, ...], after: Connected) -> list[Effect]:
    """Tell who came and who went since `before`."""
    effects: list[Effect] = []
    was = {other.user_id: other for other in before}
    for other in after.joined:
        known = was.get(other.user_id)
        if known is None or not known.joined:
            if known is not None:
                effects.append(news.emit(Event.USER_ACCEPT, after.call_id, other.user_id))
            effects += news.entered(other)
        elif (known.video, known.audio) != (other.video, other.audio):
            effects += news.available(other.user_id, other.video, other.audio)
    now = {other.user_id for other in after.joined}
    effects += [
        news.left(o.user_id, Reason.LOST) for o in before if o.joined and o.user_id not in now
    ]
    return effects


def _list_changed(before: tuple[str, ...], after: Calling | Connected) -> list[Effect]:
    return [news.invitees(after.invitees)] if after.group and after.invitees != before else []
