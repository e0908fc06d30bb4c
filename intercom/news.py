"""What users of the calling API hear of a call, as effects. PURE."""

from __future__ import annotations

from collections.abc import Iterable

from intercom import protocol as p
from intercom.events import Event
from intercom.phases import Call, Effect, Emit, Other


def emit(event: Event, call_id: str, user_id: str) -> Emit:
    """Name the call and a user."""
    return Emit(event, {"invite_id": call_id, "user_id": user_id})


def invited(event: p.Invited) -> Emit:
    """Tell that it rings here; names and order as TRTCCalling gives them."""
    payload = {
        "invite_id": event.call_id,
        "sponsor": event.sponsor,
        "user_id_list": event.user_ids,
        "group_id": event.group_id,
        "is_from_group": event.group,
        "call_type": int(event.type),
        "room_id": event.call_id,
        "timeout": event.timeout,
        "invite_data": event.data,
    }
    return Emit(Event.INVITED, payload)


def entered(other: Other) -> list[Effect]:
    """Tell who is in the call now, and what it sends."""
    told = Emit(Event.USER_ENTER, {"user_id": other.user_id})
    return [told, *available(other.user_id, other.video, other.audio)]


def available(user_id: str, video: bool, audio: bool) -> list[Effect]:
    """Tell what a member sends."""
    return [
        Emit(Event.USER_VIDEO_AVAILABLE, {"user_id": user_id, "is_video_available": video}),
        Emit(Event.USER_AUDIO_AVAILABLE, {"user_id": user_id, "is_audio_available": audio}),
    ]


def left(user_id: str, reason: p.Reason) -> Emit:
    """Tell that a member is out."""
    return Emit(Event.USER_LEAVE, {"user_id": user_id, "reason": str(reason)})


def invitees(user_ids: Iterable[str]) -> Emit:
    """Tell who is still being rung."""
    return Emit(Event.GROUP_CALL_INVITEE_LIST_UPDATE, {"user_id_list": list(user_ids)})


def no_response(event: p.NoResponse) -> Emit:
    """Tell who did not answer."""
    payload = {"user_id_list": event.user_ids, "reason": event.reason}
    return Emit(Event.NO_RESP, {"invite_id": event.call_id, **payload})


def rung_out(call_id: str, user_id: str) -> Emit:
    """Tell the callee that it rang out here."""
    payload = {"invite_id": call_id, "user_id_list": [user_id]}
    return Emit(Event.CALLING_TIMEOUT, payload)


def busy(event: p.Busy) -> Emit:
    """Tell who is busy, and for whom."""
    payload = {"invite_id": event.call_id, "sponsor": event.sponsor, "user_id": event.user_id}
    return Emit(Event.LINE_BUSY, payload)


def asked(event: p.TypeAsked) -> Emit:
    """Tell who would like to switch to video."""
    payload = {"user_id": event.user_id, "call_type": int(event.type)}
    return Emit(Event.CALL_TYPE_ASKED, payload)


def texted(event: p.Texted) -> Emit:
    """Tell what somebody wrote."""
    return Emit(Event.TEXT, {"user_id": event.user_id, "text": event.text})


def door_opened(event: p.DoorOpened) -> Emit:
    """Tell who opened the door."""
    return Emit(Event.DOOR_OPENED, {"user_id": event.user_id, "seconds": event.seconds})


def ended(phase: Call, user_id: str, seconds: int, reason: p.Reason) -> Emit:
    """Tell the end of a call; an empty `user_id` is ourselves."""
    payload = {
        "invite_id": phase.call_id,
        "user_id": user_id,
        "call_end": seconds,
        "reason": str(reason),
    }
    return Emit(Event.CALL_END, payload)
