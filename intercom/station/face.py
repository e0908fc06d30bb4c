"""What a station shows: screen, lamp and tones, brought in line with facts and call."""

from __future__ import annotations

import asyncio
import time

import hw
from intercom import phases as ph
from intercom.calling import Calling
from intercom.media import Media
from intercom.station import scene as sc
from intercom.station import tones
from intercom.station.control import Trace
from intercom.station.display import Display
from intercom.station.lamp import PATTERNS, LampState
from intercom.station.model import Facts, lamp, scene


class Face:
    """Shows what is the case; `refresh` may be called as often as one likes."""

    def __init__(
        self, calling: Calling, media: Media, display: Display | None, facts: Facts, trace: Trace
    ) -> None:
        self.display = display
        self.panel: hw.Panel | None = None
        self.scene: sc.Scene | None = None
        self.since = 0.0
        self._calling, self._media = calling, media
        self._facts, self._trace = facts, trace
        self._loop = asyncio.get_running_loop()
        self._lamp: LampState | None = None
        self._tone = ""
        self._dirty = False

    def refresh(self) -> None:
        """Show what is the case once the events that are under way have been heard."""
        if not self._dirty:
            self._dirty = True
            # Twice: what a task that is due now does to a call is heard in the round after it.
            self._loop.call_soon(self._loop.call_soon, self._refresh)

    def take_panel(self, panel: hw.Panel | None) -> None:
        """Use this panel from now on; None: there is none."""
        self.panel = panel

    def renew(self) -> None:
        """Tell a new panel or screen what the old one knew."""
        if self.display is not None and self.scene is not None:
            self.display.show(self.scene)
        if self.panel is not None and self._lamp is not None:
            self.panel.set_lamp(PATTERNS[self._lamp])
        self.refresh()

    def _refresh(self) -> None:
        self._dirty = False
        self._facts.camera_open = self._media.camera_open
        self._facts.microphone_open = self._media.microphone_open
        phase = self._calling.phase
        shown = scene(self._facts, phase, time.monotonic(), time.strftime("%H:%M"))
        if shown != self.scene:
            before, self.scene = self.scene, shown
            self._changed(before, shown)
        elif self.display is not None:
            self.display.rest()
        light = lamp(self._facts, phase)
        if light is not self._lamp:
            self._lamp = light
            self._trace.tell("lamp", state=light.value)
            if self.panel is not None:
                self.panel.set_lamp(PATTERNS[light])
        self._play(self._tone_of(phase, shown))

    def _changed(self, before: sc.Scene | None, shown: sc.Scene) -> None:
        if sc.gist(before) != sc.gist(shown):
            self.since = time.monotonic()
            self._trace.tell("screen", scene=type(shown).__name__, detail=str(shown))
        if self.display is not None:
            self.display.show(shown)

    def _play(self, tone: str) -> None:
        if tone == self._tone:
            return
        self._tone = tone
        if tone:
            self._media.play(getattr(tones, tone)(), repeat=tone in {"ring", "ringback"})
        else:
            self._media.silence()

    def _tone_of(self, phase: ph.Phase, shown: sc.Scene) -> str:
        match phase:
            case ph.Calling(rung=True):
                return "ringback"
            case ph.Ringing() if isinstance(shown, sc.RingingIn):
                return "announce" if self._facts.answers_with_tone else "ring"
            case ph.Connected():
                return "accept"
            case ph.Idle() if isinstance(shown, sc.Recording):
                return "prompt" if shown.step == "wait" else ""
            case ph.Idle() if isinstance(shown, sc.Ended):
                return "busy" if shown.reason == "line_busy" else "end"
            case _:
                return ""
