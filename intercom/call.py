"""One user's call, as its client sees it. PURE: events in, new state and effects out.

The law of this module
----------------------
1. The hub decides, the client mirrors: CONNECTED only on the hub's `Accepted` or `Merged`. The one
   thing decided here alone is the user's own leaving, which works without a hub.
2. Every message names its call. One that names another call than the present one changes nothing.
3. Whatever state is left for IDLE, one CALL_END tells so; so each call ends exactly once.
4. No state but IDLE lasts by itself: ringing out and in end by the hub's clock or, when the hub is
   gone, after LOST_GRACE seconds; a call without a hub ends after LOST_GRACE seconds.
5. An event that a state does not allow raises `CallingError` and changes nothing. What races
   with a late message of the hub (hang up, timers) is allowed in every state.
6. What the media should be doing is no effect but a function of the state: `intercom.plan`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from intercom import protocol as p
from intercom.errors import CallingError, Code
from intercom.events import Event
from intercom.phases import (
    Answered,
    AnswerFailed,
    Call,
    Calling,
    Connected,
    Dialed,
    DialFailed,
    Effect,
    Emit,
    GraceOver,
    HubBack,
    HubLost,
    HungUp,
    Idle,
    Input,
    Opened,
    Phase,
    Refused,
    Ringing,
    Send,
    StartGrace,
    Step,
    StopGrace,
)
from intercom.protocol import LOST_GRACE, CallType, Reason


def feed(phase: Phase, event: Input, now: float) -> Step:  # noqa: PLR0911, PLR0912 (the one match)
    """Return the next state and what to do; CallingError (nothing changed) if illegal.

    `now`: monotonic seconds.
    """
    if isinstance(event, p.Message) and stale(phase, event):
        return phase, []
    match phase, event:
        # IDLE
        case Idle(), Dialed(invite=invite, me=me):
            return _dial(invite, me)
        case Idle(), p.Invited():
            return _ring(event)
        # CALLING
        case Calling(), p.Rang():
            return replace(phase, rung=True), [_emit(Event.RINGING, phase, event.user_id)]
        case Calling(), p.Invited():
            return replace(phase, waiting=event), []
        case Calling(waiting=p.Invited() as other), p.Ended() if event.call_id == other.call_id:
            return replace(phase, waiting=None), []
        case Calling(), p.Accepted():
            return _connect(phase, event.user_id, event.video, event.audio, now)
        case Calling() | Connected(), p.Merged():
            return _merge(phase, event, now)
        case Calling(), p.Rejected():
            return phase, [_emit(Event.REJECT, phase, event.user_id)]
        case Calling(), p.Busy():
            return phase, [_busy(event)]
        case Calling(), p.NoResponse():
            return phase, [_no_response(event)]
        case Calling(), DialFailed(call_id=phase.call_id):
            return _end(phase, phase.sponsor, event.reason, 0)
        # RINGING
        case Ringing(answering=False), Answered() if _names(event.call_id, phase):
            message = p.Accept(event.req, phase.call_id, video=phase.video, audio=phase.audio)
            return replace(phase, answering=True), [Send(message)]
        case Ringing(answering=True), AnswerFailed(call_id=phase.call_id):
            return replace(phase, answering=False), []
        case Ringing(), Refused() if _names(event.call_id, phase):
            reject = Send(p.Reject(phase.call_id, busy=event.busy))
            return _end(phase, None, Reason.REJECT, 0, first=[reject])
        case Ringing(), p.Accepted():
            return _connect(phase, phase.sponsor, event.video, event.audio, now)
        case Ringing(), p.Invited():  # delivered again after a reconnect
            return phase, [Send(p.Ringing(phase.call_id))]
        # CONNECTED
        case Connected(), p.Left():
            return phase, [_leave_of(event)]
        case Connected(), p.TypeChanged():
            return _switch(phase, event)
        case Connected(), p.TypeAsked():
            return phase, [_asked(event)]
        case Connected(), p.Texted():
            return phase, [Emit(Event.TEXT, {"user_id": event.user_id, "text": event.text})]
        case Connected(), p.DoorOpened():
            return phase, [_door(event)]
        # any call
        case ((Ringing() | Connected()), p.PeerAvailable()):
            return phase, _available(event.user_id, event.video, event.audio)
        case ((Ringing() | Connected()), p.Busy()):  # somebody else called us; we are untouched
            return phase, [_busy(event)]
        case Call(), p.Ended():
            return _end(phase, event.user_id, event.reason, event.duration)
        case Call(), HungUp():
            return _leave(phase, event.reason, now)
        case ((Calling() | Ringing() | Connected()), Opened()):
            return _open(phase, event)
        case ((Calling() | Ringing() | Connected()), HubLost()):
            return phase, [StartGrace(phase.call_id, LOST_GRACE)]
        case ((Calling() | Ringing() | Connected()), HubBack(call_id=phase.call_id)):
            return phase, [StopGrace()]
        case Call(), (HubBack() | GraceOver(call_id=phase.call_id)):
            return _end(phase, phase.peer, Reason.LOST, _seconds(phase, now))
        # whatever raced with the end
        case _, (HungUp() | Opened() | HubLost() | HubBack() | GraceOver() | AnswerFailed()):
            return phase, []
        case _, DialFailed() | p.Message():
            return phase, []
        case _, Dialed():
            raise CallingError(Code.ALREADY_IN_CALL, "already in a call: hang up first")
        case _:
            raise CallingError(Code.INVITATION_GONE, "no such call rings here (any more)")


def stale(phase: Phase, message: p.Message) -> bool:
    """Tell whether a hub's message belongs to another call than the present one."""
    match phase, message:
        case ((Idle() | Calling()), p.Invited()):
            return False
        case Calling(waiting=p.Invited(call_id=waiting)), p.Ended(call_id=ended):
            return ended not in {phase.call_id, waiting}
        case Call(), p.Merged(old_id=old):
            return old != phase.call_id
        case Call(), p.Busy(sponsor=sponsor):  # the busy callee's copy names the other's call
            return sponsor == phase.sponsor and message.call_id != phase.call_id
        case Call(), _:
            return getattr(message, "call_id", "") != phase.call_id
        case _:
            return True


