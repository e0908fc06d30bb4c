"""PURE  Coded video to RTP payloads and the marks of key frames in what comes back.

H.264: RFC 6184 (packetization mode 1: single NAL units, STAP-A, FU-A). VP8: RFC 7741.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

PAYLOAD_MAX = 1200  # bytes; leaves room for SRTP, TURN and a VPN in an MTU of 1280 and more
NAL_IDR, NAL_SPS = 5, 7
_STAP_A, _FU_A = 24, 28
_START = b"\x00\x00\x01"


def split_nals(stream: bytes) -> Iterator[bytes]:
    """The NAL units of an Annex-B byte stream, without start codes (H.264, B.1)."""
    at = stream.find(_START)
    while at != -1:
        begin = at + 3
        at = stream.find(_START, begin)
        nal = stream[begin:] if at == -1 else stream[begin:at]
        nal = nal.rstrip(b"\x00")  # trailing zeros are padding, or a long start code's first byte
        if nal:
            yield nal


def h264_payloads(nals: Iterable[bytes]) -> list[bytes]:
    """Payloads for the units of one picture: small ones together, large ones in pieces."""
    payloads: list[bytes] = []
    small: list[bytes] = []
    room = PAYLOAD_MAX - 1
    for nal in nals:
        need = len(nal) + 2
        if small and need > room:
            payloads.append(_aggregate(small))
            small, room = [], PAYLOAD_MAX - 1
        if need > room:
            payloads.extend(_fragments(nal))
        else:
            small.append(nal)
            room -= need
    if small:
        payloads.append(_aggregate(small))
    return payloads


def _aggregate(nals: list[bytes]) -> bytes:
    if len(nals) == 1:
        return nals[0]
    importance = max(nal[0] & 0x60 for nal in nals)
    parts = [bytes([importance | _STAP_A])]
    for nal in nals:
        parts += [struct.pack("!H", len(nal)), nal]
    return b"".join(parts)


def _fragments(nal: bytes) -> Iterator[bytes]:
    if len(nal) <= PAYLOAD_MAX:
        yield nal
        return
    indicator, kind = nal[0] & 0xE0 | _FU_A, nal[0] & 0x1F
    body = nal[1:]
    count = -(-len(body) // (PAYLOAD_MAX - 2))
    size = -(-len(body) // count)  # equal pieces: no tiny last packet
    for at in range(0, len(body), size):
        first, last = at == 0, at + size >= len(body)
        yield bytes([indicator, first << 7 | last << 6 | kind]) + body[at : at + size]


def vp8_payloads(frame: bytes, picture_id: int) -> list[bytes]:
    """Payloads for one VP8 frame; `picture_id` counts frames, 15 bits are kept."""
    extension = struct.pack("!BH", 0x80, 0x8000 | picture_id & 0x7FFF)
    room = PAYLOAD_MAX - 4
    return [
        bytes([0x90 if at == 0 else 0x80]) + extension + frame[at : at + room]
        for at in range(0, len(frame), room)
    ]


def h264_starts_key(data: bytes) -> bool:
    """Whether a depayloaded packet (Annex B) carries the SPS that opens a key frame."""
    return any(nal[0] & 0x1F == NAL_SPS for nal in split_nals(data[:256]))


def vp8_starts_key(payload: bytes, data: bytes) -> bool:
    """Whether an RTP payload begins partition 0 of a key frame (RFC 7741, 4.2 and 4.3)."""
    return bool(payload and data) and payload[0] & 0x17 == 0x10 and not data[0] & 1


def is_key(nals: Iterable[bytes]) -> bool:
    """Whether the units of a picture are an instantaneous decoder refresh."""
    return any(nal[0] & 0x1F == NAL_IDR for nal in nals)
