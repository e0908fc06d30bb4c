"""The station's behaviour: what people ask for and what happens, put into calls and facts.

One direction: an event changes `facts` or the call, and the face then shows what follows from
both. Nothing here opens a device; see `daemon`. What takes more than a line has a module of its
own: `wishes` (what people want), `dialing` (out), `ringing` (in), `asking` (sound or video),
`watching` (whose pictures), `message` (a visitor leaves one), `playback` (somebody hears it).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
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
from intercom.station import dialplan, speaking
from intercom.station import scene as sc
from intercom.station.asking import Asking
from intercom.station.control import Trace
from intercom.station.controls import Intent
from intercom.station.desk import Desk
from intercom.station.dialing import Dialer, Messages
from intercom.station.display import Display
from intercom.station.face import Face
from intercom.station.hands import Hands
from intercom.station.lending import Lending
from intercom.station.missed import missed_calls
from intercom.station.model import Facts
from intercom.station.monitor import Monitor
from intercom.station.playback import Playback
from intercom.station.ringing import Incoming
from intercom.station.watching import Watching
from intercom.station.wishes import Wishes
from intercom.station.words import Words
from intercom.tasks import Tasks

log = logging.getLogger(__name__)

TICK = 0.25
REST = 1.0
"""Seconds between two ticks while the idle screen is shown and nobody does anything."""
TRACED = frozenset(Event) - {Event.USER_VOICE_VOLUME}


class App:
    """One station, in the loop's thread. `messages` takes what visitors leave, where it can."""

    def __init__(
        self,
        config: Config,
        calling: Calling,
        media: Media,
        display: Display | None,
        trace: Trace,
        *,
        messages: Messages | None = None,
    ) -> None:
        self.config, self.calling, self.display, self.trace = config, calling, display, trace
        self.quit = asyncio.Event()
        self._stirred = asyncio.Event()
        self.kicked: asyncio.Queue[str] = asyncio.Queue(1)
        self.lending = Lending()
        call, tasks = config.call, Tasks("a task of the station")
        plan = dialplan.steps(call)
        facts = Facts(config.station.name, callee=plan[0].ring if plan else "")
        facts.names = _names(config)
        self.facts, self.tasks = facts, tasks
        words = display.words if display is not None else Words(config.station.language)
        self.face = Face(calling, media, display, facts, trace)
        self.monitor = Monitor(calling, display, facts.called)
        self.desk = Desk(calling, facts, trace, tasks, self.face.refresh)
        self.dialer = Dialer(call, self.desk, messages, self._not_called)
        self.incoming = Incoming(config.answer, self.desk)
        self.asking = Asking(call, self.desk, words["call.refused"])
        self.playback = Playback(self.desk, media, display)
        self._wishes = Wishes(
            call, self.desk, words, self.dialer, self.incoming, self.asking, self.playback
        )
        second = bool(call.second_callee)
        self.hands = Hands(calling, self.face, trace, tasks, second=second, act=self.do)
        self._watching: Watching | None = None
        self._peer = ""
        if display is not None:
            media.local_view(display.own)
            self._watching = Watching(self.desk, display.remote)
        calling.on_media = self._on_media
        for event in Event:
            calling.on(event, self._on_event, event)

    async def run(self) -> None:
        """Keep clock, durations, numbers and limits going until cancelled."""
        while True:
            now = time.monotonic()
            self.limit(now)
            self.incoming.tick()
            self.asking.tick(now)
            self.monitor.take(now)
            self.face.refresh()
            await self._pause()

    async def _pause(self) -> None:
        """Until the next tick; at rest that is longer, but ends when something happens."""
        if isinstance(self.face.scene, sc.Idle) and not self._stirred.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REST):
                    await self._stirred.wait()
        else:
            self._stirred.clear()
            await asyncio.sleep(TICK)

    def limit(self, now: float) -> None:
        """End a call that is over its longest duration."""
        phase, limit = self.calling.phase, self.config.call.max_minutes * 60
        if limit and isinstance(phase, ph.Connected) and now - phase.since > limit:
            log.info("the call reached its limit of %d min", self.config.call.max_minutes)
            self.desk.attempt(self.calling.hangup)

    def device(self, kind: str, message: str) -> None:
        """The panel or the screen failed (`message` says how) or works (empty)."""
        if message:
            self.facts.faults[kind] = message
            self.trace.tell("fault", device=kind, message=message)
        else:
            self.facts.faults.pop(kind, None)
            self.trace.tell("open", device=kind)
        self.face.renew()

    @property
    def doing(self) -> str:
        """What the station needs its devices for now; an empty string when it does not."""
        if isinstance(self.calling.phase, ph.Call):
            return "in a call"
        if self.facts.leaving is not None:
            return "a visitor leaves a message"
        if self.facts.playing is not None:
            return "a message is played"
        return "it rings one after the other" if self.dialer.active else ""

    def do(self, intent: Intent) -> None:
        """Do what a person wants, and show what came of it."""
        self._stirred.set()
        match intent:
            case Intent.NUMBERS:
                self.monitor.toggle()
            case Intent.QUIT:
                self.quit.set()
            case _:
                self._wishes.do(intent)
        self.face.refresh()

    # -- what happens ------------------------------------------------------------------------

    def _on_event(self, event: Event, payload: dict[str, Any]) -> None:
        self._stirred.set()
        if event in TRACED:
            self.trace.tell(str(event), **payload)
        facts, now = self.facts, time.monotonic()
        facts.names.update({user: name for user, name in self.calling.names.items() if name})
        self._follow()
        match event, payload:
            case Event.INVITED, {"invite_id": call_id, "sponsor": sponsor}:
                if not self.incoming.hush(call_id, sponsor):
                    self.playback.interrupt()
                    facts.begin(now, payload["timeout"])
                    self.incoming.ring(call_id, sponsor)
            case Event.MISSED_CALLS, {"calls": calls}:
                facts.names.update({call["caller"]: call["name"] for call in calls if call["name"]})
                facts.miss(*missed_calls(calls, time.time()))
            case Event.CALL_END, _:
                self._ended(payload)
            case Event.KICKED_OUT, {"reason": reason} if not self.kicked.full():
                self.kicked.put_nowait(reason)
            case _:
                self._note(event, payload, now)
        self.face.refresh()

    def _note(self, event: Event, payload: dict[str, Any], now: float) -> None:
        """Remember what is shown of the hub and of the others in the call."""
        facts = self.facts
        match event, payload:
            case Event.CONNECTION_STATE, {"user_id": "hub"}:
                facts.hub_ok = payload["state"] == "connected"
            case Event.CONNECTION_STATE, {"user_id": user, "state": "connected"}:
                facts.lost.discard(user)
            case Event.CONNECTION_STATE, {"user_id": user}:
                facts.lost.add(user)
            case Event.USER_VOICE_VOLUME, {"volume_map": volumes}:
                others = {it["user_id"]: it["audio_volume"] for it in volumes}
                others.pop(self.calling.user_id, None)
                facts.speaking = speaking.follow(facts.speaking, others, now)
            case Event.TEXT, {"user_id": user, "text": text}:
                facts.say(user, text, now)
            case Event.CALL_TYPE_ASKED, {"user_id": user}:
                self.asking.asked(user)
            case Event.CALL_TYPE_CHANGED, _:
                self.asking.over()
            case Event.USER_LEAVE, {"user_id": user}:
                self.asking.over(user)

    def _follow(self) -> None:
        """Look at the call as it is now, whatever has happened."""
        phase = self.calling.phase
        if isinstance(phase, ph.Call):
            self._peer = phase.peer
        if isinstance(phase, ph.Connected):
            self.dialer.stop()
            self.incoming.over()
            self.playback.interrupt()
        if self._watching is not None:
            self._watching.follow()

    def _ended(self, payload: dict[str, Any]) -> None:
        call_id, reason, who = payload["invite_id"], payload["reason"], payload["user_id"]
        facts, by_me = self.facts, who == self.calling.user_id
        log.info("call ended: %s after %d s", reason, payload["call_end"])
        if call_id == facts.hushed:
            facts.hushed = ""
            return
        self.incoming.over(call_id, reason)
        failed = facts.ended is not None and facts.ended.detail
        if reason == "error" and by_me and (failed or self.dialer.active):
            return  # the words of the error are there already, or the next one is tried
        peer = facts.dialing or self._peer
        if not self.dialer.ended(reason, call_id):
            self._show_end(reason, peer, payload["call_end"], by_me=by_me)

    def _not_called(self, error: CallingError, ring: str) -> None:
        self._show_end("error", ring, by_me=True, detail=error.message)
        self.face.refresh()

    def _show_end(
        self, reason: str, peer: str, seconds: int = 0, *, by_me: bool, detail: str = ""
    ) -> None:
        until = time.monotonic() + self.config.call.ended_seconds
        name = self.facts.called(peer)
        self.facts.end(sc.Ended(reason, name, seconds, ended_by_me=by_me, detail=detail), until)

    def _has_no(self, kind: str) -> bool:
        camera, sound = self.config.camera.driver, self.config.sound.driver
        return {"camera": camera, "microphone": sound, "speaker": sound}.get(kind) == "none"

    def _on_media(self, event: MediaEvent) -> None:
        match event:
            case DeviceFault(kind=kind) if self._has_no(kind):
                pass  # it was left out on purpose
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


def _names(config: Config) -> dict[str, str]:
    """The names that a station with a hub inside knows, of users and of groups."""
    users = {user: known.name for user, known in config.hub.users.items()}
    groups = {dialplan.GROUP + group: known.name for group, known in config.hub.groups.items()}
    return {named: name for named, name in (users | groups).items() if name}
