"""The media's way to one other party: a peer, followed to the plan, replaced when it is lost.

What may not be sent any more is shut at once, in `follow`. Everything that takes time is done by
one worker, which looks at the newest plan only, and takes the other side's signals in order.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection
from enum import Enum
from typing import Any, Protocol

import msgspec

from intercom import protocol as p
from intercom.errors import ProtocolError
from intercom.plan import PeerPlan
from intercom.tasks import Tasks

log = logging.getLogger(__name__)

RETRY = 4.0
"""Seconds that a new transport has to come up before another one is tried."""
PATIENCE = 1.0
"""Seconds after a loss before a new transport is tried. When the hub is lost as well, it is the
network, and the old transport goes on when that comes back."""
RESTART = "restart"
"""The kind of signal by which who answered asks for a new transport."""
SIGNALS = 256
"""Signals of the other side that may wait."""


class Line(Enum):
    """How a peer stands. A silent one may come back by itself; a broken one, or one that never was
    up, needs another in its place.
    """

    UP = 1
    SILENT = 2
    BROKEN = 3


class View(Protocol):
    """Where pictures go."""

    def show(self, frame: Any) -> None:
        """Take an av.VideoFrame; called from a media thread, must not block."""

    def clear(self) -> None:
        """Show nothing."""


class Peer(Protocol):
    """One connection to one other member (see `intercom.media`)."""

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


Signal = Callable[[dict[str, Any]], None]
MakePeer = Callable[[str, str, int, bool, Signal], Peer]
"""call ID, user ID, epoch, offerer, signal -> a peer, not started."""
SendSignal = Callable[[str, str, int, dict[str, Any]], None]
"""call ID, user ID, epoch, body -> to the other side."""


class Transport:
    """The peers to `user_id` in call `call_id`, one after the other. `close` ends it for good."""

    def __init__(self, call_id: str, user_id: str, make: MakePeer, signal: SendSignal) -> None:
        self.call_id, self.user_id = call_id, user_id
        self._make, self._signal = make, signal
        self._plan: PeerPlan | None = None
        self._peer: Peer | None = None
        self._epoch = -1  # of the peer, or of the last one
        self._line = Line.BROKEN
        self._hub_up = self._renewal = False
        self._view: View | None = None
        self._signals: deque[p.Signaled] = deque()
        self._wake = asyncio.Event()
        self._work = Tasks(f"transport to {user_id}")
        self._closing = Tasks("close of a transport")
        self._retry: asyncio.TimerHandle | None = None
        self._work.spawn(self._run())

    async def close(self) -> None:
        """Shut the gates now, then close the peer; idempotent."""
        self.follow(None)
        await self._work.close()
        self._forget()
        await self._closing.finished()

    def follow(self, plan: PeerPlan | None) -> None:
        """Make `plan` the aim; the gates of a peer that is there follow at once."""
        self._plan = plan
        self._gates()
        self._wake.set()

    def show(self, view: View | None) -> None:
        """Show the other's pictures there, or nowhere."""
        self._view = view
        if view is None and self._peer is not None:
            self._peer.view(None)
        self._gates()

    def signaled(self, message: p.Signaled) -> None:
        """Take a signal of the other side."""
        if len(self._signals) == SIGNALS:
            log.warning("too many signals of %s: one is dropped", message.user_id)
            return
        self._signals.append(message)
        self._wake.set()

    def connected(self) -> None:
        """The peer is up."""
        self._line = Line.UP

    def lost(self) -> None:
        """The other side is silent: the offerer builds a new transport under the same call."""
        if self._line is Line.UP:
            self._line = Line.SILENT
        self._renew_in(PATIENCE)

    def hub(self, up: bool) -> None:
        """The link to the hub, which carries the signals, is up or down."""
        self._hub_up = up
        if up and self._peer is not None and self._line is not Line.UP:
            self._renew_now()

    def moved(self, lost: Collection[str]) -> None:
        """These addresses of ours are gone: a peer that used one is dead, unnoticed yet."""
        if self._peer is not None and self._peer.uses(lost):
            self._line = Line.BROKEN
            self._renew_now()

    def stats(self) -> dict[str, Any]:
        """Return the counters of the present peer; empty without one."""
        return self._peer.stats if self._peer is not None else {}

    # -- the worker --------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._step()
            except Exception:  # of aiortc's, foreseen by nobody: it costs this transport, no more
                log.exception("the transport to %s failed", self.user_id)
                self._forget()
                self._line = Line.BROKEN
                self._renew_in(RETRY)

    async def _step(self) -> None:
        plan = self._plan
        if plan is not None and plan.epoch > self._epoch:
            await self._connect(plan, plan.epoch)
        while self._signals:
            await self._handle(self._signals.popleft())
        if self._renewal:
            self._renewal = False
            await self._renew()

    async def _connect(self, plan: PeerPlan, epoch: int) -> None:
        def signal(body: dict[str, Any]) -> None:
            self._signal(self.call_id, self.user_id, epoch, body)

        self._forget()
        self._epoch, self._line = epoch, Line.BROKEN
        self._peer = self._make(self.call_id, self.user_id, epoch, plan.offerer, signal)
        self._gates()
        self._renew_in(RETRY)  # an offer or its answer may be lost with a line to the hub
        await self._peer.start()

    def _gates(self) -> None:
        """Let through what the plan of now allows."""
        plan, peer = self._plan, self._peer
        if peer is None:
            return
        if plan is None:
            peer.send(audio=False, video=False)
            peer.listen(False)
            peer.view(None)
            return
        peer.listen(plan.hear)
        peer.view(self._view if plan.see else None)
        peer.send(audio=plan.send_audio, video=plan.send_video)

    async def _handle(self, message: p.Signaled) -> None:
        plan = self._plan
        if plan is None:
            return
        if message.epoch > self._epoch and not plan.offerer:
            await self._connect(plan, message.epoch)
        if self._peer is None or message.epoch != self._epoch:
            return
        body = msgspec.json.decode(message.body)
        if not isinstance(body, dict):
            log.warning("a signal of %s is no use: not an object", message.user_id)
        elif body.get("kind") == RESTART:
            self._line, self._renewal = Line.BROKEN, True
        else:
            try:
                await self._peer.handle(body)
            except ProtocolError as error:
                log.warning("a signal of %s is no use: %s", message.user_id, error)

    # -- when it is lost ---------------------------------------------------------------------

    async def _renew(self) -> None:
        """A new peer, unless the old one came back or nobody could hear of it."""
        plan = self._plan
        if plan is None or self._line is Line.UP or not self._hub_up:
            return
        if plan.offerer:
            log.info("media to %s lost: trying transport %d", self.user_id, self._epoch + 1)
            await self._connect(plan, self._epoch + 1)
        elif self._line is Line.BROKEN:
            self._signal(self.call_id, self.user_id, self._epoch, {"kind": RESTART})
            self._renew_in(RETRY)

    def _renew_now(self) -> None:
        self._renewal = True
        self._wake.set()

    def _renew_in(self, seconds: float) -> None:
        if self._retry is not None:
            self._retry.cancel()
        self._retry = asyncio.get_running_loop().call_later(seconds, self._renew_now)

    def _forget(self) -> None:
        """Close the peer, which may take a second when the other side is dead, aside."""
        if self._retry is not None:
            self._retry.cancel()
        peer, self._peer = self._peer, None
        if peer is not None:
            self._closing.spawn(peer.close())
