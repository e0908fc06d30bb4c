"""Opens the screen, paints as fast as it goes, and asks for a look and a touch."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import hw
from hw.displays import none_connected
from intercom.doctor import judge_camera, judge_panel
from intercom.doctor.judge_panel import Screen
from intercom.doctor.patient import Patient
from intercom.doctor.results import Result, broken, skipped
from intercom.doctor.running import borrowed, how
from intercom.station.fittings import screen_settings

if TYPE_CHECKING:
    import pygame

TOUCH_WITHIN = 10.0
FIRST_WITHIN = 10.0
"""Seconds for the first picture: some drivers translate their programs then."""
COLOURS = ((204, 46, 52), (23, 137, 78), (24, 108, 152), (245, 178, 66))
REMEDY = "see the screen's power and cable, and [screen]"


def check(patient: Patient) -> Iterator[Result]:
    """Size, pictures a second, touch."""
    config = patient.config.screen
    if config.driver == "none":
        yield judge_camera.none("screen", "screen")
        return
    with borrowed(patient.station, "screen") as held:
        if held:
            yield skipped("screen", held, how(held))
            return
        try:
            yield _look(patient)
        except hw.DeviceError as error:
            if config.optional and none_connected(patient.root / "sys/class/drm"):
                yield skipped("screen", "no display is connected, which [screen] optional allows")
            else:
                yield broken("screen", error.message, REMEDY)


class _Bars:
    """Paints bars that move, again and again, and counts what was shown."""

    def __init__(self) -> None:
        self.shown = 0
        self.screen: hw.Screen | None = None
        self.first, self.over = threading.Event(), threading.Event()

    def race(self, screen: hw.Screen, seconds: float) -> tuple[float | None, int, float]:
        """Begin; seconds to the first picture, and how many came in how many after that."""
        self.screen, began = screen, time.monotonic()
        screen.show(self.paint, self.again)
        if not self.first.wait(FIRST_WITHIN):
            return None, 0, 0.0
        opened, began = time.monotonic() - began, time.monotonic()
        before = self.shown
        time.sleep(seconds)
        return opened, self.shown - before, time.monotonic() - began

    def paint(self, surface: pygame.Surface) -> None:
        width, height = surface.get_size()
        bar = max(1, width // len(COLOURS))
        for number in range(len(COLOURS)):
            colour = COLOURS[(number + self.shown // 10) % len(COLOURS)]
            surface.fill(colour, (number * bar, 0, bar, height))

    def again(self) -> None:
        self.shown += 1
        self.first.set()
        if self.screen is not None and not self.over.is_set():
            self.screen.show(self.paint, self.again)


def _look(patient: Patient) -> Result:
    config, asker, bars = patient.config.screen, patient.asker, _Bars()
    touches: queue.Queue[tuple[int, int]] = queue.Queue(16)
    faults: list[str] = []

    def on_touch(x: int, y: int) -> None:
        if not touches.full():
            touches.put_nowait((x, y))

    settings = screen_settings(config, patient.config.station.name)
    ignore = lambda *_: None  # noqa: E731 - keys say nothing here
    screen = hw.open_screen(config.driver, settings, on_touch, ignore, faults.append)
    try:
        opened, painted, seconds = bars.race(screen, 0.5 if patient.quick else 1.5)
        found = Screen(
            screen.name, screen.size, opened, painted, seconds, _touchscreens(patient.root), faults
        )
        if asker.present:
            found = replace(found, seen=asker.yes("Does the screen show coloured bars?"))
        if asker.present and found.touchscreens:
            found = replace(found, asked_touch=True, touched=_touch(patient, touches))
        bars.over.set()
    finally:
        screen.close()
    return judge_panel.screen(found)


def _touch(patient: Patient, touches: queue.Queue[tuple[int, int]]) -> tuple[int, int] | None:
    patient.asker.tell(f"Touch the screen, {TOUCH_WITHIN:.0f} s.")
    try:
        return touches.get(timeout=TOUCH_WITHIN)
    except queue.Empty:
        return None


def _touchscreens(root: Path) -> list[str]:
    try:
        text = (root / "proc/bus/input/devices").read_text("utf-8", "replace")
    except OSError:
        return []
    return judge_panel.touchscreens(text)
