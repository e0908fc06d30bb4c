"""Brings the media to what the call's state plans, step by step, and never blocks the calls.

Two workers: one for the peers (cheap, in order with the signals of the other side), one for the
devices (opening a camera takes a second on a Pi, and must hold nothing else up). Both look at the
newest plan only.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine
from typing import Any, Protocol

import msgspec

from intercom import protocol as p
from intercom.errors import ProtocolError
from intercom.plan import Plan

log = logging.getLogger(__name__)

RETRY = 4.0
"""Seconds that a new transport has to come up before another one is tried."""
PATIENCE = 1.0
"""Seconds after a loss before a new transport is tried. When the hub is lost as well, it is the
network, and the old transport goes on when that comes back."""
RESTART = "restart"
"""The kind of signal by which who answered asks for a new transport: its addresses changed."""


class View(Protocol):
    """Where pictures go."""

    def show(self, frame: Any) -> None:
        """Take an av.VideoFrame; called from a media thread, must not block."""

    def clear(self) -> None:
        """Show nothing."""


class Peer(Protocol):
    """One transport to one other member (see `intercom.media`)."""

    async def start(self) -> None:
        """Begin; the offerer signals its offer."""

    async def handle(self, body: dict[str, Any]) -> None:
        """Take a signal of the other side."""

    def send(self, audio: bool, video: bool) -> None:
        """Open or shut the outgoing gates."""

    def listen(self, audio: bool) -> None:
        """Play the remote sound, or not."""

    def view(self, view: View | None) -> None:
        """Show the remote pictures there."""

    @property
    def stats(self) -> dict[str, Any]:
        """Counters since it began."""

    def uses(self, addresses: Collection[str]) -> bool:
        """Whether it goes by one of these own addresses."""

    async def close(self) -> None:
        """End it."""


class MediaLike(Protocol):
    """What the conductor uses of `intercom.media.Media`."""

    async def open_camera(self) -> None: ...
    async def close_camera(self) -> None: ...
    async def open_sound(self) -> None: ...
    async def close_sound(self) -> None: ...
    async def close_microphone(self) -> None: ...
    def set_mic_mute(self, muted: bool) -> None: ...
    def peer(
        self,
        call_id: str,
        user_id: str,
        epoch: int,
        offerer: bool,
        signal: Callable[[dict[str, Any]], None],
    ) -> Peer: ...


class Conductor:
    """Applies plans to one `Media`; `signal(call_id, user_id, epoch, body)` goes to the hub.

    After a call the speaker stays open for `tail` seconds, for the tone that tells of the end.
    """

    def __init__(
        self,
        media: MediaLike,
        signal: Callable[[str, str, int, dict[str, Any]], None],
        tail: float = 1.0,
    ) -> None:
        self._media = media
        self._signal = signal
        self._tail = tail
        self._plan: Plan | None = None
        self._changed = asyncio.Event()
        self._jobs: asyncio.Queue[Callable[[], Coroutine[Any, Any, None]]] = asyncio.Queue(256)
        self._peer: Peer | None = None
        self._key = ("", "", 0)
        self._up = self._hub_up = False
        self._views: dict[str, View] = {}
        self._workers: list[asyncio.Task[None]] = []
        self._closing: set[asyncio.Task[None]] = set()
        self._retry: asyncio.TimerHandle | None = None
        self._moved = self._replan = False

    def start(self) -> None:
        """Begin to work; `close` ends it."""
        self._workers = [
            self._spawn(self._devices(), "devices"),
            self._spawn(self._peers(), "peers"),
        ]

    async def close(self) -> None:
        """Close the peer and the devices."""
        self._plan = None
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._forget()
        await asyncio.gather(*self._closing, return_exceptions=True)
        await self._media.close_camera()
        await self._media.close_sound()

    def apply(self, plan: Plan | None) -> None:
        """Make `plan` the aim; returns at once."""
        if plan == self._plan:
            return
        self._plan = plan
        # At once, not behind a slow camera or transport: what may not be heard or seen any more.
        self._media.set_mic_mute(plan is None or plan.muted)
        if self._peer is not None:
            self._gates()
        self._changed.set()
        self._replan = True
        self._queue(self._apply_peer)

    def signaled(self, message: p.Signaled) -> None:
        """Take a signal of the other side."""
        self._queue(lambda: self._handle(message))

    def connected(self) -> None:
        """The transport is up."""
        self._up = True

    def lost(self) -> None:
        """The other side is silent: the offerer builds a new transport under the same call."""
        self._up = False
        self._renew_in(PATIENCE)

    def hub(self, up: bool) -> None:
        """The link to the hub, which carries the signals, is up or down."""
        self._hub_up = up
        if up and self._peer is not None and not self._up:
            self._queue(self._renew)

    def moved(self, lost: Collection[str]) -> None:
        """These addresses of ours are gone: a transport that used one is dead, unnoticed yet."""
        if self._peer is not None and self._peer.uses(lost):
            self._up, self._moved = False, True
            self._queue(self._renew)

    def stats(self) -> dict[str, Any]:
        """Return the counters of the present peer; empty without one."""
        return self._peer.stats if self._peer is not None else {}

    def view(self, user_id: str, view: View | None) -> None:
        """Show `user_id` there, now and in later calls, until None."""
        if view is None:
            self._views.pop(user_id, None)
        else:
            self._views[user_id] = view
        if self._peer is not None and self._key[1] == user_id:
            self._peer.view(view if self._plan is not None and self._plan.see else None)

    # -- inside ------------------------------------------------------------------------------

    def _queue(self, job: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            self._jobs.put_nowait(job)
        except asyncio.QueueFull:
            log.warning("media cannot follow: something for the transport is dropped")

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._closing.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            context = {"message": f"media task {task.get_name()} failed", "exception": error}
            task.get_loop().call_exception_handler(context)

    async def _devices(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            plan = self._plan
            if plan is None:
                await asyncio.gather(self._media.close_camera(), self._media.close_microphone())
                await self._fall_silent()
                continue
            camera, sound = self._media.close_camera, self._media.close_sound
            if plan.camera:
                camera = self._media.open_camera
            if plan.sound:
                sound = self._media.open_sound
            await asyncio.gather(camera(), sound())

    async def _fall_silent(self) -> None:
        """Close the speaker once the tone at the end has been heard, unless a call comes first."""
        try:
            async with asyncio.timeout(self._tail):
                await self._changed.wait()
        except TimeoutError:
            await self._media.close_sound()

    async def _peers(self) -> None:
        while True:
            job = await self._jobs.get()
            await self._supervised(job)
            if self._replan:  # also where the queue was too full for it
                await self._supervised(self._apply_peer)

    async def _supervised(self, job: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do a job; one that fails costs its transport, not the calls to come."""
        try:
            await job()
        except Exception:
            log.exception("the transport failed")
            self._forget()

    async def _apply_peer(self) -> None:
        self._replan = False
        plan = self._plan
        wanted = (plan.call_id, plan.peer) if plan is not None and plan.connect else ("", "")
        if self._peer is not None and wanted != self._key[:2]:
            self._forget()
        if plan is None or not plan.connect:
            return
        if self._peer is None:
            await self._connect(plan, 0)
        self._gates()

    def _gates(self) -> None:
        """Let through what the plan of now allows, and nothing to whom it does not name."""
        plan, peer = self._plan, self._peer
        if peer is None:
            return
        if plan is None or (plan.call_id, plan.peer) != self._key[:2]:
            peer.send(audio=False, video=False)
            peer.listen(False)
            return
        peer.listen(plan.hear)
        peer.view(self._views.get(plan.peer) if plan.see else None)
        peer.send(audio=plan.send_audio, video=plan.send_video)

    async def _connect(self, plan: Plan, epoch: int) -> None:
        call_id, user_id = plan.call_id, plan.peer

        def signal(body: dict[str, Any]) -> None:
            self._signal(call_id, user_id, epoch, body)

        self._key, self._up, self._moved = (call_id, user_id, epoch), False, False
        peer = self._peer = self._media.peer(call_id, user_id, epoch, plan.offerer, signal)
        self._gates()
        await peer.start()

    async def _handle(self, message: p.Signaled) -> None:
        plan = self._plan
        if plan is None or (plan.call_id, plan.peer) != (message.call_id, message.user_id):
            return
        if message.epoch > self._key[2] and not plan.offerer:
            self._forget()
            await self._connect(plan, message.epoch)
        if self._peer is None or message.epoch != self._key[2]:
            return
        body = msgspec.json.decode(message.body)
        if not isinstance(body, dict):
            log.warning("a signal of %s is no use: not an object", message.user_id)
            return
        if body.get("kind") == RESTART:
            self._up = False
            await self._renew()
            return
        try:
            await self._peer.handle(body)
        except ProtocolError as error:
            log.warning("a signal of %s is no use: %s", message.user_id, error)

    async def _renew(self) -> None:
        """A new transport, unless the old one came back or nobody could hear of it."""
        plan = self._plan
        if plan is None or not plan.connect or self._up or not self._hub_up:
            return
        if not plan.offerer:
            if self._moved and self._peer is not None:
                self._signal(plan.call_id, plan.peer, self._key[2], {"kind": RESTART})
            return
        epoch = self._key[2] + 1
        log.info("media to %s lost: trying transport %d", plan.peer, epoch)
        self._forget()
        await self._connect(plan, epoch)
        self._gates()
        self._renew_in(RETRY)

    def _renew_in(self, seconds: float) -> None:
        if self._retry is not None:
            self._retry.cancel()
        loop = asyncio.get_running_loop()
        self._retry = loop.call_later(seconds, self._queue, self._renew)

    def _forget(self) -> None:
        """Close the peer, which may take a second when the other side is dead, aside."""
        if self._retry is not None:
            self._retry.cancel()
        peer, self._peer = self._peer, None
        if peer is not None:
            self._closing.add(self._spawn(peer.close(), "peer close"))
