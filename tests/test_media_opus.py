"""libopus itself."""

from __future__ import annotations

import ctypes
from contextlib import closing

import numpy as np
import pytest

from intercom.media import opus
from intercom.media.opus import PACKET, OpusDecoder, OpusEncoder, OpusError
from tests.media_rig import tone


def error_db(a: np.ndarray[tuple[int], np.dtype[np.int16]], reference: bytes) -> float:
    """Energy of `a` against that of `reference` in dB."""
    b = np.frombuffer(reference, np.int16).astype(float)
    return float(10 * np.log10((np.mean(a.astype(float) ** 2) + 1) / (np.mean(b**2) + 1)))


def test_a_tone_comes_back_as_loud_as_it_was() -> None:
    with closing(OpusEncoder()) as encoder, closing(OpusDecoder()) as decoder:
        packets = [encoder.encode(tone(n, PACKET)) for n in range(20)]
        heard = [decoder.decode(packet) for packet in packets]
    assert all(len(samples) == PACKET for samples in heard)
    assert abs(error_db(heard[10], tone(10, PACKET))) < 1
    assert np.mean([len(p) for p in packets]) < 150  # 32 kbit/s are 80 bytes a packet


def test_silence_is_small() -> None:
    with closing(OpusEncoder()) as encoder:
        sizes = [len(encoder.encode(bytes(PACKET * 2))) for _ in range(10)]
    assert sizes[-1] < 40


@pytest.mark.parametrize("way", ["conceal", "recover"])
def test_a_lost_packet_is_replaced_by_something_like_it(way: str) -> None:
    with closing(OpusEncoder(loss=30)) as encoder, closing(OpusDecoder()) as decoder:
        packets = [encoder.encode(tone(n, PACKET)) for n in range(20)]
        for packet in packets[:10]:
            decoder.decode(packet)
        lost = decoder.conceal(PACKET) if way == "conceal" else decoder.recover(packets[11], PACKET)
    assert len(lost) == PACKET
    assert abs(error_db(lost, tone(10, PACKET))) < 6


def test_packets_tell_their_length() -> None:
    with closing(OpusEncoder()) as encoder:
        assert opus.packet_samples(encoder.encode(bytes(PACKET * 2))) == PACKET


def test_wrong_input_is_refused() -> None:
    encoder, decoder = OpusEncoder(), OpusDecoder()
    with pytest.raises(OpusError, match="1920 bytes, not 10"):
        encoder.encode(bytes(10))
    with pytest.raises(OpusError, match="libopus: corrupted stream"):
        decoder.decode(b"\xff\xff\xff")
    for codec in (encoder, decoder):
        codec.close()
        codec.close()
    with pytest.raises(OpusError, match="closed"):
        decoder.conceal(PACKET)


def test_a_missing_library_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> ctypes.CDLL:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", missing)
    opus._library.cache_clear()  # noqa: SLF001 - looked for again
    with pytest.raises(OpusError, match="apt install libopus0"):
        opus.check_library()
    monkeypatch.undo()
    opus.check_library()
