"""The measured latency is that of now, not that of the calls before."""

from __future__ import annotations

import av
import numpy as np
import pytest

from hw import timecode
from intercom.station.meter import RECENT, Meter


class Clock:
    """A clock that is turned by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def picture(sent: float) -> av.VideoFrame:
    """A grey picture that was taken at `sent` seconds, as its time code says."""
    frame = av.VideoFrame.from_ndarray(np.full((720, 640), 128, np.uint8), format="yuv420p")
    timecode.burn(frame, int(sent * 1000))
    return frame


def show(meter: Meter, clock: Clock, ms: int, count: int = 10) -> None:
    """Show pictures that are `ms` late, ten a second."""
    for _ in range(count):
        clock.now += 0.1
        meter.take(picture(clock.now - ms / 1000), read=True)


def test_the_latency_is_the_median_of_the_last_seconds(clock: Clock) -> None:
    meter = Meter(clock)
    assert meter.latency() is None
    show(meter, clock, 200, count=50)
    assert meter.latency() == pytest.approx(200, abs=1)
    show(meter, clock, 10, count=int(RECENT * 10) + 1)
    assert meter.latency() == pytest.approx(10, abs=1)
    assert meter.report()["latency_p50_ms"] == pytest.approx(200, abs=1)  # of all of it
    clock.now += RECENT + 1
    assert meter.latency() is None


def test_the_report_is_of_all_since_the_reset(clock: Clock) -> None:
    meter = Meter(clock)
    show(meter, clock, 200)
    meter.reset()
    assert meter.report() == {"shown": 0, "coded": 0, "fps": 0}
    assert meter.first_shown == 0
    show(meter, clock, 30, count=21)
    report = meter.report()
    assert (report["shown"], report["coded"], report["fps"]) == (21, 21, 10)
    assert report["latency_p95_ms"] == pytest.approx(30, abs=1)
    assert meter.first_shown == pytest.approx(1001.1)


def test_pictures_without_a_time_code_are_counted_only(clock: Clock) -> None:
    meter = Meter(clock)
    meter.take(picture(clock.now), read=False)
    assert meter.report() == {"shown": 1, "coded": 0, "fps": 0}
    assert meter.latency() is None
