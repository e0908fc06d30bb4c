# ruff: noqa: SLF001 - private names are what is tested here
"""The private names of aiortc that the media part stands on are still there."""

from __future__ import annotations

import importlib
import inspect
import sys
import time

import aiortc
import pytest
from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCRtpSender, clock
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcrtpreceiver import StreamStatistics
from aiortc.rtp import RtpPacket

from intercom.media import aiortc_seams as seams
from intercom.media.tracks import PacketTrack
from tests.media_rig import Line
from tests.media_wire import payload_type


def test_the_clock_of_aiortc_is_one_that_nobody_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    before = clock.current_ms()
    later = time.monotonic() + 3600
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert clock.current_ms() - before == pytest.approx(3_600_000, abs=1000)
    assert clock.current_datetime() == clock.current_datetime()


def test_rates_are_counted_by_that_clock() -> None:
    assert "clock.current_ms()" in names(RTCDtlsTransport)


@pytest.fixture
async def pc() -> RTCPeerConnection:
    return RTCPeerConnection()


def names(function: object) -> str:
    return inspect.getsource(function)  # type: ignore[arg-type]


def test_written_for_the_installed_version() -> None:
    assert aiortc.__version__.startswith(seams.WRITTEN_FOR + ".")


def test_another_version_is_refused_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aiortc, "__version__", "2.0.1")
    monkeypatch.delitem(sys.modules, "intercom.media.aiortc_seams")
    with pytest.raises(ImportError, match=r"needs aiortc 1\.16\.x but found 2\.0\.1: install"):
        importlib.import_module("intercom.media.aiortc_seams")


def test_the_receiver_uses_what_is_replaced() -> None:
    source = names(RTCRtpReceiver._handle_rtp_packet)
    assert "self.__jitter_buffer.add(packet)" in source
    assert "self.__nack_generator is not None" in source
    assert "packet._data = depayload(codec, packet.payload)" in source
    assert "_send_rtcp_nack" in source
    assert "_send_rtcp_pli" in source


def test_the_sender_uses_what_is_replaced() -> None:
    assert "self.__encoder.pack(data)" in names(RTCRtpSender._next_encoded_frame)
    sending = names(RTCRtpSender._run_rtp)
    assert "for i, payload in enumerate(enc_frame.payloads)" in sending
    assert "packet.marker = (i == len(enc_frame.payloads) - 1) and 1 or 0" in sending
    feedback = names(RTCRtpSender._handle_rtcp_packet)
    assert "self._send_keyframe()" in feedback
    assert "self.__encoder.target_bitrate = bitrate" in feedback


async def test_every_seam_takes_hold(pc: RTCPeerConnection) -> None:
    arrived: list[seams.Arrived] = []
    asked: list[str] = []
    rates: list[int] = []
    transceiver = pc.addTransceiver(PacketTrack("video"))
    seams.prefer_codecs(transceiver, ["H264", "VP8"])
    seams.tap_receiver(transceiver.receiver, arrived.append)
    seams.drive_sender(transceiver.sender, lambda: asked.append("key"), rates.append)
    assert seams.packets_received(pc) == 0
    assert seams.octets(pc) == (0, 0)
    assert seams.arrivals(transceiver.receiver) == (0, 0, 0.0)
    streams = vars(transceiver.receiver)["_RTCRtpReceiver__remote_streams"]
    streams[5] = StreamStatistics(90_000)
    for seq in (1, 2, 4):
        streams[5].add(RtpPacket(payload_type=97, sequence_number=seq, timestamp=9 * seq, ssrc=5))
    received, lost, jitter = seams.arrivals(transceiver.receiver)
    assert (received, lost) == (3, 1)
    assert jitter >= 0
    assert seams.round_trip(transceiver.sender) is None

    packet = RtpPacket(payload_type=97, marker=1, sequence_number=7, timestamp=9, ssrc=5)
    packet._data = b"data"  # type: ignore[attr-defined]  # as the receiver sets it
    buffer = vars(transceiver.receiver)["_RTCRtpReceiver__jitter_buffer"]
    assert buffer.add(packet) == (False, None)
    assert arrived == [seams.Arrived(5, 97, 7, 9, True, b"data", b"")]

    encoder = vars(transceiver.sender)["_RTCRtpSender__encoder"]
    assert encoder.pack(seams.Encoded([b"a"], 3, True)) == ([b"a"], 3)
    piece, _ = encoder.pack(seams.Encoded([b"a"], 3, True, whole=False))
    assert [i == len(piece) - 1 for i, _ in enumerate(piece)] == [False]  # no marker
    encoder.target_bitrate = 1234
    transceiver.sender._send_keyframe()
    assert (rates, asked) == ([1234], ["key"])
    await pc.close()


async def test_h264_constrained_baseline_is_offered_first(pc: RTCPeerConnection) -> None:
    transceiver = pc.addTransceiver("video")
    seams.prefer_codecs(transceiver, ["H264", "VP8"])
    offer = (await pc.createOffer()).sdp
    await pc.close()
    lines = [line for line in offer.splitlines() if line.startswith("a=rtpmap")]
    codecs = [line.split()[1].split("/")[0] for line in lines]
    assert [c for c in codecs if c != "rtx"] == ["H264", "H264", "VP8"]
    assert offer.index("profile-level-id=42e01f") < offer.index("profile-level-id=42001f")


def test_a_moved_seam_is_named() -> None:
    with pytest.raises(AttributeError, match=r"object has no .*jitter_buffer: aiortc's seam"):
        seams.tap_receiver(object(), lambda packet: None)  # type: ignore[arg-type]  # on purpose


def test_the_transport_counts_packets() -> None:
    assert "self.__rx_packets += 1" in names(RTCDtlsTransport._recv_next)


async def test_negotiated_codecs_are_told() -> None:
    async with Line() as line:
        await line.connect()
        video = next(t for t in line.door.pc.getTransceivers() if t.kind == "video")
        assert seams.codec_of(video) == ("H264", payload_type(line.door, "video"))
        assert set(seams.codec_names(video).values()) == {"H264", "VP8", "rtx"}
