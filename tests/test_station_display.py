"""The display: what is measured of a call, and when the screen goes dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pygame
import pytest

import hw
from intercom.station.display import Display
from intercom.station.scene import Calling, Ended, Fault, Idle, RingingIn, Scene

IDLE = Idle("Kitchen", "12:00")


class Clock:
    """A clock that is turned by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def screen() -> Iterator[hw.Screen]:
    ignore = lambda *event: None  # noqa: E731
    made = hw.open_screen("dummy", hw.ScreenSettings(320, 240), ignore, ignore, pytest.fail)
    yield made
    made.close()


class White:
    """Paints what is told apart from a dark screen."""

    def paint(self, surface: pygame.Surface, *what: object) -> None:
        surface.fill((255, 255, 255))


def displayed(screen: hw.Screen, clock: Clock, off_after: float) -> Display:
    """A display at rest on that screen."""
    painter: Any = White()
    made = Display(painter, off_after=off_after, clock=clock)
    made.attach(screen)
    made.show(IDLE)
    return made


@pytest.fixture
def display(clock: Clock, screen: hw.Screen) -> Display:
    """A display that goes dark after a minute."""
    return displayed(screen, clock, 60)


def lit(screen: hw.Screen, folder: Path) -> bool:
    """Whether anything is to be seen, once all is painted that was asked for so far."""
    for _ in range(2):  # pictures are painted after the first is taken
        screen.screenshot(folder / "shot.png")
    with av.open(str(folder / "shot.png")) as file:
        picture = next(file.decode(video=0)).to_ndarray(format="rgb24")
    return bool(np.any(picture))


def test_it_goes_dark_when_it_is_left_alone_and_lit_by_a_ring(
    display: Display, screen: hw.Screen, clock: Clock, tmp_path: Path
) -> None:
    clock.now += 59
    display.rest()
    assert lit(screen, tmp_path)
    clock.now += 1
    display.rest()
    assert not lit(screen, tmp_path)
    display.show(Idle("Kitchen", "12:01"))  # the time alone wakes nobody
    assert not lit(screen, tmp_path)
    display.show(RingingIn("Front door"))
    assert lit(screen, tmp_path)


def test_a_touch_wakes_it_and_is_told_apart_from_one_on_a_lit_screen(
    display: Display, screen: hw.Screen, clock: Clock, tmp_path: Path
) -> None:
    assert not display.wake()
    clock.now += 60
    display.rest()
    assert display.wake()
    assert lit(screen, tmp_path)
    clock.now += 59
    display.rest()
    assert not display.wake()


@pytest.mark.parametrize("scene", [Calling("Kitchen", "Door"), Fault("No hub"), Ended("hangup")])
def test_only_the_idle_screen_goes_dark(display: Display, clock: Clock, scene: Scene) -> None:
    display.show(scene)
    clock.now += 3600
    display.rest()
    display.show(IDLE)
    assert not display.wake()


def test_without_a_time_it_stays_lit(screen: hw.Screen, clock: Clock) -> None:
    display = displayed(screen, clock, 0)
    clock.now += 1_000_000
    display.rest()
    assert not display.wake()


def test_a_screen_that_comes_back_is_lit(display: Display, screen: hw.Screen, clock: Clock) -> None:
    clock.now += 60
    display.rest()
    display.attach(None)
    display.attach(screen)
    assert not display.wake()


def test_each_call_is_measured_by_itself(display: Display) -> None:
    frame = av.VideoFrame(320, 240, "yuv420p")
    display.show(RingingIn("Front door"))
    display.meter.take(frame, read=False)
    display.show(RingingIn("Front door", seconds_left=3))
    assert display.meter.report()["shown"] == 1
    display.show(Ended("hangup"))
    assert display.meter.report()["shown"] == 1
    display.show(Calling("Kitchen", "Front door"))
    assert display.meter.report()["shown"] == 0
