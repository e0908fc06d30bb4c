"""The numbers of each other of the call, as the seconds pass."""

from __future__ import annotations

from typing import Any

import pytest

from hw import timecode
from intercom import State
from intercom.errors import CallingError, Code
from intercom.station.display import Display
from intercom.station.monitor import Monitor
from intercom.station.numbers import Rows
from tests.station_scenes import frame

NAMES = {"anna": "Anna", "ben": "Ben"}


class Counting:
    """In a call's place: `counts` by user, and a state."""

    def __init__(self) -> None:
        self.state = State.CONNECTED
        self.counts: dict[str, dict[str, Any]] = {}
        self.online = True

    @property
    def mesh(self) -> Counting:
        if not self.online:
            raise CallingError(Code.NOT_LOGGED_IN, "logged out")
        return self

    def stats(self) -> dict[str, dict[str, Any]]:
        return self.counts


class Bare(Display):
    """A display without a screen or a painter that remembers its overlay."""

    def __init__(self) -> None:
        painter: Any = None
        super().__init__(painter, measure=True)
        self.rows: Rows = ()

    def overlay(self, rows: Rows) -> None:
        self.rows = rows


@pytest.fixture
def call() -> Counting:
    return Counting()


@pytest.fixture
def display() -> Bare:
    return Bare()


@pytest.fixture
def monitor(call: Any, display: Bare) -> Monitor:
    return Monitor(call, display, NAMES.__getitem__)


def of(octets: int, epoch: int = 1000) -> dict[str, Any]:
    """A peer's counters."""
    return {"bytes_in": octets, "rtt": 0.05, "epoch": epoch}


def test_each_peer_is_measured_by_its_own_counters(monitor: Monitor, call: Counting) -> None:
    call.counts = {"anna": of(0), "ben": of(500_000)}
    monitor.take(100.0)
    call.counts = {"anna": of(125_000), "ben": of(525_000)}
    monitor.take(100.5)  # too early
    assert monitor.counters["anna"]["bytes_in"] == 0
    monitor.take(101.0)
    rates = {user: now.received_kbps for user, now in monitor.numbers.items()}
    assert rates == {"anna": 1000, "ben": 200}
    call.counts = {"ben": of(0, epoch=2000)}  # anna left, and ben came back by another way
    monitor.take(102.0)
    assert {user: now.received_kbps for user, now in monitor.numbers.items()} == {"ben": None}
    call.counts = {"ben": of(125_000, epoch=2000)}
    monitor.take(103.0)
    assert monitor.numbers["ben"].received_kbps == 1000


def test_without_a_call_there_are_no_numbers_but_the_last_counters(
    monitor: Monitor, call: Counting
) -> None:
    call.counts = {"anna": of(7)}
    monitor.take(100.0)
    call.state = State.IDLE
    monitor.take(101.0)
    assert (monitor.numbers, monitor.counters) == ({}, {"anna": of(7)})
    call.state, call.online = State.CONNECTED, False
    monitor.take(102.0)
    assert (monitor.numbers, monitor.counters) == ({}, {"anna": of(7)})


def test_the_overlay_is_there_when_it_is_wanted(
    monitor: Monitor, call: Counting, display: Bare
) -> None:
    monitor.toggle()
    monitor.take(100.0)
    assert not display.rows
    call.counts = {"anna": of(0)}
    monitor.take(101.0)
    assert ("Picture delay", "25 ms") in display.rows  # half the round trip
    call.counts = {"anna": of(0), "ben": of(0)}
    monitor.take(102.0)
    assert display.rows[0] == ("", "Anna", "Ben")
    assert not any(row[0].startswith("Picture delay") for row in display.rows)
    monitor.toggle()
    assert not display.rows


def test_the_machine_itself_is_in_the_overlay_with_a_call_and_without(
    monitor: Monitor, call: Counting, display: Bare
) -> None:
    monitor.machine = lambda: (("Processor", "62 °C"),)
    monitor.toggle()
    assert display.rows == (("Processor", "62 °C"),)
    call.counts = {"anna": of(0)}
    monitor.take(101.0)
    assert display.rows[-1] == ("Processor", "62 °C")
    assert len(display.rows) > 1


def test_in_a_group_the_delay_is_of_whose_pictures_have_a_code(
    monitor: Monitor, call: Counting, display: Bare
) -> None:
    call.counts = {"anna": of(0), "ben": of(0)}
    coded, plain = frame(640, 480, seed=1), frame(640, 480, seed=2)
    display.remote.view("anna").show(coded)
    display.remote.view("ben").show(plain)
    timecode.burn(coded, int(display.remote.clock() * 1000) - 80)
    display.remote.shown({"anna": coded, "ben": plain}, read=True)
    monitor.take(100.0)
    anna, ben = monitor.numbers["anna"].latency_ms, monitor.numbers["ben"].latency_ms
    assert anna is not None
    assert anna >= 80
    assert ben is None


def test_a_station_without_a_screen_counts_too(call: Any) -> None:
    monitor = Monitor(call, None, NAMES.__getitem__)
    call.counts = {"anna": of(0)}
    monitor.toggle()
    monitor.take(100.0)
    assert monitor.numbers["anna"].latency_ms == 25
