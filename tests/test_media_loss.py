"""Expected loss: from receiver reports to the encoder."""

from __future__ import annotations

from contextlib import closing

import pytest

from intercom.media.loss import FIRST, LEAST, MOST, LossMeter
from intercom.media.opus import PACKET, OpusDecoder, OpusEncoder
from tests.media_rig import Line, tone, until
from tests.media_wire import Wire, payload_type


def test_the_worst_receiver_counts_until_it_goes() -> None:
    meter = LossMeter()
    assert meter.percent == FIRST
    for _ in range(20):
        meter.report("near", 0.0)
        meter.report("far", 0.2)
    assert meter.percent == pytest.approx(20, abs=1)
    meter.forget("far")
    meter.forget("far")
    assert meter.percent == LEAST
    meter.forget("near")
    assert meter.percent == FIRST


def test_one_bad_report_does_not_make_all_of_it_fec() -> None:
    meter = LossMeter()
    meter.report("far", 1.0)
    assert meter.percent == MOST
    for _ in range(20):
        meter.report("far", 0.0)
    assert meter.percent == LEAST


def test_expected_loss_is_spent_on_fec() -> None:
    """What FEC brings back of the moment after silence cannot be a continuation."""
    loudness = {}
    for loss in (0, 20):
        with closing(OpusEncoder(loss=loss)) as encoder, closing(OpusDecoder()) as decoder:
            for _ in range(20):
                decoder.decode(encoder.encode(bytes(2 * PACKET)))
            voiced = [encoder.encode(tone(n, PACKET)) for n in range(3)]
            lost = decoder.recover(voiced[2], PACKET)  # the two before it never came
            loudness[loss] = int(abs(lost).max())
    assert loudness[20] > 4 * loudness[0] + 500


async def test_receiver_reports_reach_the_encoder() -> None:
    async with Line() as line:
        await line.connect()
        audio = payload_type(line.door, "audio")
        seen = {"count": 0}

        def lose(data: bytes) -> bool:
            is_audio = data[1] & 0x7F == audio
            seen["count"] += is_audio
            return is_audio and seen["count"] % 3 == 0

        wire = Wire(line.door, lose)
        sound = line.door.media._sound  # noqa: SLF001 - what the encoder was told
        await line.door.media.open_sound()
        await line.flat.media.open_sound()
        line.flat.peer.listen(True)
        line.door.peer.send(True, False)
        await until(lambda: sound._expected > 12)  # noqa: SLF001 - the same
        assert wire.lost > 5
        await until(lambda: line.flat.peer.stats["audio_recovered"] > 0)
