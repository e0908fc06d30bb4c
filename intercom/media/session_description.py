"""PURE  What of SDP is ours: parameters that aiortc cannot set, candidates, kinds of media."""

from __future__ import annotations

import re
from collections.abc import Mapping

from aiortc import RTCIceCandidate
from aiortc.sdp import candidate_from_sdp

_OPUS = re.compile(r"^a=rtpmap:(\d+) opus/48000/2\r\n", re.IGNORECASE | re.MULTILINE)
_KIND = re.compile(r"^m=(audio|video) ", re.MULTILINE)
_FMTP = "minptime=10;useinbandfec=1"


def with_opus_fec(sdp: str) -> str:
    """`sdp` with forward error correction switched on for Opus (RFC 7587, 6.1)."""

    def parameters(found: re.Match[str]) -> str:
        kind = found.group(1)
        return f"{found.group(0)}a=fmtp:{kind} {_FMTP}\r\n"

    if re.search(r"useinbandfec=", sdp):
        return sdp
    return _OPUS.sub(parameters, sdp)


def kinds(sdp: str) -> list[str]:
    """The kinds of media ("audio", "video") in the order of the description, each once."""
    return list(dict.fromkeys(_KIND.findall(sdp)))


def candidate(body: Mapping[str, object]) -> RTCIceCandidate | None:
    """A browser's RTCIceCandidateInit; None for what cannot be used (TCP). Raises ValueError."""
    text = str(body.get("candidate", "")).removeprefix("candidate:")
    fields = text.split()
    if len(fields) < 8 or fields[6] != "typ":
        raise ValueError(f"not a candidate: {text!r}")
    if fields[2].lower() != "udp":
        return None
    found = candidate_from_sdp(text)
    mid, index = body.get("sdpMid"), body.get("sdpMLineIndex")
    found.sdpMid = str(mid) if mid is not None else None
    found.sdpMLineIndex = index if isinstance(index, int) else None
    if found.sdpMid is None and found.sdpMLineIndex is None:
        found.sdpMLineIndex = 0
    return found
