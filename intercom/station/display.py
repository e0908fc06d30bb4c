"""The screen of a station: the scene, the pictures, and what was measured when they were shown."""

from __future__ import annotations

import threading
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

import av

from intercom.station.scene import Idle, InCall, RingingIn, Scene

if TYPE_CHECKING:
    import pygame

    import hw
    from intercom.station.paint import Painter


class Meter:
    """Latency and rate of the remote pictures, taken at the flip that shows them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shown: deque[float] = deque(maxlen=3600)
        self._latency: deque[float] = deque(maxlen=3600)
        self.first_shown = 0.0

    def take(self, frame: av.VideoFrame, read: bool) -> None:
        """A picture is on the screen now; `read` its time code."""
        now = time.monotonic()
        sent = None
        if read:
            from hw.timecode import read as read_code  # noqa: PLC0415 (only who measures needs it)

            sent = read_code(frame)
        with self._lock:
            self.first_shown = self.first_shown or now
            self._shown.append(now)
            if sent is not None:
                self._latency.append((int(now * 1000) - sent) % (1 << 32))

    def reset(self) -> None:
        """Forget what was measured."""
        with self._lock:
            self._shown.clear()
            self._latency.clear()
            self.first_shown = 0.0

    def report(self) -> dict[str, float]:
        """Return shown pictures, their rate per second, and latency in ms (p50, p95)."""
        with self._lock:
            shown, latency = list(self._shown), sorted(self._latency)
        span = shown[-1] - shown[0] if len(shown) > 1 else 0.0
        report = {"shown": float(len(shown)), "coded": float(len(latency))}
        report["fps"] = round((len(shown) - 1) / span, 2) if span else 0.0
        if latency:
            report["latency_p50_ms"] = latency[len(latency) // 2]
            report["latency_p95_ms"] = latency[int(len(latency) * 0.95)]
        return report


class RemoteView:
    """The other side's pictures: each one is painted at once."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self.frame: av.VideoFrame | None = None
        self.at = 0.0

    def show(self, frame: av.VideoFrame) -> None:
        """Take a picture, from any thread."""
        self.frame, self.at = frame, time.monotonic()
        self._display.repaint(frame)

    def clear(self) -> None:
        """Show no picture."""
        self.frame = None
        self._display.repaint(None)


class OwnView:
    """Our own pictures: painted along with the other side's, or else ten times a second."""

    PERIOD = 0.1

    def __init__(self, display: Display) -> None:
        self._display = display
        self._painted = 0.0
        self.frame: av.VideoFrame | None = None

    def show(self, frame: av.VideoFrame) -> None:
        """Take a picture, from any thread."""
        self.frame = frame
        now = time.monotonic()
        if now - max(self._display.remote.at, self._painted) >= self.PERIOD:
            self._painted = now
            self._display.repaint(None)

    def clear(self) -> None:
        """Show no picture."""
        self.frame = None
        self._display.repaint(None)


class Display:
    """Paints the scene and the newest pictures; nobody waits for it."""

    def __init__(self, painter: Painter, measure: bool) -> None:
        self.screen: hw.Screen | None = None
        self.remote = RemoteView(self)
        self.own = OwnView(self)
        self.meter = Meter()
        self._painter = painter
        self._measure = measure
        self._scene: Scene = Idle("", "")
        self._rows: tuple[tuple[str, str], ...] = ()

    def show(self, scene: Scene) -> None:
        """Show `scene` from now on."""
        self._scene = scene
        self.repaint(None)

    def overlay(self, rows: tuple[tuple[str, str], ...]) -> None:
        """Show these names and values over the scene, or nothing."""
        if rows != self._rows:
            self._rows = rows
            self.repaint(None)

    def repaint(self, news: av.VideoFrame | None) -> None:
        """Paint again; `news` is the remote picture that is the reason, if one is."""
        screen = self.screen
        if screen is None:
            return
        if news is None or not isinstance(self._scene, RingingIn | InCall):
            screen.show(self._paint)
        else:
            screen.show(self._paint, lambda: self.meter.take(news, self._measure))

    def screenshot(self, path: Path) -> None:
        """Save what is shown; blocks up to 2 s."""
        if self.screen is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.screen.screenshot(path)

    def _paint(self, surface: pygame.Surface) -> None:
        self._painter.paint(surface, self._scene, self.remote.frame, self.own.frame, self._rows)
