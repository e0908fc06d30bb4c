"""Messages of visitors, seen and heard at this station, one after the other."""

from __future__ import annotations

import asyncio
import io
import logging
import time
from dataclasses import replace

import av

from hw.wav import read_samples
from intercom.errors import CallingError, Code
from intercom.media import Media
from intercom.plan import PLAYING
from intercom.station.desk import Desk
from intercom.station.display import Display
from intercom.station.model import Missed, Playing
from intercom.station.tones import RATE

log = logging.getLogger(__name__)

SHOWN = 30.0
"""Seconds that a message stays on the screen after its sound, or that it could not be had."""
PIXELS_MAX = 4096 * 2160
GONE = frozenset({Code.INVITATION_GONE, Code.NOT_PERMITTED})
"""Errors of a message that is not there any more."""


class Playback:
    """Shows one message at a time, of those in the facts. It is over for them once it was shown."""

    def __init__(self, desk: Desk, media: Media, display: Display | None) -> None:
        self._desk, self._facts, self._calling = desk, desk.facts, desk.calling
        self._media, self._display = media, display
        self._task: asyncio.Task[None] | None = None

    @property
    def shown(self) -> bool:
        """Whether a message is on the screen."""
        return self._facts.playing is not None

    def next(self) -> None:
        """Play the last message, or the one before that which is shown; the same if it is alone."""
        playing = self._facts.playing
        now = playing.of if playing is not None else None
        others = [it for it in self._facts.messages if now is None or it.message != now.message]
        self.close()
        if others or now is not None:
            self._begin(others[0] if others or now is None else now)

    def close(self) -> bool:
        """Show it no more; what was seen is not told again. Whether there was one."""
        playing = self._facts.playing
        if playing is None:
            return False
        self.interrupt()
        if playing.step in {"play", "over", "gone"}:
            self._forget(playing.of)
        return True

    def delete(self) -> None:
        """Delete the message that is shown."""
        playing = self._facts.playing
        if playing is not None:
            self.interrupt()
            self._forget(playing.of)
            self._desk.attempt(self._calling.delete_message, playing.of.message)

    def interrupt(self) -> None:
        """Something else is shown now; the message stays new if it was not closed."""
        if self._facts.playing is None:
            return
        if self._display is not None:
            self._display.still(self._facts.playing.of.message, None)
        self._facts.playing = None
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._quiet()

    # -- inside ------------------------------------------------------------------------------

    def _begin(self, call: Missed) -> None:
        self._facts.playing = Playing(call, "load")
        self._facts.ended = None
        self._task = self._desk.tasks.spawn(self._play(call))

    def _forget(self, of: Missed) -> None:
        calls = [it.call_id for it in self._facts.missed if it.message == of.message]
        self._facts.missed = tuple(it for it in self._facts.missed if it.message != of.message)
        if calls:
            self._desk.attempt(self._calling.seen, calls)

    def _step(self, step: str, until: float = 0.0) -> None:
        if self._facts.playing is not None:
            self._facts.playing = replace(self._facts.playing, step=step, until=until)
        self._desk.refresh()

    async def _play(self, call: Missed) -> None:
        try:
            sound, picture = await self._calling.fetch_message(call.message)
        except CallingError as error:
            self._desk.refused(error)
            self._step("gone" if error.code in GONE else "failed")
        else:
            await self._perform(call, sound, picture)
        await asyncio.sleep(SHOWN)
        self._task = None
        self.close()
        self._desk.refresh()

    async def _perform(self, call: Missed, sound: bytes, picture: bytes) -> None:
        frame = await asyncio.to_thread(still, picture)
        pcm = await asyncio.to_thread(samples, sound)
        if self._display is not None:
            self._display.still(call.message, frame)
        seconds = len(pcm) / 2 / RATE
        self._step("play", time.monotonic() + seconds)
        self._desk.trace.tell("message", message=call.message, seconds=seconds)
        if pcm:
            self._calling.rest(PLAYING)
            self._media.play(pcm, repeat=False)
            await asyncio.sleep(seconds)
            self._quiet()
        self._step("over")

    def _quiet(self) -> None:
        self._media.silence()
        self._calling.rest(None)


def still(jpeg: bytes) -> av.VideoFrame | None:
    """Return a JPEG as a picture; None for one that cannot be shown, which the log then tells."""
    if not jpeg:
        return None
    try:
        with av.open(io.BytesIO(jpeg), "r", "jpeg_pipe") as container:
            size = container.streams.video[0]
            if size.width * size.height > PIXELS_MAX:
                raise ValueError(f"{size.width}x{size.height} pixels")
            return next(container.decode(video=0))
    except (av.FFmpegError, ValueError, LookupError, StopIteration) as error:
        log.warning("a message's picture cannot be shown: %s", error)
        return None


def samples(wav: bytes) -> bytes:
    """Return a WAV file as s16le, mono, 48 kHz; empty for one that cannot be played."""
    if not wav:
        return b""
    try:
        return read_samples(io.BytesIO(wav), RATE, "wav")
    except (av.FFmpegError, ValueError, LookupError) as error:
        log.warning("a message's sound cannot be played: %s", error)
        return b""
