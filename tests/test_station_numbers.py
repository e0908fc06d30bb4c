"""Counters to numbers, as a table."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from intercom.station.numbers import OWN, TITLES, Numbers, lines, numbers, table

BEFORE = {
    "packets_in": 1000,
    "packets_lost": 10,
    "bytes_in": 100_000,
    "bytes_out": 50_000,
    "frames_decoded": 300,
}
AFTER = {
    "packets_in": 1095,
    "packets_lost": 15,
    "bytes_in": 225_000,
    "bytes_out": 175_000,
    "frames_decoded": 330,
    "rtt": 0.05,
    "jitter_ms": 3.21,
    "video_freezes": 2,
    "audio_delay": 960,
    "audio_concealed": 4,
    "sent_height": 480,
    "echo_reduction_db": 31.27,
}


def test_rates_are_those_of_the_interval() -> None:
    now = numbers(BEFORE, AFTER, 1.0, latency=None)
    assert now == Numbers(
        latency_ms=25.0,
        round_trip_ms=50.0,
        loss_percent=5.0,
        jitter_ms=3.2,
        received_kbps=1000,
        sent_kbps=1000,
        sent_height=480,
        frames_per_s=30.0,
        freezes=2,
        playout_ms=20.0,
        concealed=4,
        echo_reduction_db=31.3,
    )


def test_a_measured_latency_goes_before_an_estimated_one() -> None:
    assert numbers(BEFORE, AFTER, 1.0, latency=7.0).latency_ms == 7.0


def test_without_a_guess_only_a_measured_latency_is_told() -> None:
    assert numbers(BEFORE, AFTER, 1.0, None, guess=False).latency_ms is None
    assert numbers(BEFORE, AFTER, 1.0, 7.0, guess=False).latency_ms == 7.0


def test_a_new_transport_begins_to_count_anew() -> None:
    now = numbers(AFTER | {"epoch": 2000}, BEFORE | {"epoch": 2001}, 1.0, None)
    rates = (now.received_kbps, now.sent_kbps, now.frames_per_s, now.loss_percent)
    assert rates == (None, None, None, None)
    same = numbers(BEFORE | {"epoch": 2000}, AFTER | {"epoch": 2000}, 1.0, None)
    assert same.received_kbps == 1000


def test_nothing_is_known_at_first() -> None:
    now = numbers({}, {}, 0.0, None)
    assert now == Numbers()
    assert lines(now) == (("Freezes", "0"), ("Sound concealed", "0 packets"))


@example({"bytes_in": 0}, {"bytes_in": 1}, 2e-311)
@given(
    st.dictionaries(st.sampled_from(sorted(AFTER)), st.integers(0, 10**6)),
    st.dictionaries(st.sampled_from(sorted(AFTER)), st.integers(0, 10**6)),
    st.floats(0, 100),
)
def test_any_counters_make_lines(
    before: dict[str, int], after: dict[str, int], seconds: float
) -> None:
    now = numbers(before, after, seconds, None)
    if now.loss_percent is not None and after["packets_in"] >= before["packets_in"]:
        assert 0 <= now.loss_percent <= 100
    assert len(lines(now)) >= 2
    rows = table([("anna", now), ("ben", Numbers())])
    assert all(len(row) in {2, 3} for row in rows)


ANNA = Numbers(latency_ms=120.0, received_kbps=900, freezes=1, echo_reduction_db=31.3)
BEN = Numbers(received_kbps=400, freezes=0, concealed=7, echo_reduction_db=31.3)


def test_one_other_is_shown_in_lines_and_several_in_columns() -> None:
    assert table([]) == ()
    assert table([("Anna", ANNA)]) == lines(ANNA)
    assert table([("Anna", ANNA), ("Ben", BEN)]) == (
        ("", "Anna", "Ben"),
        ("Picture delay, ms", "120", "–"),
        ("Received, kbit/s", "900", "400"),
        ("Freezes", "1", "0"),
        ("Sound concealed, packets", "0", "7"),
        ("Echo reduced by, dB", "31.3"),  # of this station: not of one of them
    )


def test_there_is_room_for_three() -> None:
    rows = table([(name, BEN) for name in "abcd"])
    assert rows[0] == ("", "a", "b", "c")
    assert {len(row) for row in rows} == {2, 4}
    assert TITLES.keys() >= OWN


@pytest.mark.parametrize("name", TITLES)
def test_every_number_has_a_field(name: str) -> None:
    assert hasattr(Numbers(), name)
