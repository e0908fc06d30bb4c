"""The real picamera2 on a real camera of the kernel's (vimc), in a guest: `make test-picamera2`.

Each test of tests/vm/picamera2/inside is a test here; what they have recorded is played on here,
through the station's own encoder and on to a far side's decoder.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from aiortc.codecs.h264 import h264_depayload

from intercom.media.encoder import Encoder
from intercom.media.tracks import PacketTrack
from tests.hw.recorded import far_side, read
from tests.media_rig import whole
from tests.vm.picamera2 import guest
from tests.vm.picamera2.bars import assert_bars
from tests.vm.picamera2.guest import Outcome, faults

MISSING = guest.missing()
pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(MISSING), reason=MISSING)]


@pytest.fixture(scope="module")
def outcome() -> Iterator[Outcome]:
    """One run of them all, in one guest."""
    run = Outcome()
    print(f"the guest ran for {run.seconds:.0f} s\n{run.notes}")  # noqa: T201 - for -s and failures
    yield run
    run.close()


@pytest.mark.parametrize(("module", "name"), guest.names())
def test_inside(outcome: Outcome, module: str, name: str) -> None:
    runs = outcome.of(module, name)
    assert runs, f"it did not come to its end:\n{outcome.output[-4000:]}"
    assert not any(map(faults, runs)), "\n".join(map(faults, runs))


@pytest.mark.parametrize(
    ("without", "said"),
    [
        ("nothing", "open"),
        ("DeviceAllow=char-media", "for want of permission for /dev/media0: char-media, .* unit"),
    ],
    ids=["as it is", "less the media devices"],
)
def test_the_stations_unit_lets_libcamera_work(tmp_path: Path, without: str, said: str) -> None:
    assert re.search(said, guest.in_the_stations_unit(tmp_path, without))


async def test_fresh_packets_reach_the_far_side(outcome: Outcome) -> None:
    calls = read(outcome.folder / "libx264.jsonl")
    pictures = await far_side(calls)
    assert len(pictures) == len(calls)
    assert_bars(pictures[0], tolerance=8)
    assert_bars(pictures[-1], mirrored=True, tolerance=8)


async def test_raw_pictures_as_of_a_pi5_reach_the_far_side_by_our_own_encoder(
    outcome: Outcome,
) -> None:
    about = json.loads((outcome.folder / "pictures.json").read_text())
    width, height, count = about["width"], about["height"], about["count"]
    data = np.fromfile(outcome.folder / "pictures.yuv", np.uint8)
    encoder = Encoder("H264", asyncio.get_running_loop(), 500_000, 15)
    track = PacketTrack("video")
    encoder.add(track)
    track.gate(True)
    decoder = av.VideoCodecContext.create("h264", "r")
    shown: list[av.VideoFrame] = []
    for planes in data.reshape(count, height * 3 // 2, width):
        encoder.submit(av.VideoFrame.from_ndarray(planes, "yuv420p"))
        async with asyncio.timeout(10):
            coded = await whole(track)
        unit = b"".join(map(h264_depayload, coded.payloads))
        shown += decoder.decode(av.Packet(unit))
    await asyncio.to_thread(encoder.close)
    assert len(shown) == count
    assert (shown[-1].width, shown[-1].height) == (width, height)
    assert_bars(shown[-1], tolerance=8)
