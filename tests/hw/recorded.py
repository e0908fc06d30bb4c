"""Sequences of picamera2's `outputframe` calls, recorded on a real encoder, and played again.

recorded_libx264.jsonl: picamera2 0.3.38's LibavH264Encoder on vimc's camera in a guest, 24 pictures
of 320x240 with a key frame at every tenth; from the 12th on the sensor mirrors its picture. Made by
`make test-picamera2`, which also plays what it has recorded just now.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import av
from aiortc.codecs.h264 import h264_depayload

from hw.picamera2_output import packet_output
from intercom.media.aiortc_seams import Arrived
from intercom.media.encoder import PassThrough
from intercom.media.receive_video import VideoReceiver
from intercom.media.tracks import PacketTrack
from tests.hw import fake_picamera2
from tests.media_rig import TestView, until, whole

LIBX264 = Path(__file__).parent / "recorded_libx264.jsonl"
H264 = 97  # a payload type


@dataclass(frozen=True, slots=True)
class Call:
    """One call of `outputframe`: an access unit in Annex B, microseconds from the first."""

    frame: bytes
    keyframe: bool
    timestamp: int | None
    audio: bool = False


def read(path: Path = LIBX264) -> list[Call]:
    """The calls of a recording, a JSON object a line."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [
        Call(b64decode(line["frame"]), line["keyframe"], line["timestamp"], line["audio"])
        for line in lines
    ]


@contextmanager
def output(on_packet: Callable[[Any], object]) -> Iterator[Any]:
    """The driver's Output, started as an encoder does; its base class is the stand-in's."""
    with patch.dict(sys.modules, fake_picamera2.tree(fake_picamera2.Platform.VC4)):
        made = packet_output(on_packet)
    made.start()
    yield made
    made.stop()


def play(calls: Sequence[Call], made: Any) -> None:
    """Call `outputframe` from a thread of its own, as the class for the Pi's encoder does."""

    def thread_poll() -> None:
        for call in calls:
            # Encoder.outputframe gives all five, by position.
            made.outputframe(call.frame, call.keyframe, call.timestamp, None, call.audio)

    thread = threading.Thread(target=thread_poll)
    thread.start()
    thread.join()


class Silent:
    """The camera that belongs to a recording: what it is asked for, it only remembers."""

    encoded = True

    def __init__(self) -> None:
        self.forced = 0

    def force_key_frame(self) -> None:
        """One more."""
        self.forced += 1

    def set_bitrate(self, bps: int) -> None:
        """As it was recorded."""

    def set_rate(self, fps: int) -> None:
        """As it was recorded."""

    def close(self) -> None:
        """Nothing is open."""


async def far_side(calls: Sequence[Call]) -> list[av.VideoFrame]:
    """The pictures of the far side: output, feed, RTP payloads, receiver with its decoder."""
    feed = PassThrough(Silent(), asyncio.get_running_loop(), 1_000_000)
    track = PacketTrack("video")
    feed.add(track)
    track.gate(True)
    view = Remembering()
    receiver = VideoReceiver("far", lambda: None, lambda ssrc, seqs: None, lambda ssrc: None)
    receiver.codecs = {H264: "H264"}
    receiver.view(view)
    seq = 0
    with output(feed.submit) as made:
        for call in calls:
            await asyncio.to_thread(play, [call], made)
            async with asyncio.timeout(10):
                coded = await whole(track)
            for payload in coded.payloads:
                seq += 1
                last = payload is coded.payloads[-1]
                data = h264_depayload(payload)
                receiver.add(Arrived(5, H264, seq, coded.timestamp, last, data, payload))
    await until(lambda: len(view.frames) == len(calls))
    await receiver.close()
    return view.frames


class Remembering(TestView):
    """Keeps all pictures."""

    __test__ = False

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[av.VideoFrame] = []

    def show(self, frame: av.VideoFrame) -> None:
        super().show(frame)
        self.frames.append(frame)
