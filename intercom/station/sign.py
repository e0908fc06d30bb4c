"""The screen and the lamp of a station that cannot be one yet, and who touches or types there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import replace

import hw
from intercom.config import Config
from intercom.station import fittings
from intercom.station.display_open import display_of
from intercom.station.lamp import PATTERNS, LampState
from intercom.station.scene import Scene, hit
from intercom.tasks import Tasks

log = logging.getLogger(__name__)


class Sign:
    """Shows one `scene` at a time; `meant(intent)` hears of touches, `typed(key)` of keys.

    `opened` is set once there is a screen.
    """

    def __init__(
        self, config: Config, meant: Callable[[str], None], typed: Callable[[str], None]
    ) -> None:
        self._config = config
        self._meant, self._typed = meant, typed
        self._display = display_of(config)
        self.scene: Scene | None = None
        self.opened = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._opening = Tasks("the opening of a screen or lamp")

    def open(self, stack: AsyncExitStack) -> None:
        """Open what there is, in the background; `stack` closes it. A fault is logged."""
        executor = ThreadPoolExecutor(2, "sign")
        stack.callback(executor.shutdown, wait=False)
        config = self._config
        if config.panel.driver != "none" and config.panel.lamp >= 0:
            pins = replace(fittings.panel_settings(config.panel), buttons={})
            panel = fittings.slot(
                "panel",
                lambda fault: hw.open_panel(config.panel.driver, pins, _nothing, fault),
                executor,
                _light,
                _tell,
            )
            stack.push_async_callback(fittings.close, panel)
            self._opening.spawn(panel.open())
        if self._display is not None:
            size = fittings.screen_settings(config.screen, config.station.name)
            driver, touch, key = config.screen.driver, self.touched, self._key
            screen = fittings.slot(
                "screen",
                lambda fault: hw.open_screen(driver, size, touch, key, fault),
                executor,
                self._attach,
                _tell,
            )
            stack.push_async_callback(fittings.close, screen)
            self._opening.spawn(screen.open())
        stack.push_async_callback(self._opening.close)

    def show(self, scene: Scene) -> None:
        """Show this from now on."""
        self.scene = scene
        if self._display is not None:
            self._display.show(scene)

    def _attach(self, screen: hw.Screen | None) -> None:
        if self._display is not None:
            self._display.attach(screen)
            self._display.repaint()
            self.opened.set()

    def touched(self, x: int, y: int) -> None:
        """Take a touch or a click at a pixel of the screen, from any thread."""
        self._loop.call_soon_threadsafe(self._hit, x, y)

    def _key(self, name: str) -> None:
        self._loop.call_soon_threadsafe(self._typed, name)

    def _hit(self, x: int, y: int) -> None:
        screen = self._display.screen if self._display is not None else None
        if screen is not None and self.scene is not None:
            area = hit(self.scene, screen.size, x, y)
            if area is not None:
                self._meant(area)


def _light(panel: hw.Panel | None) -> None:
    if panel is not None:
        panel.set_lamp(PATTERNS[LampState.NO_HUB])


def _nothing(button: str, kind: str) -> None:
    """No button has a use yet."""


def _tell(kind: str, message: str) -> None:
    if message:
        log.warning("%s: %s", kind, message)
