"""Outgoing tracks with a gate: what is sent is decided here, without a new negotiation."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from .aiortc_seams import Encoded

VIDEO_QUEUE = 15  # frames, half a second
AUDIO_QUEUE = 5  # packets of 20 ms


class PacketTrack(MediaStreamTrack):
    """A track of ready coded frames for one peer; belongs to the loop's thread.

    Shut at first. A full queue is emptied and filled again from the next key frame, which
    `on_need_key` asks for; `on_gate` hears of each change of the gate.
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.on_need_key: Callable[[], None] = _nothing
        self.on_gate: Callable[[], None] = _nothing
        self.dropped = 0
        self._limit = VIDEO_QUEUE if kind == "video" else AUDIO_QUEUE
        self._queue: deque[Encoded] = deque()
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
        self.restart()
        self.on_gate()
        if is_open:
            self.on_need_key()

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
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

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
        """The next frame while the gate is open. Raises MediaStreamError once stopped."""
        while not self._queue:
            if self.readyState != "live":
                raise MediaStreamError
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._queue.popleft()

    def stop(self) -> None:
        """End the track and wake who waits for it; idempotent."""
        super().stop()
        self._queue.clear()
        self._is_open = False
        self.on_gate()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _nothing() -> None:
    """Until somebody listens."""
