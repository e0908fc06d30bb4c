"""The screen: one thread owns SDL, paints the newest picture, flips, and hears touches and keys."""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hw import sdl
from hw.backlight import set_screen_power
from hw.base import DeviceError, OnFault, OnKey, OnTouch, Paint
from hw.claims import Claim
from hw.guard import Guard
from hw.settings import ScreenSettings

if TYPE_CHECKING:
    import pygame

_log = logging.getLogger(__name__)

_PUMP = 1 / 60  # seconds between two looks at the events when nothing is shown
_REST = 1 / 12  # the same when nothing has been touched for _STILL seconds
_STILL = 2.0
_OPEN_TIMEOUT = 20.0
_SCREENSHOT_TIMEOUT = 2.0

Job = Callable[[], object]


class SdlScreen:
    """A screen by SDL; SDL has one display a process, so a second screen is busy."""

    def __init__(
        self,
        driver: str,
        settings: ScreenSettings,
        on_touch: OnTouch,
        on_key: OnKey,
        on_fault: OnFault,
    ) -> None:
        self.name = f"Screen ({driver})"
        self._driver = driver
        self._settings = settings
        self._on_touch = Guard("on_touch", on_touch)
        self._on_key = Guard("on_key", on_key)
        self._on_fault = on_fault
        self._wake = threading.Condition()
        self._next: tuple[Paint, Job | None] | None = None
        self._last: tuple[Paint, Job | None] | None = None
        self._jobs: list[Job] = []
        self._lit = True
        self._used = time.monotonic()
        self._closed = False
        self._opened = threading.Event()
        self._error: DeviceError | None = None
        self._surface: pygame.Surface | None = None
        self.dropped = 0
        self._claim = Claim("screen", "SDL")
        self._thread = threading.Thread(target=self._run, name="hw-screen", daemon=True)
        self._thread.start()
        self._wait_until_open()
        # SDL crashes when the interpreter ends below its thread.
        atexit.register(self.close)
        _log.info("%s of %dx%d", self.name, *self.size)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels of the surface that is painted."""
        return self._size

    def show(self, paint: Paint, shown: Callable[[], object] | None = None) -> None:
        """Have it painted next, in the screen's thread; a picture that still waits is dropped."""
        with self._wake:
            if self._next is not None:
                self.dropped += 1
            self._next = (paint, shown)
            self._wake.notify()

    def screenshot(self, path: str | Path) -> None:
        """Save what is shown as PNG; raises DeviceError after 2 s, OSError when it cannot write."""
        import pygame  # noqa: PLC0415 - slow to import, and loaded already

        copies: list[pygame.Surface] = []
        done = threading.Event()

        def copy() -> None:
            if self._surface is not None:
                copies.append(self._surface.copy())
            done.set()

        if threading.current_thread() is self._thread:
            copy()
        else:
            self._do(copy)
            done.wait(0 if self._closed else _SCREENSHOT_TIMEOUT)
        if not copies:
            raise DeviceError("screen", "no screenshot: the screen is closed or does not answer")
        target = Path(self._settings.screenshots) / path
        try:
            pygame.image.save(copies[0], str(target))
        except pygame.error as error:
            raise OSError(f"cannot save {target}: {error}") from error

    def set_power(self, on: bool) -> None:
        """Off: black, and a screen of its own in standby; on: the newest picture again."""
        with self._wake:
            if self._lit == on:
                return
            self._lit = on
            if on and self._next is None:
                self._next = self._last
        self._do(self._light if on else self._darken)

    def close(self) -> None:
        """Close SDL and wait for its thread unless called from it; idempotent."""
        atexit.unregister(self.close)
        with self._wake:
            self._closed = True
            self._wake.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _wait_until_open(self) -> None:
        if not self._opened.wait(_OPEN_TIMEOUT):
            self._closed = True
            self._error = DeviceError("screen", f"the {self._driver} screen does not open: restart")
        if self._error is not None:
            raise self._error

    def _do(self, job: Job) -> None:
        with self._wake:
            self._jobs.append(job)
            self._wake.notify()

    def _run(self) -> None:
        try:
            self._surface = sdl.open_display(self._driver, self._settings)
            self._size = self._surface.get_size()
        except DeviceError as error:
            self._error = error
            self._claim.release()
            self._opened.set()
            return
        # Whoever had it before may have left it dark, and a backlight stays so.
        self._switch(on=True)
        self._opened.set()
        try:
            self._loop(self._surface)
        finally:
            if not self._lit:
                self._switch(on=True)
            self._surface = None
            sdl.close_display()
            self._claim.release()

    def _loop(self, surface: pygame.Surface) -> None:
        import pygame  # noqa: PLC0415 - as above

        try:
            while not self._closed:
                self._turn(surface)
        except pygame.error as error:
            self._closed = True
            self._on_fault(f"{self.name} failed: {error}")

    def _turn(self, surface: pygame.Surface) -> None:
        if sdl.pump(self._size, self._on_touch, self._on_key):
            self._used = time.monotonic()
        still = time.monotonic() - self._used > _STILL
        with self._wake:
            if not self._jobs and not self._closed and not self._is_due():
                self._wake.wait(_REST if still else _PUMP)
            jobs, self._jobs = self._jobs, []
            picture = None
            if self._is_due():
                picture, self._next = self._next, None
                self._last = picture
        for job in jobs:
            job()
        if picture is not None:
            self._paint(surface, *picture)

    def _is_due(self) -> bool:
        return self._next is not None and self._lit

    def _paint(self, surface: pygame.Surface, paint: Paint, shown: Job | None) -> None:
        Guard("paint", paint)(surface)
        self._flip()
        if shown is not None:
            Guard("shown", shown)()

    def _flip(self) -> None:
        import pygame  # noqa: PLC0415 - as above

        pygame.display.flip()

    def _darken(self) -> None:
        if self._surface is not None:
            self._surface.fill((0, 0, 0))
            self._flip()
        self._switch(on=False)

    def _light(self) -> None:
        self._switch(on=True)

    def _switch(self, *, on: bool) -> None:
        if self._driver == "kmsdrm":
            set_screen_power(on)
