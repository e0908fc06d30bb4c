"""What the media part asks of devices, and of where pictures are shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

import av

from .quality import Quality

OnFrame = Callable[[av.VideoFrame], None]
CodedPacket: TypeAlias = "av.Packet[av.VideoStream]"  # generic to the type checker only
OnPacket = Callable[[CodedPacket], None]
OnSamples = Callable[[bytes], None]
OnFault = Callable[[str], None]
Fill = Callable[[int], bytes]


class Closable(Protocol):
    """An open device; `close()` is idempotent and has joined its threads."""

    def close(self) -> None:
        """Stop and release the device."""


class Camera(Closable, Protocol):
    """An open camera; `encoded` cameras deliver H.264 packets besides frames."""

    @property
    def encoded(self) -> bool:
        """Whether `on_packet` is called."""

    def force_key_frame(self) -> None:
        """Make the next packet a key frame; returns at once."""

    def set_bitrate(self, bps: int) -> None:
        """Change the rate of the camera's encoder; returns at once."""

    def set_rate(self, fps: int) -> None:
        """Give at most so many pictures a second from now on; returns at once."""


class View(Protocol):
    """Where pictures are shown; called from media threads and never blocking."""

    def show(self, frame: av.VideoFrame) -> None:
        """Show `frame` instead of the one before."""

    def clear(self) -> None:
        """Show nothing."""


class Devices(Protocol):
    """The devices of the machine; every method may block and may raise OSError or RuntimeError."""

    def open_camera(
        self, quality: Quality, on_frame: OnFrame, on_packet: OnPacket, on_fault: OnFault
    ) -> Camera:
        """Open the selected camera."""

    def open_microphone(self, on_samples: OnSamples, on_fault: OnFault) -> Closable:
        """Open the selected microphone: 10 ms blocks, mono, 48 kHz, s16le."""

    def open_speaker(self, fill: Fill, on_fault: OnFault) -> Closable:
        """Open the speaker, which pulls `fill(samples)` every 10 ms from its own thread."""

    def cameras(self) -> list[tuple[str, str]]:
        """(id, name) of each camera."""

    def microphones(self) -> list[tuple[str, str]]:
        """(id, name) of each microphone."""

    def select(self, kind: str, device_id: str) -> str:
        """Use `device_id` at the next open of `kind` ("camera" or "microphone").

        Returns what was to be used before, at once; an ID that is unknown fails at that open.
        """
