"""Media of calls: everything that touches aiortc."""

from __future__ import annotations

from .devices import Camera, Closable, Devices, View
from .echo import VoiceSettings
from .engine import Media
from .events import (
    DeviceFault,
    DeviceRestored,
    DevicesChanged,
    FirstFrame,
    FirstSound,
    MediaEvent,
    PeerConnected,
    PeerLost,
    PeerRestored,
    VoiceVolume,
)
from .opus import OpusError
from .peer import Peer
from .quality import QUALITIES, UNCAPPED, Cap, Quality
from .route import Route, route

__all__ = [
    "QUALITIES",
    "UNCAPPED",
    "Camera",
    "Cap",
    "Closable",
    "DeviceFault",
    "DeviceRestored",
    "Devices",
    "DevicesChanged",
    "FirstFrame",
    "FirstSound",
    "Media",
    "MediaEvent",
    "OpusError",
    "Peer",
    "PeerConnected",
    "PeerLost",
    "PeerRestored",
    "Quality",
    "Route",
    "View",
    "VoiceSettings",
    "VoiceVolume",
    "route",
]
