"""Media of calls: everything that touches aiortc."""

from __future__ import annotations

from .devices import Camera, Closable, Devices, View
from .engine import Media
from .events import (
    DeviceFault,
    DeviceRestored,
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
from .quality import QUALITIES, Quality

__all__ = [
    "QUALITIES",
    "Camera",
    "Closable",
    "DeviceFault",
    "DeviceRestored",
    "Devices",
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
    "View",
    "VoiceVolume",
]
