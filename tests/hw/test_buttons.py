"""Edges that are heard late: what counts is when they were."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from hw.base import ButtonKind, DeviceError
from hw.buttons import Buttons
from tests.hw.helpers import wait_for

BOUNCE, HOLD = 0.05, 10.0


class Told:
    """The buttons of a panel with one of them, and what they told."""

    def __init__(self, is_closed: Callable[[str], bool] | None = None) -> None:
        self.events: list[ButtonKind] = []
        self.buttons = Buttons(
            ["call"], BOUNCE, HOLD, lambda _, kind: self.events.append(kind), is_closed
        )

    def burst(self, at: float, gap: float, last: bool, count: int = 20) -> None:
        """Chatter that began `at` a time and is told now, edge by edge, each a moment late."""
        for number in range(count):
            self.buttons.edge("call", last ^ (number % 2 == 1), at + number * gap)
            time.sleep(0.0002)
        self.buttons.edge("call", last, at + count * gap)


@pytest.fixture
def told() -> Iterator[Told]:
    made = Told()
    yield made
    made.buttons.close()


def test_an_edge_of_now_needs_no_time(told: Told) -> None:
    told.buttons.edge("call", True)
    wait_for(lambda: told.events == ["pressed"])
    time.sleep(BOUNCE)
    told.buttons.edge("call", False)
    wait_for(lambda: told.events == ["pressed", "released"])


@pytest.mark.parametrize("late", [0.0, 0.03, 0.06, 0.2, 1.0])
def test_chatter_is_one_press_however_late_it_is_heard(told: Told, late: float) -> None:
    told.burst(time.monotonic() - late, 0.0005, last=True)
    time.sleep(0.3)
    assert told.events == ["pressed"]
    told.burst(time.monotonic() - min(late, 0.09), 0.0005, last=False)
    time.sleep(0.3)
    assert told.events == ["pressed", "released"]


def test_the_rest_of_a_chatter_that_is_heard_after_a_pause_is_no_press(told: Told) -> None:
    began = time.monotonic()
    told.buttons.edge("call", True, began)
    wait_for(lambda: told.events == ["pressed"])
    time.sleep(2 * BOUNCE)
    told.burst(began + 0.001, 0.0005, last=True)
    time.sleep(0.3)
    assert told.events == ["pressed"]


def test_a_spike_whose_end_is_heard_late_is_no_press(told: Told) -> None:
    began = time.monotonic()
    told.buttons.edge("call", True, began)
    time.sleep(0.006)  # longer than a press must last, shorter than an edge may need
    told.buttons.edge("call", False, began + 0.001)
    time.sleep(0.3)
    assert told.events == []


class Line(Told):
    """The same, with the line itself to look at."""

    def __init__(self) -> None:
        self.closed, self.gone = False, False
        self.stalled = 0.0  # seconds for which a busy machine keeps who looks from it, once
        super().__init__(self.look)

    def look(self, _name: str) -> bool:
        stalled, self.stalled = self.stalled, 0.0
        time.sleep(stalled)
        if self.gone:
            raise DeviceError("panel", "the chip is gone")
        return self.closed


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    yield made
    made.buttons.close()


def test_a_line_that_is_open_again_has_an_edge_under_way(line: Line) -> None:
    began = time.monotonic()
    line.buttons.edge("call", True, began)
    time.sleep(0.2)  # as long as a busy machine may need to tell the other edge
    assert line.events == []
    line.buttons.edge("call", False, began + 0.001)
    time.sleep(0.1)
    assert line.events == []


def test_a_short_press_that_is_heard_late_is_one(line: Line) -> None:
    line.stalled = 0.15
    began = time.monotonic()
    line.buttons.edge("call", True, began)
    time.sleep(0.2)
    line.buttons.edge("call", False, began + 0.1)
    wait_for(lambda: line.events == ["pressed", "released"])


def test_an_edge_that_was_lost_is_made_good(line: Line) -> None:
    line.closed = True
    line.buttons.edge("call", True)
    wait_for(lambda: line.events == ["pressed"])
    line.buttons.edge("call", False)  # within the bounce, and the contact is closed again
    wait_for(lambda: line.events == ["pressed", "released", "pressed"])


@pytest.mark.parametrize("told", [True, False])
def test_two_spikes_of_which_half_is_told_are_no_press(line: Line, told: bool) -> None:
    line.buttons.edge("call", True, time.monotonic())
    time.sleep(0.1)
    line.buttons.edge("call", told, time.monotonic())
    time.sleep(1.5)
    assert line.events == []


@pytest.mark.parametrize("late", [0.0, 0.2])
def test_a_spike_whose_end_is_lost_is_no_press(line: Line, late: float) -> None:
    line.buttons.edge("call", True, time.monotonic() - late)
    time.sleep(1.5)
    assert line.events == []
    line.closed = True
    line.buttons.edge("call", True)
    wait_for(lambda: line.events == ["pressed"])


def test_a_release_that_is_lost_is_made_good(line: Line) -> None:
    line.closed = True
    line.buttons.edge("call", True)
    wait_for(lambda: line.events == ["pressed"])
    line.closed = False
    wait_for(lambda: line.events == ["pressed", "released"])


def test_a_press_of_which_no_edge_is_told_is_one(line: Line) -> None:
    for count in range(1, 4):
        time.sleep(0.2)
        line.closed = True
        time.sleep(0.12)  # a short press
        line.closed = False
        wait_for(lambda: line.events == ["pressed", "released"] * count)  # noqa: B023 - waited for


def test_a_line_that_nobody_presses_is_quiet(line: Line) -> None:
    time.sleep(0.2)
    line.closed = True
    time.sleep(0.01)  # shorter than the time between two looks
    line.closed = False
    time.sleep(0.3)
    assert line.events == []


def test_a_button_held_since_before_is_no_press(line: Line) -> None:
    line.closed = True  # before the first look
    time.sleep(0.3)
    assert line.events == []
    line.closed = False
    time.sleep(0.1)
    line.closed = True
    wait_for(lambda: line.events == ["pressed"])


def test_a_line_that_cannot_be_read_is_as_its_edges_say(line: Line) -> None:
    line.gone = True
    line.buttons.edge("call", True)
    wait_for(lambda: line.events == ["pressed"])


def test_a_time_that_is_yet_to_come_is_now(told: Told) -> None:
    told.buttons.edge("call", True, time.monotonic() + 100)
    wait_for(lambda: told.events == ["pressed"])
