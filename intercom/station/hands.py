"""What people do at a station: buttons, keys and touches, from any thread, become intents."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from intercom.calling import Calling
from intercom.station import scene as sc
from intercom.station.control import Trace
from intercom.station.controls import KEYS, OTHER_KEYS, Controls, Intent
from intercom.station.face import Face
from intercom.tasks import Tasks

log = logging.getLogger(__name__)

TOUCH_GUARD = 0.5
"""Seconds after a new screen in which touches are ignored: they were meant for the old one."""
PRESS = 0.12
"""Seconds for which a key holds a simulated button down."""


class Hands:
    """Takes what people do, in the loop's thread, to `act(intent)`."""

    def __init__(
        self,
        calling: Calling,
        face: Face,
        trace: Trace,
        tasks: Tasks,
        *,
        second: bool,
        act: Callable[[Intent], None],
    ) -> None:
        self._calling, self._face, self._trace = calling, face, trace
        self._tasks = tasks
        self._act = act
        self._controls = Controls(second)
        self._loop = asyncio.get_running_loop()

    def press(self, button: str, kind: str) -> None:
        """Take an event of the panel: `pressed`, `held` or `released`."""
        self._loop.call_soon_threadsafe(self._pressed, button, kind)

    def key(self, name: str) -> None:
        """Take a key of the keyboard: those of KEYS press the button of that name, those of
        OTHER_KEYS have a meaning of their own."""
        self._loop.call_soon_threadsafe(self._key, name)

    def touch(self, x: int, y: int) -> None:
        """Take a touch or a click at a pixel of the screen."""
        self._loop.call_soon_threadsafe(self._touched, x, y)

    def _woke(self) -> bool:
        """Light the screen; whether it was dark."""
        display = self._face.display
        return display is not None and display.wake()

    def _pressed(self, button: str, kind: str) -> None:
        self._woke()
        self._trace.tell("button", button=button, kind=kind)
        intent = self._controls.feed(button, kind, self._calling.state)
        if intent is not None:
            self._act(intent)

    def _key(self, name: str) -> None:
        self._woke()
        button = KEYS.get(name)
        panel: Any = self._face.panel
        if button is None and name in OTHER_KEYS:
            self._act(Intent(OTHER_KEYS[name]))
        elif button is None:
            log.debug("no use for key %s", name)
        elif hasattr(panel, "press"):
            self._tasks.spawn(_press_pin(panel, button))  # simulated: by its pins
        else:
            self._pressed(button, "pressed")
            self._pressed(button, "released")

    def _touched(self, x: int, y: int) -> None:
        shown, display = self._face.scene, self._face.display
        if shown is None or display is None or display.screen is None:
            return
        if self._woke() or time.monotonic() - self._face.since < TOUCH_GUARD:
            return  # who touches a dark screen cannot mean what is on it
        area = sc.hit(shown, display.screen.size, x, y)
        self._trace.tell("touch", x=x, y=y, area=area)
        if area is not None:
            self._act(Intent(area))


async def _press_pin(panel: Any, button: str) -> None:
    panel.press(button)
    await asyncio.sleep(PRESS)
    panel.release(button)
