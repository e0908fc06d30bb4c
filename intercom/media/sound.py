"""Microphone and speaker of the station: one signal out to all peers, all peers into one signal."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor

import numpy as np

from .aiortc_seams import Encoded
from .devices import Closable, Devices, DeviceSlot
from .events import MediaEvent
from .mixer import Tone, mix, volume
from .opus import PACKET, RATE, OpusEncoder
from .receive_audio import AudioReceiver
from .tracks import PacketTrack

logger = logging.getLogger(__name__)

QUEUE = 20  # blocks of 10 ms between the microphone's thread and ours
MUTED_EVERY = 5  # packets: while muted one of five is sent, ten a second
_SILENCE = bytes(PACKET * 2)


class Sound:
    """Joins microphone, speaker, tones and peers; methods belong to the loop's thread."""

    def __init__(
        self, devices: Devices, executor: Executor, report: Callable[[MediaEvent], None]
    ) -> None:
        self.overruns = 0
        self.muted = False
        self._loop = asyncio.get_running_loop()
        self._encoder = OpusEncoder()
        self._tracks: tuple[PacketTrack, ...] = ()
        self._receivers: tuple[AudioReceiver, ...] = ()  # replaced, never changed: read unlocked
        self._tone: Tone | None = None
        self._blocks: deque[bytes] = deque(maxlen=QUEUE)
        self._condition = threading.Condition()
        self._closed = False
        self._pts = 0
        self._volume = 0
        self.microphone: DeviceSlot[Closable] = DeviceSlot(
            "microphone",
            lambda fault: devices.open_microphone(self._heard, fault),
            executor,
            report,
        )
        self.speaker: DeviceSlot[Closable] = DeviceSlot(
            "speaker", lambda fault: devices.open_speaker(self._fill, fault), executor, report
        )
        self._thread = threading.Thread(target=self._run, name="microphone-path", daemon=True)
        self._thread.start()

    def add(self, track: PacketTrack, receiver: AudioReceiver) -> None:
        """Send the microphone to `track` and play `receiver`."""
        self._tracks += (track,)
        self._receivers += (receiver,)

    def remove(self, track: PacketTrack, receiver: AudioReceiver) -> None:
        """Forget a peer; idempotent."""
        self._tracks = tuple(t for t in self._tracks if t is not track)
        self._receivers = tuple(r for r in self._receivers if r is not receiver)

    def set_mute(self, muted: bool) -> None:
        """Send silence instead of the microphone, at a low rate."""
        self.muted = muted

    def play(self, pcm: bytes, repeat: bool) -> None:
        """Play `pcm` (s16le, mono, 48 kHz) beside the voices, once or until `silence`."""
        self._tone = Tone(pcm, repeat)

    def silence(self) -> None:
        """End the tone."""
        self._tone = None

    def take_volume(self) -> int:
        """The loudest 10 ms (0-100) of the own voice, after mute, since the last call."""
        taken, self._volume = self._volume, 0
        return taken

    async def close(self) -> None:
        """Close the devices, join the thread; idempotent."""
        await asyncio.gather(self.microphone.close(), self.speaker.close())
        with self._condition:
            self._closed = True
            self._condition.notify()
        await asyncio.to_thread(self._thread.join)
        self._encoder.close()

    def _fill(self, samples: int) -> bytes:
        """What the speaker plays next; in its thread. This mix is the canceller's reference."""
        voices = [pulled for r in self._receivers if (pulled := r.pull(samples)) is not None]
        tone = self._tone
        if tone is not None and not tone.ended:
            voices.append(tone.pull(samples))
        return mix(voices, samples).tobytes()

    def _heard(self, block: bytes) -> None:
        """10 ms from the microphone's thread; never waits."""
        with self._condition:
            self.overruns += len(self._blocks) == QUEUE
            self._blocks.append(block)
            self._condition.notify()

    def _run(self) -> None:
        half = b""
        count = 0
        while (block := self._next()) is not None:
            # the microphone's block and what `_fill` played meet here
            if self.muted:
                block = bytes(len(block))
            self._volume = max(self._volume, volume(np.frombuffer(block, np.int16)))
            half += block
            if len(half) < PACKET * 2:
                continue
            pcm, half = half[: PACKET * 2], half[PACKET * 2 :]
            count += 1
            self._send(pcm, skip=self.muted and count % MUTED_EVERY != 0)

    def _next(self) -> bytes | None:
        with self._condition:
            while not self._blocks and not self._closed:
                self._condition.wait()
            return None if self._closed else self._blocks.popleft()

    def _send(self, pcm: bytes, *, skip: bool) -> None:
        clock = time.monotonic_ns() * RATE // 1_000_000_000
        self._pts += PACKET
        if abs(clock - self._pts) > RATE // 4:  # opened again after a while
            self._pts = clock
        if skip or not any(track.is_open for track in self._tracks):
            return
        payload = self._encoder.encode(_SILENCE if self.muted else pcm)
        if not self._loop.is_closed():
            packet = Encoded([payload], self._pts, key=True)
            self._loop.call_soon_threadsafe(self._fan_out, packet)

    def _fan_out(self, packet: Encoded) -> None:
        for track in self._tracks:
            track.push(packet)
