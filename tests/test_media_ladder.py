"""The ladder goes down for a reason, up with proof, and does not swing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intercom.media.ladder import BUSY, UP_AFTER, Ladder, Load, Rung, rungs, within
from intercom.media.quality import QUALITIES
from intercom.media.rate import FLOOR

IDLE = Load(0.05, 0.1)
TOP = QUALITIES["1080p"]


def full() -> Ladder:
    """A ladder from 1080p on its best rung."""
    return Ladder(rungs(TOP.width, TOP.height, TOP.fps, TOP.bitrate), TOP.bitrate)


def run(ladder: Ladder, bps: int, load: Load, since: float, seconds: float) -> list[str]:
    """The rungs that `seconds` of this bring, each half second."""
    seen = []
    for half in range(int(seconds * 2)):
        if ladder.judge(bps, load, since + half / 2):
            seen.append(ladder.rung.name)
    return seen


def test_sizes_are_those_of_the_table_in_the_cameras_shape() -> None:
    assert rungs(1280, 720, 30, 2_000_000) == [
        Rung("720p", 1280, 720, 1, 2_000_000),
        Rung("480p", 854, 480, 1, 1_000_000),
        Rung("360p", 640, 360, 1, 600_000),
        Rung("240p", 426, 240, 2, 300_000),
    ]
    assert [(r.width, r.height) for r in rungs(640, 480, 30, 1)][1:] == [(480, 360), (320, 240)]
    assert [r.name for r in rungs(320, 240, 15, 300_000)] == ["240p"]


def test_a_narrow_line_leads_to_the_rung_that_fits_and_a_wide_one_back() -> None:
    ladder = full()
    assert run(ladder, 500_000, IDLE, 0, 4) == ["480p"]
    assert run(ladder, FLOOR, IDLE, 4, 4) == ["240p"]
    assert run(ladder, TOP.bitrate, IDLE, 8, 40) == ["360p", "480p", "720p", "1080p"]


def test_a_cap_leaves_the_lower_rungs_and_always_one() -> None:
    steps = rungs(1280, 720, 30, 2_000_000)
    assert [rung.name for rung in within(steps, 480)] == ["480p", "360p", "240p"]
    assert within(steps, 100) == steps[-1:]
    assert Ladder(steps, 2_000_000, 400).rung.name == "360p"
    capped = Ladder(within(steps, 400), 2_000_000)
    assert run(capped, 2_000_000, IDLE, 0, 60) == []


def test_a_short_dip_changes_nothing() -> None:
    ladder = full()
    assert run(ladder, 200_000, IDLE, 0, 1) == []
    assert run(ladder, TOP.bitrate, IDLE, 1, 2) == []
    assert run(ladder, 200_000, IDLE, 3, 1) == []


@pytest.mark.parametrize("load", [Load(BUSY + 0.1, 0.2), Load(0.1, 0.97)])
def test_a_busy_machine_leads_down_one_rung_at_a_time(load: Load) -> None:
    ladder = full()
    cause = ""
    for half in range(4):
        cause = cause or ladder.judge(TOP.bitrate, load, half / 2)
    assert "%" in cause
    assert ladder.rung.name == "720p"


def test_it_climbs_only_where_encoding_will_not_be_too_much() -> None:
    ladder = full()
    run(ladder, TOP.bitrate, Load(0.9, 0.5), 0, 1.5)
    assert ladder.rung.name == "720p"
    assert run(ladder, TOP.bitrate, Load(0.4, 0.3), 2, 60) == []  # 2.25 times as many pixels
    assert run(ladder, TOP.bitrate, Load(0.2, 0.3), 62, 10) == ["1080p"]


def test_a_climb_that_fails_makes_the_next_one_wait_longer() -> None:
    ladder = full()
    now, waits = 0.0, []
    run(ladder, 1_000_000, IDLE, now, 2)
    for _ in range(4):
        began = now = now + 2
        while not ladder.judge(3_000_000, IDLE, now):
            now += 0.5
        waits.append(now - began)
        while not ladder.judge(1_000_000, IDLE, now):
            now += 0.5
    assert waits == [UP_AFTER, 2 * UP_AFTER, 4 * UP_AFTER, 8 * UP_AFTER]


@given(
    st.lists(
        st.tuples(st.integers(0, 5_000_000), st.floats(0, 3, allow_nan=False), st.floats(0, 1)),
        max_size=200,
    )
)
def test_whatever_comes_it_stays_on_the_ladder(seen: list[tuple[int, float, float]]) -> None:
    ladder = full()
    names = [r.name for r in rungs(TOP.width, TOP.height, TOP.fps, TOP.bitrate)]
    for index, (bps, encoding, process) in enumerate(seen):
        before = ladder.rung.name
        stepped = ladder.judge(bps, Load(encoding, process), index / 2)
        assert ladder.rung.name in names
        assert bool(stepped) == (ladder.rung.name != before)
