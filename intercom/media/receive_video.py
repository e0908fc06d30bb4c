"""The picture of one peer: packets to frames to a view."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

import av

from .aiortc_seams import Arrived
from .assembler import Assembler, Fed, VideoPacket
from .decoder import Decoder
from .devices import View
from .rtp_payload import h264_starts_key, vp8_starts_key
from .showing import Showing

logger = logging.getLogger(__name__)


class VideoReceiver:
    """Lives in the loop's thread; a view is called from the decoder's thread.

    Once the first picture was there, nothing is decoded while nobody looks.
    """

    def __init__(
        self,
        name: str,
        on_first: Callable[[], None],
        ask: Callable[[int, Sequence[int]], None],
        tell_loss: Callable[[int], None],
    ) -> None:
        self.codecs: dict[int, str] = {}  # by payload type, once negotiated
        self.assembler = Assembler()
        self.decoder = Decoder(self._show, self._lost_in_thread, name)
        self._loop = asyncio.get_running_loop()
        self._on_first = on_first
        self._ask = ask
        self._tell_loss = tell_loss
        self._showing = Showing(f"the picture of {name}")
        self._shown = False
        self._skipped = False
        self._timer: asyncio.TimerHandle | None = None
        self._ssrc = 0
        self._codec = ""
        self._closed = False

    def add(self, packet: Arrived) -> None:
        """The tap: one RTP packet, in the loop's thread."""
        codec = self.codecs.get(packet.payload_type)
        if self._closed or codec is None:
            return
        if packet.ssrc != self._ssrc:
            self._ssrc, self.assembler = packet.ssrc, Assembler()
        self._codec = codec
        if codec == "H264":
            key = h264_starts_key(packet.data)
        else:
            key = vp8_starts_key(packet.payload, packet.data)
        info = VideoPacket(packet.seq, packet.timestamp, packet.marker, key, packet.data)
        self._perform(self.assembler.feed(info, time.monotonic()))

    def view(self, view: View | None) -> None:
        """Show the pictures in `view` from now on; None shows them nowhere."""
        self._showing.turn_to(view)
        if view is not None and self._skipped:
            self._skipped = False
            self._lost()  # of what was not decoded nothing is left to build on

    async def close(self) -> None:
        """Stop decoding and clear the view; idempotent, does not block the loop."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self.decoder.stop()
        try:
            await asyncio.to_thread(self.decoder.close)
        finally:
            self.view(None)

    def _perform(self, fed: Fed) -> None:
        self._skipped = self._skipped or (self._shown and not self._showing.seen)
        for frame in fed.frames if not self._skipped else ():
            self.decoder.submit(self._codec, frame)
        if fed.nacks:
            self._ask(self._ssrc, fed.nacks)
        if fed.pli:
            self._tell_loss(self._ssrc)
        self._schedule()

    def _schedule(self) -> None:
        due = self.assembler.next_tick()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due is not None and not self._closed:
            self._timer = self._loop.call_later(max(0.0, due - time.monotonic()), self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._perform(self.assembler.tick(time.monotonic()))

    def _show(self, frame: av.VideoFrame) -> None:
        self._showing.show(frame)
        if not self._shown:
            self._shown = True
            self._post(self._on_first)

    def _lost_in_thread(self) -> None:
        self._post(self._lost)

    def _lost(self) -> None:
        if not self._closed:
            self.assembler.lose()
            self._perform(self.assembler.tick(time.monotonic()))

    def _post(self, call: Callable[[], None]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call)
