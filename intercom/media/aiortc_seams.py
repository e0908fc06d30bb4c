"""The one place that touches private names of aiortc 1.16 and aioice 0.13.

Why each seam exists, and the upstream thread it waits for:

- `tap_receiver`: aiortc's jitter buffer keeps its delay after the first lost audio packet
  (aiortc #543), and hands a video frame out only when the next one begins (aiortc #104 reports the
  growing delay); ours read the packets instead, and aiortc decodes nothing.
- `drive_sender`: PLI and REMB are dropped when a track delivers encoded data (aiortc 1.15, 1.16);
  the packets come ready-made, so that one encode serves many peers (aiortc #58 has PLI's history).
- `limit_addresses`: which host addresses are offered cannot be configured (aioice #2, #57), and a
  machine without a network has no candidate at all (RFC 8445 5.1.1.1 leaves loopback out).
- `packets_received`: a vanished peer is reported after 30 s; the watchdog counts packets.

tests/test_media_aiortc_seams.py fails when one of these names moves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import aiortc
from aioice import Connection
from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCRtpSender, RTCRtpTransceiver
from aiortc.rtcrtpparameters import RTCRtpCodecCapability

WRITTEN_FOR = "1.16"

if ".".join(aiortc.__version__.split(".")[:2]) != WRITTEN_FOR:
    raise ImportError(
        f"intercom needs aiortc {WRITTEN_FOR}.x but found {aiortc.__version__}: "
        f"install 'aiortc=={WRITTEN_FOR}.*', or review intercom/media/aiortc_seams.py",
        name="aiortc",
    )

_JITTER_BUFFER = "_RTCRtpReceiver__jitter_buffer"
_NACK_GENERATOR = "_RTCRtpReceiver__nack_generator"
_ENCODER = "_RTCRtpSender__encoder"
_RTT = "_RTCRtpSender__rtt"
_RX_PACKETS = "_RTCDtlsTransport__rx_packets"


@dataclass(frozen=True, slots=True)
class Encoded:
    """One coded frame as RTP payloads; `timestamp` in units of the codec's clock rate."""

    payloads: list[bytes]
    timestamp: int
    key: bool


@dataclass(frozen=True, slots=True)
class Arrived:
    """One RTP packet as it came; `data` is depayloaded, `payload` is not."""

    ssrc: int
    payload_type: int
    seq: int
    timestamp: int
    marker: bool
    data: bytes
    payload: bytes


Sink = Callable[[Arrived], None]


class _Tap:
    """Stands where aiortc's jitter buffer stood."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def add(self, packet: Any) -> tuple[bool, None]:
        self._sink(
            Arrived(
                packet.ssrc,
                packet.payload_type,
                packet.sequence_number,
                packet.timestamp,
                bool(packet.marker),
                packet._data,  # noqa: SLF001 - the seam
                packet.payload,
            )
        )
        return False, None


class _ReadyMade:
    """Stands where aiortc's encoder stood: passes payloads on, and tells of REMB."""

    def __init__(self, on_bitrate: Callable[[int], None]) -> None:
        self._on_bitrate = on_bitrate

    def pack(self, data: Encoded) -> tuple[list[bytes], int]:
        return data.payloads, data.timestamp

    @property
    def target_bitrate(self) -> int:
        return 0

    @target_bitrate.setter
    def target_bitrate(self, bps: int) -> None:
        self._on_bitrate(bps)


def _replace(owner: object, name: str, value: object) -> None:
    if not hasattr(owner, name):
        raise AttributeError(f"{type(owner).__name__} has no {name}: aiortc's seam has moved")
    setattr(owner, name, value)


def tap_receiver(receiver: RTCRtpReceiver, sink: Sink) -> None:
    """Hand every packet to `sink` in the loop's thread; aiortc then buffers and NACKs nothing."""
    _replace(receiver, _JITTER_BUFFER, _Tap(sink))
    _replace(receiver, _NACK_GENERATOR, None)


def drive_sender(
    sender: RTCRtpSender, on_key_frame: Callable[[], None], on_bitrate: Callable[[int], None]
) -> None:
    """Let a track deliver `Encoded`; PLI and FIR call `on_key_frame`, REMB `on_bitrate(bps)`."""
    _replace(sender, _ENCODER, _ReadyMade(on_bitrate))
    _replace(sender, "_send_keyframe", on_key_frame)


async def request_key_frame(receiver: RTCRtpReceiver, ssrc: int) -> None:
    """Send a PLI (RFC 4585, 6.3.1) for the stream `ssrc`."""
    await receiver._send_rtcp_pli(ssrc)  # noqa: SLF001 - the seam


async def nack(receiver: RTCRtpReceiver, ssrc: int, seqs: Sequence[int]) -> None:
    """Ask for the packets `seqs` of the stream `ssrc` again (RFC 4585, 6.2.1)."""
    await receiver._send_rtcp_nack(ssrc, list(seqs))  # noqa: SLF001 - the seam


def round_trip(sender: RTCRtpSender) -> float | None:
    """Seconds to the peer and back by its receiver reports; None before the first."""
    rtt: float | None = getattr(sender, _RTT)
    return rtt


def packets_received(pc: RTCPeerConnection) -> int:
    """How many RTP and RTCP packets the connection's transports have received so far."""
    transports = {t.receiver.transport for t in pc.getTransceivers()}
    return sum(getattr(t, _RX_PACKETS) for t in transports)


def codec_of(transceiver: RTCRtpTransceiver) -> tuple[str, int]:
    """Name ("H264", "VP8", "opus") and payload type that were negotiated for sending."""
    codec = transceiver._codecs[0]  # noqa: SLF001 - the seam
    return codec.name, codec.payloadType or 0


def codec_names(transceiver: RTCRtpTransceiver) -> dict[int, str]:
    """Payload type -> codec name of everything the peer may send."""
    return {c.payloadType or 0: c.name for c in transceiver._codecs}  # noqa: SLF001 - the seam


def prefer_codecs(transceiver: RTCRtpTransceiver, names: Sequence[str]) -> None:
    """Offer the codecs `names` in this order, constrained baseline first, and nothing else."""
    found = RTCRtpReceiver.getCapabilities(transceiver.kind)
    codecs = found.codecs if found is not None else []

    def rank(codec: RTCRtpCodecCapability) -> tuple[int, bool]:
        profile = str(codec.parameters.get("profile-level-id", "")).lower()
        return names.index(codec.name), not profile.startswith("42e0")

    wanted = sorted((c for c in codecs if c.name in names), key=rank)
    transceiver.setCodecPreferences(wanted + [c for c in codecs if c.name == "rtx"])


def limit_addresses(pc: RTCPeerConnection, allowed: Callable[[str], bool]) -> None:
    """Offer the host addresses that `allowed` accepts; loopback when none is left."""
    for transport in {t.receiver.transport.transport for t in pc.getTransceivers()}:
        _limit(transport._connection, allowed)  # noqa: SLF001 - the seam


def _limit(connection: Connection, allowed: Callable[[str], bool]) -> None:
    gather = connection.get_component_candidates

    async def limited(component: int, addresses: list[str], timeout: int = 5) -> Any:  # noqa: ASYNC109 - aioice's signature
        kept = [address for address in addresses if allowed(address)] or ["127.0.0.1"]
        return await gather(component, kept, timeout)

    _replace(connection, "get_component_candidates", limited)
