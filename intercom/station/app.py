"""The station's behaviour: the calling client joined to buttons, lamp, tones and screen.

One direction: an event changes `facts` or the call, and `refresh` then shows what follows from
both. Nothing here opens a device; see `daemon`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import hw
from intercom import phases as ph
from intercom.calling import Calling
from intercom.config import Config
from intercom.errors import CallingError
from intercom.events import Event
from intercom.media import (
    DeviceFault,
    DeviceRestored,
    FirstFrame,
    FirstSound,
    Media,
    MediaEvent,
    PeerConnected,
)
from intercom.phases import State
from intercom.protocol import CallType
from intercom.station import policy, tones
from intercom.station import scene as sc
from intercom.station.control import Trace
from intercom.station.controls import KEYS, Controls, Intent
from intercom.station.display import Display
from intercom.station.lamp import PATTERNS, LampState
from intercom.station.model import Facts, lamp, scene
from intercom.station.monitor import Monitor

log = logging.getLogger(__name__)

TICK = 0.25
TOUCH_GUARD = 0.5
"""Seconds after a new screen in which touches are ignored: they were meant for the old one."""
TRACED = frozenset(Event) - {Event.USER_VOICE_VOLUME}


class App:
    """One station. `press`, `key` and `touch` come from any thread; all else from the loop's."""

    def __init__(
        self, config: Config, calling: Calling, media: Media, display: Display | None, trace: Trace
    ) -> None:
        self.config, self.calling, self.media = config, calling, media
        self.display = display
        self.trace = trace
        self.panel: hw.Panel | None = None
        self.quit = asyncio.Event()
        self.kicked = asyncio.Event()
        self.kicked_why = ""
        self._last_peer = self._viewed = ""
        self._scene_since = 0.0
        if display is not None:
            media.local_view(display.own)
        self.facts = Facts(config.station.name, callee=config.call.callee)
        self.facts.names = {
            user: known.name for user, known in config.hub.users.items() if known.name
        }
        self.monitor = Monitor(calling, display)
        self._controls = Controls(second=bool(config.call.second_callee))
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._answer: asyncio.Task[None] | None = None
        self._auto: policy.AutoAnswer | None = None
        self._scene: sc.Scene | None = None
        self._lamp: LampState | None = None
        self._tone = ""
        self._dirty = False
        calling.on_media = self._on_media
        for event in Event:
            calling.on(event, self._on_event, event)

    # -- people ------------------------------------------------------------------------------

    def press(self, button: str, kind: str) -> None:
        """Take an event of the panel: `pressed`, `held` or `released`."""
        self._loop.call_soon_threadsafe(self._pressed, button, kind)

    def key(self, name: str) -> None:
        """Take a key of the keyboard: those of KEYS press the button of that name."""
        self._loop.call_soon_threadsafe(self._key, name)

    def touch(self, x: int, y: int) -> None:
        """Take a touch or a click at a pixel of the screen."""
        self._loop.call_soon_threadsafe(self._touched, x, y)

    def _pressed(self, button: str, kind: str) -> None:
        self.trace.tell("button", button=button, kind=kind)
        self._do(self._controls.feed(button, kind, self.calling.state))

    def _key(self, name: str) -> None:
        if name in {"q", "quit"}:
            self.quit.set()
        elif name == "i":
            self.monitor.toggle()
        elif name in KEYS:
            button = KEYS[name]
            if self.panel is not None and hasattr(self.panel, "press"):
                self._spawn(self._press_pin(self.panel, button))  # simulated: by its pins
            else:
                self._pressed(button, "pressed")
                self._pressed(button, "released")

    async def _press_pin(self, panel: Any, button: str) -> None:
        panel.press(button)
        await asyncio.sleep(0.12)
        panel.release(button)

    def _touched(self, x: int, y: int) -> None:
        if self._scene is None or self.display is None or self.display.screen is None:
            return
        if time.monotonic() - self._scene_since < TOUCH_GUARD:
            return
        area = sc.hit(self._scene, self.display.screen.size, x, y)
        self.trace.tell("touch", x=x, y=y, area=area)
        self._do(None if area is None else Intent(area))

    # -- what they want ----------------------------------------------------------------------

    def _do(self, intent: Intent | None) -> None:
        if intent is None:
            return
        log.debug("> %s", intent)
        if self.facts.ended is not None and self.calling.state is State.IDLE:
            self.facts.ended = None
            if intent in {Intent.HANGUP, Intent.DISMISS}:
                self.refresh()
                return
        match intent:
            case Intent.CALL:
                self._dial(self.config.call.callee)
            case Intent.CALL_SECOND:
                self._dial(self.config.call.second_callee)
            case Intent.ACCEPT if self.calling.state is State.RINGING:
                self._try(self._accept, None)
            case Intent.HANGUP:
                self._try(self.calling.hangup)
            case Intent.MUTE if self.calling.state is State.CONNECTED:
                self._try(self.calling.set_mic_mute, not self.calling.muted)

    def _dial(self, callee: str) -> None:
        if self.calling.state is not State.IDLE:
            return  # a second press while it rings, or in a call, changes nothing
        if not callee:
            log.warning("the call button does nothing: set [call] callee")
            return
        self.facts.begin(time.monotonic())
        self._try(self._call, callee)

    async def _call(self, callee: str) -> None:
        call = self.config.call
        kind = CallType.VIDEO if call.type == "video" else CallType.AUDIO
        try:
            await self.calling.call(
                callee, type=kind, timeout=call.timeout, early_media=call.early_media
            )
        except CallingError as error:
            self._show_end("error", callee, detail=error.message, by_me=True)
            raise

    async def _accept(self, auto: policy.AutoAnswer | None) -> None:
        await self.calling.accept()
        if auto is not None and auto.muted:
            await self.calling.set_mic_mute(True)
        if auto is not None and not auto.send:
            await self.calling.close_camera()

    # -- what happens ------------------------------------------------------------------------

    def _on_event(self, event: Event, payload: dict[str, Any]) -> None:
        if event in TRACED:
            self.trace.tell(str(event), **payload)
        facts, now = self.facts, time.monotonic()
        facts.names.update({user: name for user, name in self.calling.names.items() if name})
        match event, payload:
            case Event.INVITED, _:
                facts.begin(now, payload["timeout"])
                self._invited(payload["sponsor"])
            case Event.USER_AUDIO_AVAILABLE, _:
                facts.peer_muted = not payload["is_audio_available"]
            case Event.USER_VIDEO_AVAILABLE, {"is_video_available": available}:
                facts.peer_video = available
                if not available and self.display is not None:
                    self.display.remote.clear()
            case Event.CONNECTION_STATE, {"user_id": "hub"}:
                facts.hub_ok = payload["state"] == "connected"
            case Event.CONNECTION_STATE, _:
                facts.reconnecting = payload["state"] != "connected"
            case Event.TEXT, _:
                facts.say(payload["text"], now)
            case Event.CALL_TYPE_ASKED, _:
                self._try(self.calling.answer_switch, self.config.call.switch_to_video == "allow")
            case Event.CALL_END, _:
                self._ended(payload)
            case Event.KICKED_OUT, _:
                self.kicked_why = payload["reason"]
                self.kicked.set()
        self._limit(now)
        self.refresh()

    def _invited(self, sponsor: str) -> None:
        log.info("%s calls", self.facts.called(sponsor))
        self._spawn(self._view_of(sponsor))
        decision = policy.decide(self.config.answer, sponsor, time.strftime("%H:%M"))
        if isinstance(decision, policy.AutoAnswer):
            log.info("answering %s by itself in %g s", sponsor, decision.seconds)
            self.facts.answers_at = time.monotonic() + decision.seconds
            self._auto = decision
            self._answer = self._spawn(self._answer_later(decision))
        elif self.config.answer.kind != "off":
            log.info("not answered by itself: %s", decision)

    async def _answer_later(self, auto: policy.AutoAnswer) -> None:
        call_id = self.calling.call_id
        await asyncio.sleep(auto.seconds)
        if self.calling.state is State.RINGING and self.calling.call_id == call_id:
            await self._accept(auto)

    async def _view_of(self, user_id: str) -> None:
        if self.display is not None:
            await self.calling.start_remote_view(user_id, self.display.remote)

    def _ended(self, payload: dict[str, Any]) -> None:
        self._auto = None
        if self._answer is not None:
            self._answer.cancel()
            self._answer = None
        if self.display is not None:
            self.display.remote.clear()
        reason, who = payload["reason"], payload["user_id"]
        log.info("call ended: %s after %d s", reason, payload["call_end"])
        if self.facts.ended is not None and self.facts.ended.detail and reason == "error":
            return  # the words of the error are there already
        by_me = who in {"", self.calling.user_id}
        self._show_end(reason, self._last_peer, payload["call_end"], by_me=by_me)

    def _show_end(
        self, reason: str, peer: str, seconds: int = 0, *, by_me: bool, detail: str = ""
    ) -> None:
        until = time.monotonic() + self.config.call.ended_seconds
        name = self.facts.called(peer)
        self.facts.end(sc.Ended(reason, name, seconds, ended_by_me=by_me, detail=detail), until)

    def _on_media(self, event: MediaEvent) -> None:
        match event:
            case DeviceFault(kind=kind, message=message):
                self.facts.faults[kind] = message
                self.trace.tell("fault", device=kind, message=message)
            case DeviceRestored(kind=kind):
                self.facts.faults.pop(kind, None)
                self.trace.tell("restored", device=kind)
            case FirstFrame(user_id=user):
                self.trace.tell("first_frame", user_id=user)
            case FirstSound(user_id=user):
                self.trace.tell("first_sound", user_id=user)
            case PeerConnected(user_id=user):
                self.trace.tell("transport_up", user_id=user)
        self.refresh()

    def device(self, kind: str, message: str) -> None:
        """The panel or the screen failed (`message` says how) or works again (empty)."""
        if message:
            self.facts.faults[kind] = message
            self.trace.tell("fault", device=kind, message=message)
        else:
            self.facts.faults.pop(kind, None)
            self.trace.tell("open", device=kind)
        self._show()  # a new device has been told nothing yet
        self._light()
        self.refresh()

    def _limit(self, now: float) -> None:
        """End a call that is over its longest duration."""
        phase, limit = self.calling.phase, self.config.call.max_minutes * 60
        if limit and isinstance(phase, ph.Connected) and now - phase.since > limit:
            log.info("the call reached its limit of %d min", self.config.call.max_minutes)
            self._try(self.calling.hangup)

    # -- what is shown -----------------------------------------------------------------------

    async def run(self) -> None:
        """Keep clock, durations and limits going until cancelled."""
        while True:
            self._limit(time.monotonic())
            self.monitor.take(time.monotonic())
            self.refresh()
            await asyncio.sleep(TICK)

    def refresh(self) -> None:
        """Show what is the case once the events that are under way have been heard."""
        if not self._dirty:
            self._dirty = True
            self._loop.call_soon(self._refresh)

    def _refresh(self) -> None:
        self._dirty = False
        phase, now = self.calling.phase, time.monotonic()
        if isinstance(phase, ph.Call):
            self._last_peer = phase.peer
            self._follow(phase)
        self.facts.camera_open = self.media.camera_open
        shown = scene(self.facts, phase, now, time.strftime("%H:%M"))
        if shown != self._scene:
            if type(shown) is not type(self._scene):
                self._scene_since = time.monotonic()
                self.trace.tell("screen", scene=type(shown).__name__, detail=str(shown))
            self._scene = shown
            self._show()
        light = lamp(self.facts, phase)
        if light is not self._lamp:
            self._lamp = light
            self.trace.tell("lamp", state=light.value)
            self._light()
        self._sound(phase, shown)

    def _show(self) -> None:
        if self.display is not None and self._scene is not None:
            self.display.show(self._scene)

    def _light(self) -> None:
        if self.panel is not None and self._lamp is not None:
            self.panel.set_lamp(PATTERNS[self._lamp])

    def _follow(self, phase: ph.Call) -> None:
        """Look at whom we call; INVITED does it for who calls us."""
        if isinstance(phase, ph.Calling) and self._viewed != phase.call_id:
            self._viewed = phase.call_id
            self._spawn(self._view_of(phase.peer))

    def _sound(self, phase: ph.Phase, shown: sc.Scene) -> None:
        """Play the tone of the moment."""
        tone = self._tone_of(phase, shown)
        if tone == self._tone:
            return
        self._tone = tone
        if tone in {"ring", "ringback"}:
            self.media.play(getattr(tones, tone)(), repeat=True)
        elif tone:
            self.media.play(getattr(tones, tone)(), repeat=False)
        else:
            self.media.silence()

    def _tone_of(self, phase: ph.Phase, shown: sc.Scene) -> str:
        match phase:
            case ph.Calling(rung=True):
                return "ringback"
            case ph.Ringing() if self._auto is not None and self._auto.tone:
                return "announce"
            case ph.Ringing():
                return "ring"
            case ph.Connected():
                return "accept"
            case ph.Idle() if isinstance(shown, sc.Ended):
                return "busy" if shown.reason == "line_busy" else "end"
            case _:
                return ""

    # -- tasks -------------------------------------------------------------------------------

    def _try(self, action: Callable[..., Awaitable[None]], *arguments: Any) -> None:
        """Do what a person asked for; what the API refuses is logged, and shown where it can be."""

        async def attempt() -> None:
            try:
                await action(*arguments)
            except CallingError as error:
                log.warning("%s", error)
                self.trace.tell("refused", code=int(error.code), message=error.message)
            self.refresh()

        self._spawn(attempt())

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            context = {"message": "a task of the station failed", "exception": error, "task": task}
            self._loop.call_exception_handler(context)
