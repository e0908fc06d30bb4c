"""Packets to samples, without a network."""

from __future__ import annotations

from contextlib import closing

from intercom.media.aiortc_seams import Arrived
from intercom.media.opus import PACKET, OpusEncoder
from intercom.media.receive_audio import AudioReceiver
from tests.media_rig import loudness, tone


def arrived(seq: int, data: bytes) -> Arrived:
    return Arrived(1, 96, seq, seq * PACKET, False, data, data)


def test_a_voice_is_heard_only_while_somebody_listens() -> None:
    first: list[int] = []
    receiver = AudioReceiver(lambda: first.append(1))
    receiver.listening = True
    with closing(OpusEncoder()) as encoder:
        for seq in range(10):
            receiver.add(arrived(seq, encoder.encode(tone(seq, PACKET))))
    heard = [pulled for _ in range(14) if (pulled := receiver.pull(480)) is not None]
    assert loudness([block.tobytes() for block in heard]) > 6000
    assert receiver.take_volume() > 70
    assert receiver.take_volume() == 0
    assert first == [1]
    receiver.listening = False
    assert receiver.pull(480) is None
    receiver.close()
    receiver.close()
    receiver.listening = True
    assert receiver.pull(480) is None


def test_what_is_not_opus_is_counted_and_does_no_harm() -> None:
    receiver = AudioReceiver(lambda: None)
    receiver.listening = True
    receiver.add(arrived(0, b""))
    assert receiver.stats.received == 0
    receiver.add(arrived(0, b"\xff\xff\xff"))
    for _ in range(5):
        receiver.pull(480)
    assert receiver.malformed == 1
    with closing(OpusEncoder()) as encoder:
        receiver.add(arrived(1, encoder.encode(tone(0, PACKET))))
    assert receiver.pull(480) is not None
    receiver.close()
