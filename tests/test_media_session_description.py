"""SDP and candidates as browsers write them."""

from __future__ import annotations

import pytest

from intercom.media.session_description import candidate, kinds, with_opus_fec

SDP = (
    "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96 0\r\na=rtpmap:96 opus/48000/2\r\n"
    "a=rtpmap:0 PCMU/8000\r\nm=video 9 UDP/TLS/RTP/SAVPF 97\r\na=rtpmap:97 H264/90000\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 97\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
)
HOST = "candidate:1 1 udp 2122260223 192.0.2.7 54400 typ host generation 0"


def test_error_correction_is_switched_on_once() -> None:
    changed = with_opus_fec(SDP)
    assert "a=rtpmap:96 opus/48000/2\r\na=fmtp:96 minptime=10;useinbandfec=1\r\n" in changed
    assert with_opus_fec(changed) == changed


def test_each_kind_once_in_order() -> None:
    assert kinds(SDP) == ["audio", "video"]
    assert kinds("nonsense") == []


def test_a_candidate_of_a_browser() -> None:
    found = candidate({"candidate": HOST, "sdpMid": "0", "sdpMLineIndex": 0})
    assert found is not None
    assert (found.ip, found.port, found.type, found.sdpMid) == ("192.0.2.7", 54400, "host", "0")
    bare = candidate({"candidate": HOST})
    assert bare is not None
    assert bare.sdpMLineIndex == 0


def test_tcp_is_passed_over() -> None:
    assert candidate({"candidate": HOST.replace("udp", "tcp")}) is None


@pytest.mark.parametrize("text", ["", "candidate:1 1 udp", HOST.replace("typ", "top"), "x " * 9])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a candidate"):
        candidate({"candidate": text})
