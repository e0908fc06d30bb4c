"""The names of the events that a user of `intercom.Calling` can hear. PURE."""

from __future__ import annotations

from enum import StrEnum


class Event(StrEnum):
    """TRTCCalling's events, and ours where it has none; payloads stand in docs/api.md."""

    SDK_READY = "sdk_ready"
    INVITED = "invited"
    RINGING = "ringing"
    USER_ACCEPT = "user_accept"
    USER_ENTER = "user_enter"
    USER_LEAVE = "user_leave"
    REJECT = "reject"
    LINE_BUSY = "line_busy"
    NO_RESP = "no_resp"
    CALLING_CANCEL = "calling_cancel"
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    CALLING_TIMEOUT = "calling_timeout"
    CALL_END = "call_end"
    KICKED_OUT = "kicked_out"
    USER_VIDEO_AVAILABLE = "user_video_available"
    USER_AUDIO_AVAILABLE = "user_audio_available"
    USER_VOICE_VOLUME = "user_voice_volume"
    GROUP_CALL_INVITEE_LIST_UPDATE = "group_call_invitee_list_update"
    CALL_TYPE_ASKED = "call_type_asked"
    CALL_TYPE_CHANGED = "call_type_changed"
    DEVICE_UPDATED = "device_updated"
    CONNECTION_STATE = "connection_state"
    TEXT = "text"
    DOOR_OPENED = "door_opened"
    MISSED_CALLS = "missed_calls"
    ERROR = "error"
