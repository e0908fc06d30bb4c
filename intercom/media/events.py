"""What the media part tells its owner: past tense, frozen, always in the loop's thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PeerConnected:
    """Transports to `user_id` are up; nothing is sent before its gates open."""

    call_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class PeerLost:
    """No RTP or RTCP from `user_id` for 3 s, or its connection failed."""

    call_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class PeerRestored:
    """Packets of `user_id` arrive again after `PeerLost`."""

    call_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class FirstFrame:
    """The first picture of `user_id` was decoded."""

    call_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class FirstSound:
    """The first sound of `user_id` arrived."""

    call_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class VoiceVolume:
    """Loudness 0-100 by user, about four times a second; "" is the own voice, after mute."""

    levels: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DeviceFault:
    """The device `kind` ("camera", "microphone", "speaker") failed; it is tried again."""

    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class DeviceRestored:
    """The device `kind` works again after a `DeviceFault`."""

    kind: str


@dataclass(frozen=True, slots=True)
class DevicesChanged:
    """A camera or a sound card was plugged in or pulled out, whether it is in use or not."""


MediaEvent = (
    PeerConnected
    | PeerLost
    | PeerRestored
    | FirstFrame
    | FirstSound
    | VoiceVolume
    | DeviceFault
    | DeviceRestored
    | DevicesChanged
)
