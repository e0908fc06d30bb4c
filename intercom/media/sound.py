"""Microphone and speaker of the station: one signal out to all peers, all peers into one signal."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

import numpy as np

from .aiortc_seams import Encoded
from .device_slot import DeviceSlot
from .devices import Closable, Devices
from .echo import VoiceSettings
from .echo_path import EchoPath
from .events import DeviceFault, MediaEvent
from .loss import FIRST, LossMeter
from .mixer import Tone, mix, volume
from .opus import PACKET, RATE, OpusEncoder, OpusError
from .receive_audio import AudioReceiver
from .recorder import Recorder
from .tracks import PacketTrack

logger = logging.getLogger(__name__)

QUEUE = 20  # blocks of 10 ms between the microphone's thread and ours
MUTED_EVERY = 5  # packets: while muted one of five is sent, ten a second
_SILENCE = bytes(PACKET * 2)

Posted = TypeVar("Posted")


class Sound:
    """Joins microphone, speaker, tones and peers; methods belong to the loop's thread."""

    def __init__(
        self,
        devices: Devices,
        executor: Executor,
        report: Callable[[MediaEvent], None],
        voice: VoiceSettings | None = None,
    ) -> None:
        self.muted = False
        self._overruns = 0
        self._report = report
        self._silenced = False  # it was told of
        self._loop = asyncio.get_running_loop()
        self._encoder = OpusEncoder(loss=FIRST)
        self._losses = LossMeter()
        self._expected = FIRST  # percent that the encoder was told
        self._tracks: tuple[PacketTrack, ...] = ()
        self._receivers: tuple[AudioReceiver, ...] = ()  # replaced, never changed: read unlocked
        self._tone: Tone | None = None
        self.recorder = Recorder()
        self._echo = EchoPath(voice or VoiceSettings(), self._unfit)
        self._blocks: deque[tuple[bytes, float]] = deque(maxlen=QUEUE)  # and when they came
        self._condition = threading.Condition()
        self._closed = False
        self._pts = self._count = 0
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
        self._losses.forget(track)
        self._tracks = tuple(t for t in self._tracks if t is not track)
        self._receivers = tuple(r for r in self._receivers if r is not receiver)

    def lost(self, track: PacketTrack, fraction: float) -> None:
        """The receiver of `track` reports that `fraction` (0-1) of the packets is lost."""
        if any(track is t for t in self._tracks):
            self._losses.report(track, fraction)

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

    @property
    def echo_reduction(self) -> float | None:
        """By how many dB the microphone's sound is less than what came in while others talk."""
        return self._echo.reduction

    @property
    def counters(self) -> dict[str, int]:
        """What this station's sound has lost since it started.

        `xruns`: periods that the sound card or its driver lost. `overruns`: blocks of the
        microphone that came faster than they were worked off. `gaps`: times at which microphone or
        speaker stood still, seen by the clock; each costs some echo.
        """
        return {
            "xruns": self.microphone.xruns + self.speaker.xruns,
            "overruns": self._overruns,
            "gaps": sum(self._echo.gaps),
        }

    async def close(self) -> None:
        """Close the devices, join the thread; idempotent."""
        try:
            await asyncio.gather(self.microphone.close(), self.speaker.close())
        finally:
            with self._condition:
                self._closed = True
                self._condition.notify()
            await asyncio.to_thread(self._thread.join)
            self._encoder.close()

    def _fill(self, samples: int) -> bytes:
        """What the speaker plays next; in its thread. This mix is the canceller's reference."""
        now = time.monotonic()
        voices = [pulled for r in self._receivers if (pulled := r.pull(samples)) is not None]
        tone = self._tone
        if tone is not None and not tone.ended:
            voices.append(tone.pull(samples))
        played = mix(voices, samples)
        self._echo.played(played, now)
        return played.tobytes()

    def _heard(self, block: bytes) -> None:
        """A period from the microphone's thread; never waits."""
        now = time.monotonic()
        with self._condition:
            self._overruns += len(self._blocks) == QUEUE
            self._blocks.append((block, now))
            self._condition.notify()

    def _run(self) -> None:
        rest = b""
        while (heard := self._next()) is not None:
            # the canceller learns while muted, too
            clean = self._echo.heard(*heard)
            self.recorder.take(clean)  # between calls, when nothing is sent
            if self.muted:
                clean = np.zeros_like(clean)
            self._volume = max(self._volume, volume(clean))
            rest += clean.tobytes()
            while len(rest) >= PACKET * 2:
                pcm, rest = rest[: PACKET * 2], rest[PACKET * 2 :]
                self._packet(pcm)
        self._echo.close()

    def _unfit(self, message: str) -> None:
        """The microphone's thread cannot clean its sound."""
        self._post(self._report, DeviceFault("microphone", message))

    def _next(self) -> tuple[bytes, float] | None:
        with self._condition:
            while not self._blocks and not self._closed:
                self._condition.wait()
            return None if self._closed else self._blocks.popleft()

    def _packet(self, pcm: bytes) -> None:
        clock = time.monotonic_ns() * RATE // 1_000_000_000
        self._pts += PACKET
        if abs(clock - self._pts) > RATE // 4:  # opened again after a while
            self._pts = clock
        self._count += 1
        if self.muted and self._count % MUTED_EVERY:
            return
        if not any(track.is_open for track in self._tracks):
            return
        if self._expected != self._losses.percent:
            self._expected = self._losses.percent
            self._encoder.set_loss(self._expected)
        try:
            payload = self._encoder.encode(_SILENCE if self.muted else pcm)
        except OpusError as error:
            if not self._silenced:
                self._silenced = True
                self._unfit(f"its sound cannot be sent: {error}; reinstall libopus0")
            return
        self._post(self._fan_out, Encoded([payload], self._pts, key=True))

    def _post(self, call: Callable[[Posted], None], what: Posted) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call, what)

    def _fan_out(self, packet: Encoded) -> None:
        for track in self._tracks:
            track.push(packet)
