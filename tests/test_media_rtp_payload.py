"""Payloads of ours through the depayloaders of aiortc, which were written by somebody else."""

from __future__ import annotations

import pytest
from aiortc.codecs.h264 import h264_depayload
from aiortc.codecs.vpx import VpxPayloadDescriptor, vp8_depayload
from hypothesis import given
from hypothesis import strategies as st

from intercom.media.rtp_payload import (
    PAYLOAD_MAX,
    h264_payloads,
    h264_starts_key,
    is_key,
    split_nals,
    vp8_payloads,
    vp8_starts_key,
)
from tests.media_rig import coded

# no zero bytes within: a start code cannot arise, as an encoder guarantees by emulation prevention
bodies = st.binary(min_size=1, max_size=4000).map(lambda body: body.replace(b"\0", b"\x01"))
nals = st.builds(
    lambda kind, body: bytes([0x60 | kind]) + body, st.sampled_from([1, 5, 6, 7, 8]), bodies
)


def annex_b(units: list[bytes], long: bool = True) -> bytes:
    """An access unit of `units`."""
    return b"".join((b"\0" if long else b"") + b"\0\0\1" + unit for unit in units)


@given(st.lists(nals, max_size=8), st.booleans())
def test_units_come_back_from_the_stream(units: list[bytes], long: bool) -> None:
    assert list(split_nals(annex_b(units, long))) == units


@given(st.lists(nals, min_size=1, max_size=8))
def test_h264_survives_the_way(units: list[bytes]) -> None:
    payloads = h264_payloads(split_nals(annex_b(units)))
    assert all(len(payload) <= PAYLOAD_MAX for payload in payloads)
    assert b"".join(map(h264_depayload, payloads)) == annex_b(units)


def test_no_piece_is_tiny() -> None:
    pieces = h264_payloads([b"\x65" + b"\x01" * (PAYLOAD_MAX + 10)])
    assert len(pieces) == 2
    assert min(map(len, pieces)) > PAYLOAD_MAX // 3


def test_a_real_key_frame_is_known_by_its_first_packet_only() -> None:
    key, other = (list(split_nals(unit)) for unit in coded(2))
    first, *rest = [h264_depayload(payload) for payload in h264_payloads(key)]
    assert h264_starts_key(first)
    assert not any(map(h264_starts_key, rest))
    assert not any(h264_starts_key(h264_depayload(p)) for p in h264_payloads(other))
    assert is_key(key)
    assert not is_key(other)


@given(st.binary(min_size=1, max_size=5000), st.integers(0, 1 << 20))
def test_vp8_survives_the_way(frame: bytes, picture_id: int) -> None:
    payloads = vp8_payloads(frame, picture_id)
    assert all(len(payload) <= PAYLOAD_MAX for payload in payloads)
    assert b"".join(map(vp8_depayload, payloads)) == frame
    descriptors = [VpxPayloadDescriptor.parse(payload)[0] for payload in payloads]
    assert {d.picture_id for d in descriptors} == {picture_id & 0x7FFF}
    assert [d.partition_start for d in descriptors] == [1] + [0] * (len(payloads) - 1)


@pytest.mark.parametrize(("first", "expected"), [(0x10, True), (0x11, False)])
def test_a_vp8_key_frame_is_known_by_its_first_bit(first: int, expected: bool) -> None:
    payloads = vp8_payloads(bytes([first]) + bytes(3000), 1)
    marks = [vp8_starts_key(payload, vp8_depayload(payload)) for payload in payloads]
    assert marks == [expected, False, False]


def test_an_empty_packet_starts_nothing() -> None:
    assert not vp8_starts_key(b"", b"")
    assert not h264_starts_key(b"")
