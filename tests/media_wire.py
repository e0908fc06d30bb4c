"""What goes over the line of two stations: opened, counted, lost, and heard at the other end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from intercom.media.aiortc_seams import Encoded
from intercom.media.feed import Feed
from tests.media_rig import Line, Side, TestDevices, loudness, tone


async def cameras_on(line: Line) -> None:
    """Both cameras."""
    await asyncio.gather(line.door.media.open_camera(), line.flat.media.open_camera())


async def all_on(line: Line) -> None:
    """Everything open: devices, gates and ears."""
    await cameras_on(line)
    await asyncio.gather(line.door.media.open_sound(), line.flat.media.open_sound())
    for side in (line.door, line.flat):
        side.peer.send(True, True)
        side.peer.listen(True)


class Wire:
    """What one side sends: counted, and lost when `lose` says so."""

    def __init__(self, side: Side, lose: Callable[[bytes], bool] = lambda data: False) -> None:
        self.rtp: list[bytes] = []
        self.rtcp: list[bytes] = []
        self.lost = 0
        self._send = side.transport._send_rtp  # noqa: SLF001 - losses go in below
        self._lose = lose
        side.transport._send_rtp = self._pass  # noqa: SLF001 - the same

    async def _pass(self, data: bytes) -> None:
        (self.rtcp if 192 <= data[1] <= 223 else self.rtp).append(data)
        if self._lose(data):
            self.lost += 1
            return
        await self._send(data)

    def kind(self, payload_type: int) -> list[bytes]:
        """RTP packets of `payload_type`."""
        return [data for data in self.rtp if data[1] & 0x7F == payload_type]


def payload_type(side: Side, kind: str) -> int:
    """The payload type that `side` sends `kind` with."""
    transceiver = next(t for t in side.pc.getTransceivers() if t.kind == kind)
    return transceiver._codecs[0].payloadType or 0  # noqa: SLF001 - no public name for it


def key_frames(feed: Feed) -> list[Encoded]:
    """The key frames that `feed` delivers from now on, as they come."""
    found: list[Encoded] = []
    deliver = feed.deliver

    def note(frame: Encoded) -> None:
        if frame.key:
            found.append(frame)
        deliver(frame)

    feed.deliver = note  # type: ignore[method-assign]  # it is listened to
    return found


class Clicks:
    """A voice that says a short beep twice a second, and knows when."""

    EVERY, LONG = 50, 4  # blocks of 10 ms

    def __init__(self) -> None:
        self.said: list[float] = []

    def __call__(self, block: int) -> bytes:
        if block % self.EVERY == 0:
            self.said.append(time.monotonic())
        return tone(block) if block % self.EVERY < self.LONG else bytes(960)

    def delays(self, heard: TestDevices) -> list[float]:
        """Seconds from mouth to ear of each beep that was heard by now."""
        loud = [
            at
            for at, block in zip(heard.played_at, heard.played, strict=False)
            if loudness([block]) > 2000
        ]
        found = []
        for said in self.said:
            after = [at - said for at in loud if 0 <= at - said < self.EVERY / 100]
            found += after[:1]
        return found
