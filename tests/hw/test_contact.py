"""Debouncing: examples, and the properties that hold for any edges."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hw.base import ButtonKind
from hw.contact import NEVER, SETTLE, Contact

BOUNCE, HOLD = 0.05, 1.0

Event = tuple[float, ButtonKind]


def play(edges: list[tuple[float, bool]], until: float = 100.0) -> list[Event]:
    """Feed edges at their times, tick at each deadline; the events with their times."""
    contact = Contact(BOUNCE, HOLD)
    events: list[Event] = []

    def tick_until(end: float) -> None:
        while (now := contact.deadline) <= end:
            events.extend((now, kind) for kind in contact.tick(now))

    for at, closed in edges:
        tick_until(at)
        events.extend((at, kind) for kind in contact.edge(closed, at))
    tick_until(until)
    assert contact.deadline == NEVER or contact.deadline > until
    return events


def test_a_clean_press() -> None:
    assert play([(1, True), (1.1, False)]) == [(1 + SETTLE, "pressed"), (1.1, "released")]


def test_a_spike_is_nothing() -> None:
    assert play([(1, True), (1.001, False), (1.002, True), (1.003, False)]) == []


def test_a_bouncing_press_is_one() -> None:
    edges = [(1 + n * 0.002, n % 2 == 0) for n in range(11)]
    assert play(edges, until=1.5) == [(1.02 + SETTLE, "pressed")]


def test_a_bouncing_release_is_one() -> None:
    edges = [(1.0, True)] + [(1.2 + n * 0.002, n % 2 == 1) for n in range(11)]
    assert play(edges) == [(1 + SETTLE, "pressed"), (1.2, "released")]


def test_a_release_within_the_bounce_time_comes_at_its_end() -> None:
    assert play([(1, True), (1.01, False)]) == [
        (1 + SETTLE, "pressed"),
        (1 + SETTLE + BOUNCE, "released"),
    ]


def test_held_comes_once() -> None:
    assert play([(1, True), (5, False)]) == [
        (1 + SETTLE, "pressed"),
        (1 + SETTLE + HOLD, "held"),
        (5, "released"),
    ]


def test_a_late_tick_reports_in_order() -> None:
    contact = Contact(BOUNCE, HOLD)
    contact.edge(True, 1)
    assert contact.tick(1.01) == ["pressed"]
    assert contact.edge(False, 9) == ["held", "released"]


@st.composite
def edge_lists(draw: st.DrawFn) -> list[tuple[float, bool]]:
    """Edges that alternate, from microseconds to seconds apart."""
    gaps = draw(st.lists(st.floats(1e-6, 0.02) | st.floats(0.001, 2), max_size=40))
    at, edges = 1.0, []
    for number, gap in enumerate(gaps):
        at += gap
        edges.append((at, number % 2 == 0))
    return edges


@given(edge_lists())
def test_presses_and_releases_alternate_and_end_as_the_contact_is(
    edges: list[tuple[float, bool]],
) -> None:
    events = [kind for _, kind in play(edges, until=200) if kind != "held"]
    assert events == (["pressed", "released"] * len(events))[: len(events)]
    assert len(events) % 2 == (len(edges) % 2)


@given(edge_lists())
def test_changes_are_at_least_the_bounce_time_apart(edges: list[tuple[float, bool]]) -> None:
    times = [at for at, kind in play(edges, until=200) if kind != "held"]
    assert all(b - a >= BOUNCE - 1e-9 for a, b in pairwise(times))


@given(edge_lists())
def test_held_stands_only_between_a_press_and_its_release(
    edges: list[tuple[float, bool]],
) -> None:
    events = play(edges, until=200)
    for index, (at, kind) in enumerate(events):
        if kind == "held":
            pressed_at, before = events[index - 1]
            assert before == "pressed"
            assert at >= pressed_at + HOLD - 1e-9
