"""The steps of the call machine: what each event makes of a call, and what users hear of it. PURE.

Which step an event takes is decided in `intercom.call`, whose law holds here too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from intercom import protocol as p
from intercom.events import Event
from intercom.phases import (
    Call,
    Calling,
    Connected,
    Effect,
    Emit,
    Idle,
    Opened,
    Phase,
    Ringing,
    Send,
    Step,
    StopGrace,
)
from intercom.protocol import CallType, Reason

KEPT = 4
"""How many calls that were left are remembered."""


def dial(idle: Idle, invite: p.Invite, me: str) -> Step:
    """Ring out."""
    calling = Calling(
        invite.call_id,
        sponsor=me,
        peer=invite.user_id,
        type=invite.type,
        early_media=invite.early_media,
        video=invite.video,
        audio=invite.audio,
        over=idle.over,
    )
    return calling, [Send(invite)]


def ring(invited: p.Invited, over: tuple[str, ...], first: list[Effect] | None = None) -> Step:
    """Ring in, for an invitation; `first` comes before it."""
    ringing = Ringing(
        invited.call_id,
        sponsor=invited.sponsor,
        peer=invited.sponsor,
        type=invited.type,
        early_media=invited.early_media,
        video=invited.type is CallType.VIDEO,
        over=over,
    )
    payload: dict[str, Any] = {
        "invite_id": invited.call_id,
        "sponsor": invited.sponsor,
        "user_id_list": invited.user_ids,
        "group_id": invited.group_id,
        "is_from_group": bool(invited.group_id),
        "call_type": int(invited.type),
        "room_id": invited.call_id,
        "timeout": invited.timeout,
        "invite_data": invited.data,
    }
    rang = Send(p.Ringing(invited.call_id))
    return ringing, [*(first or []), rang, Emit(Event.INVITED, payload)]


def connect(phase: Call, user_id: str, video: bool, audio: bool, now: float) -> Step:
    """The hub says that the call is answered: `user_id` took it, and sends that."""
    effects: list[Effect] = [Emit(Event.USER_ENTER, {"user_id": user_id})]
    if isinstance(phase, Calling):
        effects.insert(0, emit(Event.USER_ACCEPT, phase, user_id))
        effects += available(user_id, video, audio)
    return _connected(phase, now), effects


def _connected(phase: Call, now: float, **changes: Any) -> Connected:
    known = {name: getattr(phase, name) for name in Call.__dataclass_fields__}
    return Connected(**(known | changes), since=now)


def merge(phase: Call, event: p.Merged, now: float) -> Step:
    """Glare: our call and the peer's became one, connected at once."""
    merged = _connected(
        phase, now, call_id=event.call_id, sponsor=event.sponsor, type=event.type, early_media=False
    )
    effects: list[Effect] = [emit(Event.USER_ACCEPT, merged, event.user_id)]
    effects.append(Emit(Event.USER_ENTER, {"user_id": event.user_id}))
    return merged, effects + available(event.user_id, event.video, event.audio)


def merged_too_late(phase: Phase, event: p.Merged) -> Step:
    """Glare, but we had hung up: what the hub made of both calls is over for us, as theirs is."""
    hang_up = Send(p.Hangup(event.call_id))
    match phase:
        case Ringing() if phase.peer == event.user_id:
            return end(phase, event.user_id, Reason.CANCELED, 0, first=[hang_up])
        case Calling(waiting=p.Invited() as theirs) if theirs.sponsor == event.user_id:
            return replace(phase, waiting=None), [hang_up]
        case _:
            return phase, [hang_up]


def switch(phase: Connected, event: p.TypeChanged) -> Step:
    """The call changed its type; towards video our camera comes on, unless it was shut."""
    if event.new is phase.type:
        return phase, []
    video = event.new is CallType.VIDEO and not phase.shut
    payload = {"old_call_type": int(phase.type), "new_call_type": int(event.new)}
    return replace(phase, type=event.new, video=video), [Emit(Event.CALL_TYPE_CHANGED, payload)]


def set_devices(phase: Calling | Ringing | Connected, event: Opened) -> Step:
    """Camera or microphone of this side changed; the hub is told when it needs to know."""
    if event.video is not None:
        phase = replace(phase, shut=not event.video)
    video = phase.video if event.video is None else event.video
    audio = phase.audio if event.audio is None else event.audio
    if (video, audio) == (phase.video, phase.audio):
        return phase, []
    if phase.adrift:
        return replace(phase, video=video, audio=audio, untold=True), []
    changed = replace(phase, video=video, audio=audio)
    if isinstance(changed, Ringing) and not changed.answering:  # the accept will say it
        return changed, []
    return changed, [Send(_available_here(changed))]


