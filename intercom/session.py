"""One login: the call machine, the link and the media, joined. Feed, then perform, at once."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

import msgspec

from intercom import call
from intercom import phases as ph
from intercom import protocol as p
from intercom.conductor import Conductor
from intercom.emitter import Emitter
from intercom.errors import CallingError, Code
from intercom.events import Event
from intercom.link import Link, LinkDown, LinkEvent, LinkOver, LinkUp, Tls
from intercom.link_http import HubHttp
from intercom.link_network import NetworkWatch
from intercom.media import (
    DeviceFault,
    DeviceRestored,
    DevicesChanged,
    Media,
    MediaEvent,
    PeerConnected,
    PeerLost,
    PeerRestored,
    VoiceVolume,
)
from intercom.mesh import Mesh
from intercom.plan import Plan, plan
from intercom.protocol import Reason

log = logging.getLogger(__name__)

FAULT_CODES = {
    "camera": Code.NO_CAMERA,
    "microphone": Code.NO_MICROPHONE,
    "speaker": Code.NO_SPEAKER,
}


class Session(Emitter):
    """What `Calling` stands on: one user's phase, and everything that follows from it."""

    def __init__(
        self,
        hub: str,
        media: Media | None = None,
        ssl_context: Tls = None,
        client: str = "intercom",
    ) -> None:
        super().__init__()
        self.phase: ph.Phase = ph.Idle()
        self.user_id = ""
        self.names: dict[str, str] = {}
        self.media = media
        if media is not None:
            media.report = self.media_event
        self.on_media: Callable[[MediaEvent], None] = lambda event: None
        self.link = Link(hub, self._on_link, ssl_context, client)
        self.http = HubHttp(hub, ssl_context)
        self._rest: Plan | None = None
        self._broken: set[str] = set()
        self._conductor: Conductor | None = None
        self._network = NetworkWatch(self._network_changed)
        self._grace: asyncio.TimerHandle | None = None

    # -- in ----------------------------------------------------------------------------------

    def feed(self, event: ph.Input) -> None:
        """Give the machine an event and do what it says; CallingError changes nothing."""
        before = self.phase
        phase, effects = call.feed(before, event, time.monotonic())
        # What would be refused must be refused before anything has changed.
        if isinstance(event, ph.Dialed | ph.Answered | ph.JoinAsked) and not self.link.connected:
            raise CallingError(Code.HUB_UNREACHABLE, "no connection to the hub: try again shortly")
        self.phase = phase
        if phase is not before:
            log.debug("! %s -> %s", before, phase)
        self.link.call_id = phase.call_id
        for effect in effects:
            self._perform(effect)
        self._direct()

    def rest(self, plan: Plan | None) -> None:
        """Use the devices so while no call is on; None: leave them shut."""
        self._rest = plan
        self._direct()

    def _direct(self) -> None:
        if self._conductor is not None:
            self._conductor.apply(plan(self.phase) or self._rest)

    def start_media(self) -> None:
        """Let the media follow the calls, and the network."""
        self._network.start()
        if self.media is not None and self._conductor is None:
            self._conductor = Conductor(self.media, self._signal)
            self._conductor.start()

    async def stop_media(self) -> None:
        """Close peers and devices."""
        self._network.close()
        conductor, self._conductor = self._conductor, None
        if conductor is not None:
            await conductor.close()

    @property
    def mesh(self) -> Mesh:
        """The ways to the others; CallingError when this client has no media, or no login."""
        if self._conductor is None:
            raise CallingError(Code.NOT_LOGGED_IN, "no media: give Calling a Media, then log in")
        return self._conductor.mesh

    # -- out ---------------------------------------------------------------------------------

    def _perform(self, effect: ph.Effect) -> None:
        match effect:
            case ph.Send(message=message):
                if self.link.connected:
                    self.link.send(self._honest(message))
            case ph.Emit(event=Event.CALL_END, payload=payload):
                self.emit(Event.CALL_END, payload | {"user_id": payload["user_id"] or self.user_id})
            case ph.Emit(event=event, payload=payload):
                self.emit(event, payload)
            case ph.StartGrace(call_id=call_id, seconds=seconds):
                self._stop_grace()
                loop = asyncio.get_running_loop()
                self._grace = loop.call_later(seconds, self.feed, ph.GraceOver(call_id))
            case ph.StopGrace():
                self._stop_grace()

    def _stop_grace(self) -> None:
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None

    def _signal(self, call_id: str, user_id: str, epoch: int, body: dict[str, Any]) -> None:
        if self.link.connected and self.phase.call_id == call_id:
            raw = msgspec.Raw(msgspec.json.encode(body))
            self.link.send(p.Signal(call_id, user_id, epoch, raw))

    # -- the link's events -------------------------------------------------------------------

    def _on_link(self, event: LinkEvent) -> None:
        match event:
            case LinkUp(welcome=welcome):
                self.http.user_sig = self.link.bearer
                self.names.update(welcome.names)
                if self.media is not None:
                    self.media.configure(welcome.ice_servers)
                self.feed(ph.HubBack(welcome.call_id))
                self._mesh(lambda mesh: mesh.hub(True))
                self._peer_is("hub", "connected")
                self.emit(Event.SDK_READY, {})
                if welcome.missed:
                    self.emit(Event.MISSED_CALLS, {"calls": [_missed(c) for c in welcome.missed]})
            case LinkDown():
                self._mesh(lambda mesh: mesh.hub(False))
                self.feed(ph.HubLost())
                self._peer_is("hub", "reconnecting")
            case LinkOver(why=why):
                self.feed(ph.HungUp(Reason.KICKED))
                self._peer_is("hub", "lost")
                self.emit(Event.KICKED_OUT, {"reason": why})
            case p.Missed(calls=calls):
                self.emit(Event.MISSED_CALLS, {"calls": [_missed(c) for c in calls]})
            case p.IceServers(ice_servers=servers):
                if self.media is not None:
                    self.media.configure(servers)
            case p.Signaled():
                if event.call_id == self.phase.call_id:
                    self._mesh(lambda mesh: mesh.signaled(event))
            case p.Invited(sponsor=sponsor, name=name):
                self.names[sponsor] = name
                self.feed(event)
            case _:
                self.feed(event)

    def _mesh(self, tell: Callable[[Mesh], None]) -> None:
        if self._conductor is not None:
            tell(self._conductor.mesh)

    def _network_changed(self, lost: frozenset[str], gained: frozenset[str]) -> None:
        if lost:
            self.link.moved(lost)
            self._mesh(lambda mesh: mesh.moved(lost))
        self.link.hurry()

    def _peer_is(self, user_id: str, state: str) -> None:
        self.emit(Event.CONNECTION_STATE, {"user_id": user_id, "state": state})

    # -- the media's events ------------------------------------------------------------------

    def media_event(self, event: MediaEvent) -> None:
        """Take an event of the media; hand this to `Media` as its `report`."""
        match event:
            case PeerConnected() | PeerRestored() if event.call_id == self.phase.call_id:
                self._mesh(lambda mesh: mesh.connected(event.user_id))
                self._peer_is(event.user_id, "connected")
            case PeerLost() if event.call_id == self.phase.call_id:
                self._peer_is(event.user_id, "reconnecting")
                self._mesh(lambda mesh: mesh.lost(event.user_id))
            case VoiceVolume(levels=levels):
                volumes = [
                    {"user_id": user or self.user_id, "audio_volume": level}
                    for user, level in levels.items()
                ]
                if isinstance(self.phase, ph.Connected):
                    self.emit(Event.USER_VOICE_VOLUME, {"volume_map": volumes})
            case DeviceFault(kind=kind, message=message):
                self._device_fault(kind, message)
            case DeviceRestored(kind=kind):
                self._device_back(kind)
            case DevicesChanged():
                self.tasks.spawn(self._list_devices())
        self.on_media(event)

    def _device_fault(self, kind: str, message: str) -> None:
        log.warning("%s: %s", kind, message)
        code = FAULT_CODES.get(kind, Code.DEVICE_REFUSED)
        self.emit(Event.ERROR, {"code": int(code), "msg": message})
        self._broken.add(kind)
        self._devices_changed()

    def _device_back(self, kind: str) -> None:
        log.info("the %s is back", kind)
        self._broken.discard(kind)
        self._devices_changed()

    def _devices_changed(self) -> None:
        phase = self.phase
        if not isinstance(phase, ph.Idle):
            told = p.Available(phase.call_id, video=phase.video, audio=phase.audio)
            self._perform(ph.Send(told))
        self.tasks.spawn(self._list_devices())

    async def _list_devices(self) -> None:
        if self.media is not None:
            try:
                cameras = await asyncio.to_thread(self.media.cameras)
                microphones = await asyncio.to_thread(self.media.microphones)
            except (OSError, RuntimeError) as error:
                log.warning("devices cannot be listed: %s", error)
                return
            self.emit(Event.DEVICE_UPDATED, {"cameras": cameras, "microphones": microphones})

    def _honest(self, message: p.Message) -> p.Message:
        """Do not promise what a broken device cannot give; our wish for it stays."""
        if not isinstance(message, p.Invite | p.Accept | p.Join | p.Available) or not self._broken:
            return message
        return msgspec.structs.replace(
            message,
            video=message.video and "camera" not in self._broken,
            audio=message.audio and "microphone" not in self._broken,
        )


def _missed(call: p.MissedCall) -> dict[str, Any]:
    return {
        "invite_id": call.call_id,
        "caller": call.caller,
        "name": call.name or call.caller,
        "call_type": int(call.type),
        "reason": str(call.reason),
        "ago": call.ago,
        "group_id": call.group_id,
        "message": call.message,
    }