def _names(call_id: str | None, phase: Call) -> bool:
    return call_id is None or call_id == phase.call_id


def _dial(invite: p.Invite, me: str) -> Step:
    calling = Calling(
        invite.call_id,
        sponsor=me,
        peer=invite.user_id,
        type=invite.type,
        early_media=invite.early_media,
        video=invite.video,
        audio=invite.audio,
    )
    return calling, [Send(invite)]


def _ring(invited: p.Invited, first: list[Effect] | None = None) -> Step:
    ringing = Ringing(
        invited.call_id,
        sponsor=invited.sponsor,
        peer=invited.sponsor,
        type=invited.type,
        early_media=invited.early_media,
        video=invited.type is CallType.VIDEO,
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


def _connect(phase: Call, user_id: str, video: bool, audio: bool, now: float) -> Step:
    effects: list[Effect] = []
    if isinstance(phase, Calling):
        effects.append(_emit(Event.USER_ACCEPT, phase, user_id))
        effects.append(Emit(Event.USER_ENTER, {"user_id": user_id}))
        effects += _available(user_id, video, audio)
    else:
        effects.append(Emit(Event.USER_ENTER, {"user_id": user_id}))
    return _connected(phase, now), effects


def _connected(phase: Call, now: float, **changes: Any) -> Connected:
    known = {name: getattr(phase, name) for name in Call.__dataclass_fields__}
    return Connected(**(known | changes), since=now)


def _merge(phase: Call, event: p.Merged, now: float) -> Step:
    """Glare: our call and the peer's became one, connected at once."""
    merged = _connected(
        phase, now, call_id=event.call_id, sponsor=event.sponsor, type=event.type, early_media=False
    )
    effects: list[Effect] = [_emit(Event.USER_ACCEPT, merged, event.user_id)]
    effects.append(Emit(Event.USER_ENTER, {"user_id": event.user_id}))
    return merged, effects + _available(event.user_id, event.video, event.audio)


def _switch(phase: Connected, event: p.TypeChanged) -> Step:
    if event.new is phase.type:
        return phase, []
    video = event.new is CallType.VIDEO and (phase.video or phase.type is CallType.AUDIO)
    payload = {"old_call_type": int(event.old), "new_call_type": int(event.new)}
    return replace(phase, type=event.new, video=video), [Emit(Event.CALL_TYPE_CHANGED, payload)]


def _open(phase: Calling | Ringing | Connected, event: Opened) -> Step:
    video = phase.video if event.video is None else event.video
    audio = phase.audio if event.audio is None else event.audio
    if (video, audio) == (phase.video, phase.audio):
        return phase, []
    changed = replace(phase, video=video, audio=audio)
    return changed, [Send(p.Available(phase.call_id, video=video, audio=audio))]


def _leave(phase: Call, reason: Reason, now: float) -> Step:
    if reason is Reason.HANGUP and isinstance(phase, Ringing):
        return _end(phase, None, Reason.REJECT, 0, first=[Send(p.Reject(phase.call_id))])
    said = [Send(p.Hangup(phase.call_id, reason))]
    shown = reason
    if reason is Reason.HANGUP and isinstance(phase, Calling):
        shown = Reason.CANCELED
    return _end(phase, None, shown, _seconds(phase, now), first=list(said))


def _end(
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
    if isinstance(phase, Calling) and phase.waiting is not None:
        return _ring(phase.waiting, effects)
    return Idle(), effects


def _ringing_over(phase: Ringing, user_id: str | None, reason: Reason) -> list[Effect]:
    match reason:
        case Reason.CANCELED:
            return [_emit(Event.CALLING_CANCEL, phase, user_id or "")]
        case Reason.NO_RESPONSE:
            payload = {"invite_id": phase.call_id, "user_id_list": [user_id or ""]}
            return [Emit(Event.CALLING_TIMEOUT, payload)]
        case Reason.ANSWERED_ELSEWHERE:
            return [_emit(Event.ANSWERED_ELSEWHERE, phase, user_id or "")]
        case _:
            return []


def _seconds(phase: Call, now: float) -> int:
    return int(now - phase.since) if isinstance(phase, Connected) else 0


def _emit(event: Event, phase: Call, user_id: str) -> Emit:
    return Emit(event, {"invite_id": phase.call_id, "user_id": user_id})


def _leave_of(event: p.Left) -> Emit:
    return Emit(Event.USER_LEAVE, {"user_id": event.user_id, "reason": str(event.reason)})


def _no_response(event: p.NoResponse) -> Emit:
    payload = {"user_id_list": event.user_ids, "reason": event.reason}
    return Emit(Event.NO_RESP, {"invite_id": event.call_id, **payload})


def _asked(event: p.TypeAsked) -> Emit:
    payload = {"user_id": event.user_id, "call_type": int(event.type)}
    return Emit(Event.CALL_TYPE_ASKED, payload)


def _door(event: p.DoorOpened) -> Emit:
    return Emit(Event.DOOR_OPENED, {"user_id": event.user_id, "seconds": event.seconds})


def _busy(event: p.Busy) -> Emit:
    payload = {"invite_id": event.call_id, "sponsor": event.sponsor, "user_id": event.user_id}
    return Emit(Event.LINE_BUSY, payload)


def _available(user_id: str, video: bool, audio: bool) -> list[Effect]:
    return [
        Emit(Event.USER_VIDEO_AVAILABLE, {"user_id": user_id, "is_video_available": video}),
        Emit(Event.USER_AUDIO_AVAILABLE, {"user_id": user_id, "is_audio_available": audio}),
    ]