def hub_back(phase: Calling | Ringing | Connected) -> Step:
    """The hub still has us in the call: tell it what it could not be told."""
    known = replace(phase, adrift=False, untold=False)
    told: list[Effect] = [Send(_available_here(phase))] if phase.untold else []
    return known, [StopGrace(), *told]


def gone(call_id: str) -> Send:
    """Tell the hub that we are not in a call that it still holds us in."""
    return Send(p.Hangup(call_id, Reason.LOST))


def _available_here(phase: Call) -> p.Available:
    return p.Available(phase.call_id, video=phase.video, audio=phase.audio)


def leave(phase: Call, reason: Reason, now: float) -> Step:
    """This side leaves, whatever there is to leave."""
    if reason is Reason.HANGUP and isinstance(phase, Ringing):
        return end(phase, None, Reason.REJECT, 0, first=[Send(p.Reject(phase.call_id))])
    said = [Send(p.Hangup(phase.call_id, reason))]
    shown = reason
    if reason is Reason.HANGUP and isinstance(phase, Calling):
        shown = Reason.CANCELED
    return end(phase, None, shown, seconds(phase, now), first=list(said))


def end(
    phase: Call,
    user_id: str | None,
    reason: Reason,
    seconds: int,
    first: list[Effect] | None = None,
) -> Step:
    """Leave for IDLE (or for the call that waited); `user_id` None: this side ended it."""
    effects: list[Effect] = [*(first or []), StopGrace()]
    if isinstance(phase, Ringing):
        effects += _ringing_over(phase, user_id, reason)
    payload = {
        "invite_id": phase.call_id,
        "user_id": user_id or "",
        "call_end": seconds,
        "reason": str(reason),
    }
    effects.append(Emit(Event.CALL_END, payload))
    over = (*phase.over, phase.call_id)[-KEPT:]
    if isinstance(phase, Calling) and phase.waiting is not None:
        return ring(phase.waiting, over, effects)
    return Idle(over), effects


def _ringing_over(phase: Ringing, user_id: str | None, reason: Reason) -> list[Effect]:
    match reason:
        case Reason.CANCELED:
            return [emit(Event.CALLING_CANCEL, phase, user_id or "")]
        case Reason.NO_RESPONSE:
            payload = {"invite_id": phase.call_id, "user_id_list": [user_id or ""]}
            return [Emit(Event.CALLING_TIMEOUT, payload)]
        case Reason.ANSWERED_ELSEWHERE:
            return [emit(Event.ANSWERED_ELSEWHERE, phase, user_id or "")]
        case _:
            return []


def seconds(phase: Call, now: float) -> int:
    """Return the whole seconds that the call has been connected."""
    return int(now - phase.since) if isinstance(phase, Connected) else 0


def emit(event: Event, phase: Call, user_id: str) -> Emit:
    """Name the call and a user."""
    return Emit(event, {"invite_id": phase.call_id, "user_id": user_id})


def left(event: p.Left) -> Emit:
    """Tell that a member is out."""
    return Emit(Event.USER_LEAVE, {"user_id": event.user_id, "reason": str(event.reason)})


def no_response(event: p.NoResponse) -> Emit:
    """Tell who did not answer."""
    payload = {"user_id_list": event.user_ids, "reason": event.reason}
    return Emit(Event.NO_RESP, {"invite_id": event.call_id, **payload})


def asked(event: p.TypeAsked) -> Emit:
    """Tell who would like to switch to video."""
    payload = {"user_id": event.user_id, "call_type": int(event.type)}
    return Emit(Event.CALL_TYPE_ASKED, payload)


def door_opened(event: p.DoorOpened) -> Emit:
    """Tell who opened the door."""
    return Emit(Event.DOOR_OPENED, {"user_id": event.user_id, "seconds": event.seconds})


def busy(event: p.Busy) -> Emit:
    """Tell who is busy, and for whom."""
    payload = {"invite_id": event.call_id, "sponsor": event.sponsor, "user_id": event.user_id}
    return Emit(Event.LINE_BUSY, payload)


def available(user_id: str, video: bool, audio: bool) -> list[Effect]:
    """Tell what a member sends."""
    return [
        Emit(Event.USER_VIDEO_AVAILABLE, {"user_id": user_id, "is_video_available": video}),
        Emit(Event.USER_AUDIO_AVAILABLE, {"user_id": user_id, "is_audio_available": audio}),
    ]
