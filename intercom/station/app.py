"""The station's behaviour: what people ask for and what happens, put into calls and facts.

One direction: an event changes `facts` or the call, and the face then shows what follows from
both. Nothing here opens a device; see `daemon`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

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
from intercom.station import policy
from intercom.station import scene as sc
from intercom.station.control import Trace
from intercom.station.controls import Intent
from intercom.station.display import Display
from intercom.station.face import Face
from intercom.station.hands import Hands
from intercom.station.model import Facts
from intercom.station.monitor import Monitor
from intercom.tasks import Tasks

log = logging.getLogger(__name__)

TICK = 0.25
TRACED = frozenset(Event) - {Event.USER_VOICE_VOLUME}


class App:
    """One station, in the loop's thread."""

    def __init__(
        self, config: Config, calling: Calling, media: Media, display: Display | None, trace: Trace
    ) -> None:
        self.config, self.calling, self.display, self.trace = config, calling, display, trace
        self.quit = asyncio.Event()
        self.kicked: asyncio.Queue[str] = asyncio.Queue(1)
        self.facts = Facts(config.station.name, callee=config.call.callee)
        self.facts.names = {
            user: known.name for user, known in config.hub.users.items() if known.name
        }
        self.face = Face(calling, media, display, self.facts, trace)
        self.monitor = Monitor(calling, display)
        second = bool(config.call.second_callee)
        self.tasks = Tasks("a task of the station")
        self.hands = Hands(
            calling, self.face, trace, self.tasks, second=second, act=self._do, other=self._key
        )
        self._answer: asyncio.Task[None] | None = None
        self._peer = self._viewed = ""
        if display is not None:
            media.local_view(display.own)
        calling.on_media = self._on_media
        for event in Event:
            calling.on(event, self._on_event, event)

    async def run(self) -> None:
        """Keep clock, durations, numbers and limits going until cancelled."""
        while True:
            now = time.monotonic()
            self._limit(now)
            self.monitor.take(now)
            self.face.refresh()
            await asyncio.sleep(TICK)

    def device(self, kind: str, message: str) -> None:
        """The panel or the screen failed (`message` says how) or works (empty)."""
        if message:
            self.facts.faults[kind] = message
            self.trace.tell("fault", device=kind, message=message)
        else:
            self.facts.faults.pop(kind, None)
            self.trace.tell("open", device=kind)
        self.face.renew()

    # -- what people want --------------------------------------------------------------------

    def _key(self, name: str) -> None:
        if name in {"q", "quit"}:
            self.quit.set()
        elif name == "i":
            self.monitor.toggle()

    def _do(self, intent: Intent) -> None:
        log.debug("> %s", intent)
        state = self.calling.state
        if self.facts.ended is not None and state is State.IDLE:
            self.facts.ended = None
            self.face.refresh()
            if intent in {Intent.HANGUP, Intent.DISMISS}:
                return
        match intent:
            case Intent.CALL:
                self._dial(self.config.call.callee)
            case Intent.CALL_SECOND:
                self._dial(self.config.call.second_callee)
            case Intent.ACCEPT if state is State.RINGING:
                self._try(self._accept, None)
            case Intent.HANGUP:
                self._try(self.calling.hangup)
            case Intent.MUTE if state is State.CONNECTED:
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
            self._show_end("error", callee, by_me=True, detail=error.message)
            raise

    async def _accept(self, auto: policy.AutoAnswer | None) -> None:
        # Before the accept, so that no lost answer of the hub can leave them open.
        if auto is not None and auto.muted:
            await self.calling.set_mic_mute(True)
        if auto is not None and not auto.send:
            await self.calling.close_camera()
        await self.calling.accept()

    def _try(self, action: Callable[..., Awaitable[None]], *arguments: Any) -> None:
        """Do what a person asked for; what the API refuses is logged, and shown where it can be."""

        async def attempt() -> None:
            try:
                await action(*arguments)
            except CallingError as error:
                log.warning("%s", error)
                self.trace.tell("refused", code=int(error.code), message=error.message)
            self.face.refresh()

        self.tasks.spawn(attempt())

    # -- what happens ------------------------------------------------------------------------

    def _on_event(self, event: Event, payload: dict[str, Any]) -> None:
        if event in TRACED:
            self.trace.tell(str(event), **payload)
        facts, now = self.facts, time.monotonic()
        facts.names.update({user: name for user, name in self.calling.names.items() if name})
        self._follow()
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
            case Event.KICKED_OUT, {"reason": reason} if not self.kicked.full():
                self.kicked.put_nowait(reason)
        self.face.refresh()

    def _follow(self) -> None:
        """Show the pictures of whom we are in a call with."""
        phase = self.calling.phase
        if not isinstance(phase, ph.Call):
            return
        self._peer = phase.peer
        if self._viewed != phase.call_id and self.display is not None:
            self._viewed = phase.call_id
            self._try(self.calling.start_remote_view, phase.peer, self.display.remote)

    def _invited(self, sponsor: str) -> None:
        log.info("%s calls", self.facts.called(sponsor))
        decision = policy.decide(self.config.answer, sponsor, time.strftime("%H:%M"))
        if isinstance(decision, policy.AutoAnswer):
            log.info("answering %s by itself in %g s", sponsor, decision.seconds)
            self.facts.answers_at = time.monotonic() + decision.seconds
            self.facts.answers_with_tone = decision.tone
            self._answer = self.tasks.spawn(self._answer_later(decision))
        elif self.config.answer.kind != "off":
            log.info("not answered by itself: %s", decision)

    async def _answer_later(self, auto: policy.AutoAnswer) -> None:
        call_id = self.calling.call_id
        await asyncio.sleep(auto.seconds)
        if self.calling.state is State.RINGING and self.calling.call_id == call_id:
            self._try(self._accept, auto)

    def _ended(self, payload: dict[str, Any]) -> None:
        if self._answer is not None:
            self._answer.cancel()
            self._answer = None
        if self.display is not None:
            self.display.remote.clear()
        reason, who = payload["reason"], payload["user_id"]
        log.info("call ended: %s after %d s", reason, payload["call_end"])
        if self.facts.ended is not None and self.facts.ended.detail and reason == "error":
            return  # the words of the error are there already
        by_me = who == self.calling.user_id
        self._show_end(reason, self._peer, payload["call_end"], by_me=by_me)

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
        self.face.refresh()

    def _limit(self, now: float) -> None:
        """End a call that is over its longest duration."""
        phase, limit = self.calling.phase, self.config.call.max_minutes * 60
        if limit and isinstance(phase, ph.Connected) and now - phase.since > limit:
            log.info("the call reached its limit of %d min", self.config.call.max_minutes)
            self._try(self.calling.hangup)
