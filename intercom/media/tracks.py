"""Outgoing tracks with a gate: what is sent is decided here, without a new negotiation."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from .aiortc_seams import Encoded

VIDEO_QUEUE = 15  # frames, half a second
AUDIO_QUEUE = 5  # packets of 20 ms
SPREAD = 0.025  # seconds over which a key frame's packets go out, within a frame's 33 ms
STEPS = 8  # pieces of a key frame at most
PIECE = 2  # packets in a piece at least


class PacketTrack(MediaStreamTrack):
    """A track of ready coded frames for one peer; belongs to the loop's thread.

    Shut at first. A full queue is emptied and filled again from the next key frame, which
    `on_need_key` asks for; `on_gate` hears of each change of the gate. A key frame goes out in
    pieces over `SPREAD` seconds; what is left of it when the next frame comes goes at once, so
    that no other frame waits.
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.on_need_key: Callable[[], None] = _nothing
        self.on_gate: Callable[[], None] = _nothing
        self.dropped = 0
        self._limit = VIDEO_QUEUE if kind == "video" else AUDIO_QUEUE
        self._queue: deque[Encoded] = deque()
        self._pieces: deque[Encoded] = deque()  # of the key frame that is going out
        self._due = 0.0  # when the next piece goes
        self._is_open = False
        self._await_key = True
        self._waiter: asyncio.Future[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether packets pass."""
        return self._is_open

    def gate(self, is_open: bool) -> None:
        """Open or shut; shut means not one more packet, open begins at a key frame."""
        if is_open == self._is_open:
            return
        self._is_open = is_open
        self._pieces.clear()
        self.restart()
        if is_open:  # asked for before the encoder hears that there is somebody to encode for
            self.on_need_key()
        self.on_gate()

    def restart(self) -> None:
        """Forget what is queued and begin again at a key frame: another stream comes."""
        self._queue.clear()
        self._await_key = True

    def request_key(self) -> None:
        """The peer asks for a key frame."""
        self.on_need_key()

    def push(self, frame: Encoded) -> None:
        """Queue `frame` for the peer if the gate is open and the decoder there can use it."""
        if not self._is_open:
            return
        if frame.key:
            self._await_key = False
        elif self._await_key:
            self.dropped += 1
            return
        if len(self._queue) >= self._limit and not self._make_room(frame):
            return
        self._queue.append(frame)
        self._wake()

    def _make_room(self, frame: Encoded) -> bool:
        if self.kind == "audio":
            self._queue.popleft()
            self.dropped += 1
            return True
        self.dropped += len(self._queue)
        self._queue.clear()
        if frame.key:
            return True
        self.dropped += 1
        self._await_key = True
        self.on_need_key()
        return False

    async def recv(self) -> Encoded:  # type: ignore[override]  # the seam's packer takes Encoded
        """The next frame, or piece of one, while the gate is open.

        Raises MediaStreamError once stopped.
        """
        loop = asyncio.get_running_loop()
        while (piece := self._take(loop.time())) is None:
            if self.readyState != "live":
                raise MediaStreamError
            self._waiter = loop.create_future()
            timer = loop.call_at(self._due, self._wake) if self._pieces else None
            try:
                await self._waiter
            finally:
                self._waiter = None
                if timer is not None:
                    timer.cancel()
        return piece

    def _take(self, now: float) -> Encoded | None:
        """What may go out now."""
        if not self._pieces:
            if not self._queue:
                return None
            self._pieces.extend(split(self._queue.popleft()))
        elif self._queue:  # another frame waits
            rest = [payload for piece in self._pieces for payload in piece.payloads]
            self._pieces = deque([replace(self._pieces[-1], payloads=rest)])
        elif now < self._due:
            return None
        piece = self._pieces.popleft()
        if self._pieces:
            self._due = now + SPREAD / STEPS
        return piece

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def stop(self) -> None:
        """End the track and wake who waits for it; idempotent."""
        super().stop()
        self._queue.clear()
        self._pieces.clear()
        self._is_open = False
        self.on_gate()
        self._wake()


def split(frame: Encoded) -> list[Encoded]:
    """The pieces in which `frame` goes out: one, but for a key frame of many packets."""
    count = len(frame.payloads)
    if not frame.key or count <= 2 * PIECE:
        return [frame]
    size = max(PIECE, -(-count // STEPS))
    return [
        replace(frame, payloads=frame.payloads[at : at + size], whole=at + size >= count)
        for at in range(0, count, size)
    ]


def _nothing() -> None:
    """Until somebody listens."""
