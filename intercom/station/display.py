"""The screen of a station: the scene, the pictures, and what was measured when they were shown."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import av

from intercom.station.meter import Meter
from intercom.station.numbers import Rows
from intercom.station.scene import Calling, Idle, InCall, RingingIn, Scene, places
from intercom.station.views import OwnView, RemoteViews

if TYPE_CHECKING:
    import pygame

    import hw
    from intercom.station.paint import Painter
    from intercom.station.words import Words


IN_USE = (Calling, RingingIn, InCall)
"""The scenes of a call."""


class Display:
    """Paints the scene and the newest pictures; nobody waits for it."""

    def __init__(
        self,
        painter: Painter,
        measure: bool = False,
        off_after: float = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`measure` reads time codes; after `off_after` seconds at rest (0: never) it goes dark."""
        self.screen: hw.Screen | None = None
        self.remote = RemoteViews(self.repaint)
        self.own = OwnView(self.remote, self.repaint)
        self.meter = Meter()
        self._painter = painter
        self._measure = measure
        self._scene: Scene = Idle("", "")
        self._rows: Rows = ()
        self._pictures: dict[str, av.VideoFrame] = {}
        self._stills: dict[str, av.VideoFrame] = {}  # replaced, never changed: read when painting
        self._off_after, self._clock = off_after, clock
        self._used = clock()
        self._dark = False

    @property
    def words(self) -> Words:
        """The words of the language that is shown."""
        return self._painter.words

    def attach(self, screen: hw.Screen | None) -> None:
        """Use this screen from now on, which is lit; None: there is none."""
        self.screen = screen
        self._used, self._dark = self._clock(), False

    def show(self, scene: Scene) -> None:
        """Show `scene` from now on."""
        if isinstance(scene, IN_USE) and not isinstance(self._scene, IN_USE):
            self.meter.reset()  # a new call
        self._scene = scene
        self.rest()
        self.repaint()

    def rest(self) -> None:
        """Go dark when the idle screen has been left alone for long enough; lit for all others."""
        if not isinstance(self._scene, Idle):
            self.wake()
        elif self._off_after and self._clock() - self._used >= self._off_after:
            self._power(False)

    def wake(self) -> bool:
        """Somebody uses the station: be lit; return whether it was dark."""
        self._used = self._clock()
        was_dark = self._dark
        self._power(True)
        return was_dark

    def _power(self, on: bool) -> None:
        if self._dark is on and self.screen is not None:
            self._dark = not on
            self.screen.set_power(on)

    def overlay(self, rows: Rows) -> None:
        """Show this table over the scene, or nothing."""
        if rows != self._rows:
            self._rows = rows
            self.repaint()

    def still(self, key: str, frame: av.VideoFrame | None) -> None:
        """Show this picture where a scene has a place of that name; None: show none there."""
        self._stills = {} if frame is None else {key: frame}
        self.repaint()

    def latency(self, user_id: str) -> float | None:
        """Return the present delay of a user's pictures in ms; None where it is not measured."""
        if self.remote.several:
            return self.remote.view(user_id).meter.latency()
        return self.meter.latency()

    def repaint(self) -> None:
        """Paint again."""
        if self.screen is not None:
            self.screen.show(self._paint, self._shown)

    def reset(self) -> None:
        """Forget what was measured."""
        self.meter.reset()
        self.remote.reset()

    def screenshot(self, path: Path) -> None:
        """Save what is shown; blocks up to 2 s."""
        if self.screen is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.screen.screenshot(path)

    def _paint(self, surface: pygame.Surface) -> None:
        pictures, scene = self.remote.pictures() | self._stills, self._scene
        self._painter.paint(surface, scene, pictures, self.own.frame, self._rows)
        areas = places(scene, surface.get_size())
        self._pictures = {user: frame for user, frame in pictures.items() if user in areas}

    def _shown(self) -> None:
        for frame in self.remote.shown(self._pictures, self._measure):
            self.meter.take(frame, self._measure)
