"""The end of picamera2's encoder: access units become packets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import av

from hw.picture import MICROSECOND


def packet_output(on_packet: Callable[[av.Packet[Any]], object]) -> Any:
    """An `Output` for an H.264 encoder; a function, since its base class is a Pi's only."""
    from picamera2.outputs import Output  # noqa: PLC0415 - a Pi only

    class PacketOutput(Output):  # type: ignore[misc]  # picamera2 has no types: its base is Any
        """Gives each Annex-B access unit on, in the encoder's thread."""

        def outputframe(
            self,
            frame: bytes,
            keyframe: bool = True,
            timestamp: int | None = None,
            packet: object = None,
            audio: bool = False,
        ) -> None:
            if self.recording and not audio:
                on_packet(_packet(frame, keyframe, timestamp or 0))

    return PacketOutput()


def _packet(unit: bytes, keyframe: bool, timestamp: int) -> av.Packet[Any]:
    packet = av.Packet(unit)
    packet.pts = packet.dts = timestamp
    packet.time_base = MICROSECOND
    packet.is_keyframe = keyframe
    return packet
