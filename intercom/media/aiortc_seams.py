"""The one place that touches private names of aiortc 1.16; aioice_seams has those of aioice.

Why each seam exists, and the upstream thread it waits for:

- `tap_receiver`: aiortc's jitter buffer keeps its delay after the first lost audio packet
  (aiortc #543), and hands a video frame out only when the next one begins (aiortc #104 reports the
  growing delay); ours read the packets instead, and aiortc decodes nothing.
- `drive_sender`: PLI and REMB are dropped when a track delivers encoded data (aiortc 1.15, 1.16);
  the packets come ready-made, so that one encode serves many peers (aiortc #58 has PLI's history).
- `_now`: aiortc takes its time from the wall clock, and counts rates in steps of a millisecond: a
  clock that is set forward in a call (NTP on a Pi) has it count all of them, for minutes or years.
- `let_close`: a connection that is closed while it comes up leaves a task with an exception that
  nobody asks for, which asyncio logs as an error.
- `packets_received`: a vanished peer is reported after 30 s; the watchdog counts packets.

tests/test_media_aiortc_seams.py fails when one of these names moves.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import aiortc
from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCRtpSender, RTCRtpTransceiver, clock
from aiortc.exceptions import InvalidStateError
from aiortc.rtcrtpparameters import RTCRtpCodecCapability

WRITTEN_FOR = "1.16"

if ".".join(aiortc.__version__.split(".")[:2]) != WRITTEN_FOR:
    raise ImportError(
        f"intercom needs aiortc {WRITTEN_FOR}.x but found {aiortc.__version__}: "
        f"install 'aiortc=={WRITTEN_FOR}.*', or review intercom/media/aiortc_seams.py",
        name="aiortc",
    )

_EPOCH = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=time.monotonic())


def _now() -> datetime.datetime:
    """The time of the start, and what has passed since: it is never set."""
    return _EPOCH + datetime.timedelta(seconds=time.monotonic())


vars(clock)["current_datetime"] = _now

_CONNECT = "_RTCPeerConnection__connect"
_JITTER_BUFFER = "_RTCRtpReceiver__jitter_buffer"
_NACK_GENERATOR = "_RTCRtpReceiver__nack_generator"
_ENCODER = "_RTCRtpSender__encoder"
_RTT = "_RTCRtpSender__rtt"
_RX_BYTES = "_RTCDtlsTransport__rx_bytes"
_TX_BYTES = "_RTCDtlsTransport__tx_bytes"
_STREAMS = "_RTCRtpReceiver__remote_streams"
_RX_PACKETS = "_RTCDtlsTransport__rx_packets"


@dataclass(frozen=True, slots=True)
class Encoded:
    """One coded frame as RTP payloads; `timestamp` in units of the codec's clock rate.

    One that is not `whole` is a piece of a frame and does not end with its marker.
    """

    payloads: list[bytes]
    timestamp: int
    key: bool
    whole: bool = True


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


class _Piece(list[bytes]):
    """Says that one more payload follows: aiortc sets the marker when it counts to the last."""

    def __len__(self) -> int:
        return super().__len__() + 1


class _ReadyMade:
    """Stands where aiortc's encoder stood: passes payloads on, and tells of REMB."""

    def __init__(self, on_bitrate: Callable[[int], None]) -> None:
        self._on_bitrate = on_bitrate

    def pack(self, data: Encoded) -> tuple[list[bytes], int]:
        return data.payloads if data.whole else _Piece(data.payloads), data.timestamp

    @property
    def target_bitrate(self) -> int:
        return 0

    @target_bitrate.setter
    def target_bitrate(self, bps: int) -> None:
        self._on_bitrate(bps)


def replace(owner: object, name: str, value: object) -> None:
    """Set an attribute that must be there. Raises AttributeError when the seam has moved."""
    if not hasattr(owner, name):
        raise AttributeError(f"{type(owner).__name__} has no {name}: aiortc's seam has moved")
    setattr(owner, name, value)


def let_close(pc: RTCPeerConnection) -> None:
    """Have its coming up end quietly when it is closed meanwhile."""
    connect: Callable[[], Awaitable[None]] = getattr(pc, _CONNECT)

    async def connect_unless_closed() -> None:
        try:
            await connect()
        except InvalidStateError:
            if pc.signalingState != "closed":
                raise

    replace(pc, _CONNECT, connect_unless_closed)


def tap_receiver(receiver: RTCRtpReceiver, sink: Sink) -> None:
    """Hand every packet to `sink` in the loop's thread; aiortc then buffers and NACKs nothing."""
    replace(receiver, _JITTER_BUFFER, _Tap(sink))
    replace(receiver, _NACK_GENERATOR, None)


def drive_sender(
    sender: RTCRtpSender, on_key_frame: Callable[[], None], on_bitrate: Callable[[int], None]
) -> None:
    """Let a track deliver `Encoded`; PLI and FIR call `on_key_frame`, REMB `on_bitrate(bps)`."""
    replace(sender, _ENCODER, _ReadyMade(on_bitrate))
    replace(sender, "_send_keyframe", on_key_frame)


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


def octets(pc: RTCPeerConnection) -> tuple[int, int]:
    """How many bytes the connection's transports have received and sent so far."""
    transports = {t.receiver.transport for t in pc.getTransceivers()}
    return sum(getattr(t, _RX_BYTES) for t in transports), sum(
        getattr(t, _TX_BYTES) for t in transports
    )


def arrivals(receiver: RTCRtpReceiver) -> tuple[int, int, float]:
    """Packets received and lost on the way, as RFC 3550 counts them, and the jitter in ms."""
    streams = getattr(receiver, _STREAMS).values()
    jitter = max((1000 * s.jitter / s._clockrate for s in streams), default=0.0)  # noqa: SLF001
    return sum(s.packets_received for s in streams), sum(s.packets_lost for s in streams), jitter


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
