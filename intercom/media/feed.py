"""One coded stream and the tracks it goes to: encoded once, sent to all."""

from __future__ import annotations

import asyncio
import logging
import threading
import time

from .aiortc_seams import Encoded
from .rate import RateLimit
from .tracks import PacketTrack

logger = logging.getLogger(__name__)

KEY_FRAME_INTERVAL = 0.3  # seconds; requests within it are served together at its end
CLOCK_RATE = 90_000  # of every video codec's RTP timestamps (RFC 6184, RFC 7741)


def media_time() -> int:
    """Now on the video clock, 90 kHz."""
    return time.monotonic_ns() * 9 // 100_000


class KeyFrameGate:
    """Requests for key frames, let through once an interval; safe from any thread."""

    def __init__(self, interval: float = KEY_FRAME_INTERVAL) -> None:
        self._interval = interval
        self._lock = threading.Lock()
        self._wanted = False
        self._next = 0.0

    def request(self) -> None:
        """Remember that a key frame is wanted."""
        with self._lock:
            self._wanted = True

    def take(self, now: float) -> bool:
        """Whether the coming frame is to be a key frame; the request is then served."""
        with self._lock:
            if not self._wanted or now < self._next:
                return False
            self._wanted = False
            self._next = now + self._interval
            return True


class Feed:
    """The tracks of one coded stream; subclasses bring the frames from their own thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, bitrate: int) -> None:
        self.keys = KeyFrameGate()
        self.wanted = False  # read by the encoder's thread: somebody's gate is open
        self.rate = RateLimit(bitrate)
        self.frames = 0
        self.dropped = 0  # pictures that came faster than they were coded
        self._loop = loop
        self._tracks: set[PacketTrack] = set()
        self._bitrate = bitrate

    def add(self, track: PacketTrack) -> None:
        """Send the stream to `track` while its gate is open."""
        self._tracks.add(track)
        track.restart()
        track.on_need_key = self.keys.request
        track.on_gate = self._gates_changed
        self._gates_changed()
        if track.is_open:
            self.keys.request()

    def remove(self, track: PacketTrack) -> None:
        """Forget `track`; idempotent."""
        self._tracks.discard(track)
        self.rate.forget(track)
        self._follow(self.rate.value)
        self._gates_changed()

    def reported(self, track: PacketTrack, bps: int) -> None:
        """The peer behind `track` can take `bps` (REMB)."""
        self._follow(self.rate.report(track, bps, time.monotonic()))

    def assume(self, track: PacketTrack, bps: float) -> None:
        """The peer behind `track` took `bps` of another stream."""
        self._follow(self.rate.assume(track, bps))

    def set_top(self, bitrate: int) -> None:
        """The most that is sent from now on, bits a second."""
        self._follow(self.rate.set_top(bitrate))

    def apply_bitrate(self, bps: int) -> None:
        """Follow `bps` without a new encoder; overridden where it matters."""

    def deliver(self, frame: Encoded) -> None:
        """Hand `frame` to every open track; from any thread."""
        self.frames += 1
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._fan_out, frame)

    def _fan_out(self, frame: Encoded) -> None:
        self.rate.sent(sum(map(len, frame.payloads)), time.monotonic())
        for track in self._tracks:
            track.push(frame)

    def _follow(self, bps: int) -> None:
        if bps != self._bitrate:
            self._bitrate = bps
            self.apply_bitrate(bps)

    def _gates_changed(self) -> None:
        self.wanted = any(track.is_open for track in self._tracks)
