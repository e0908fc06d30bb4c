"""Stations on real sound paths: PyAudio on a private sound server, and ears to measure by."""

from __future__ import annotations

import asyncio
import os
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from tempfile import TemporaryFile
from typing import Any

import numpy as np
import numpy.typing as npt

import hw
from hw import SoundSettings
from intercom.media import Media, VoiceSettings
from tests.audio_scene import RATE, Signal, pcm, powers
from tests.media_rig import Device, Line, TestDevices

Samples = npt.NDArray[np.int16]


class Voice:
    """A test device's microphone that says `samples`, again and again; 10 ms a block."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples[: len(samples) // 480 * 480].reshape(-1, 480)

    def block(self, count: int) -> bytes:
        """The block number `count`."""
        return bytes(self._samples[count % len(self._samples)].tobytes())


class Room(TestDevices):
    """A microphone that speaks `voice`, or PyAudio's; a speaker that remembers, or PyAudio's."""

    def __init__(
        self,
        voice: Samples | None = None,
        microphone: str = "",
        speaker: str = "",
        period_ms: int = 10,
    ) -> None:
        super().__init__()
        self.heard: list[bytes] = []
        self.real: dict[str, Any] = {}
        self._voice = Voice(np.zeros(480, np.int16) if voice is None else voice)
        self._names = {"microphone": microphone, "speaker": speaker}
        self._period_ms = period_ms

    def open_microphone(
        self, on_samples: Callable[[bytes], None], on_fault: Callable[[str], None]
    ) -> Any:  # as wide as both kinds
        def tapped(block: bytes) -> None:
            self.heard.append(block)
            on_samples(block)

        if not self._names["microphone"]:
            return Device(0.01, lambda count: tapped(self._voice.block(count)))
        settings = SoundSettings(self._names["microphone"], period_ms=self._period_ms)
        self.real["microphone"] = hw.open_microphone("pyaudio", settings, tapped, on_fault)
        return self.real["microphone"]

    def open_speaker(
        self, fill: Callable[[int], bytes], on_fault: Callable[[str], None]
    ) -> Any:  # as wide as both kinds
        if not self._names["speaker"]:
            return Device(0.01, lambda count: self.played.append(fill(480)))

        def tapped(count: int) -> bytes:
            self.played.append(fill(count))
            return self.played[-1]

        settings = SoundSettings(self._names["speaker"], period_ms=self._period_ms)
        self.real["speaker"] = hw.open_speaker("pyaudio", settings, tapped, on_fault)
        return self.real["speaker"]


@asynccontextmanager
async def talking(
    door: TestDevices, flat: TestDevices, voice: VoiceSettings
) -> AsyncIterator[tuple[Media, Media]]:
    """A call with sound between stations with these devices."""
    line = Line()
    for side, devices in ((line.door, door), (line.flat, flat)):
        await side.media.close()
        side.devices = devices
        side.media = Media(devices, lambda event: None, voice=voice)
    async with line:
        await line.connect()
        for side in (line.door, line.flat):
            await side.media.open_sound()
            side.peer.listen(True)
            side.peer.send(True, False)
        yield line.door.media, line.flat.media


class Ear:
    """Listens to a source of the sound server, and knows when each sample came."""

    def __init__(self, source: str) -> None:
        command = ["parec", f"--device={source}", "--raw", "--rate=48000", "--format=s16le"]
        command += ["--channels=1", "--latency-msec=5", "--process-time-msec=5"]
        self._program = subprocess.Popen(command, stdout=subprocess.PIPE)
        self._blocks: list[bytes] = []
        self._lateness: list[float] = []
        self._thread = threading.Thread(target=self._listen, name="test-ear", daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        assert self._program.stdout is not None
        count = 0
        while data := os.read(self._program.stdout.fileno(), 4096):
            self._blocks.append(data)
            count += len(data)
            self._lateness.append(time.monotonic() - count / 2 / RATE)

    def stop(self) -> tuple[float, Signal]:
        """When the first sample came, and all of them."""
        self._program.terminate()
        self._program.wait(10)
        self._thread.join()
        assert self._program.stdout is not None
        self._program.stdout.close()
        data = b"".join(self._blocks)
        samples = np.frombuffer(data[: len(data) // 2 * 2], np.int16) / 32768
        return float(np.median(self._lateness)), samples


@contextmanager
def acoustic_path(latency_ms: int = 40) -> Iterator[None]:
    """What the speaker plays is heard by the microphone, `latency_ms` later."""
    module = pactl(
        "load-module",
        "module-loopback",
        "source=spk.monitor",
        "sink=mic_in",
        f"latency_msec={latency_ms}",
    )
    try:
        yield
    finally:
        pactl("unload-module", module)


@contextmanager
def playing(sound: bytes, sink: str = "mic_in") -> Iterator[None]:
    """Sound (s16le, mono, 48 kHz) before the microphone, or at another sink, in this block."""
    with TemporaryFile() as source:
        source.write(sound)
        source.seek(0)
        command = ["pacat", "--playback", f"--device={sink}", "--raw", "--rate=48000"]
        command += ["--format=s16le", "--channels=1", "--latency-msec=20"]
        player = subprocess.Popen(command, stdin=source)
        try:
            yield
        finally:
            player.kill()
            player.wait(10)


def pactl(*arguments: str) -> str:
    """What the sound server answers."""
    run = subprocess.run(["pactl", *arguments], capture_output=True, text=True, check=True)
    return run.stdout.strip()


def delays(mouth: tuple[float, Signal], ear: tuple[float, Signal], window: float = 1.0) -> Signal:
    """How many seconds after `mouth` the same is heard by `ear`, in each window of speech."""
    found = []
    size = round(window * RATE)
    reach = round(0.5 * RATE)
    for at in range(0, len(mouth[1]) - size - reach, size):
        said = mouth[1][at : at + size]
        start = round((mouth[0] - ear[0]) * RATE) + at
        heard = ear[1][max(0, start) : start + size + reach]
        if start < 0 or len(heard) < size + reach or np.sqrt(np.mean(said**2)) < 0.01:
            continue
        length = 2 * (size + reach)
        cross = np.fft.rfft(heard, length) * np.conj(np.fft.rfft(said, length))
        match = np.fft.irfft(cross, length)[:reach]
        if np.max(match) > 0.3 * np.sqrt(np.sum(said**2) * np.sum(heard[:size] ** 2)):
            found.append(int(np.argmax(match)) / RATE)
    return np.array(found)


def levels(blocks: list[bytes]) -> Signal:
    """The level of each second in dB full scale."""
    samples = np.frombuffer(b"".join(blocks), np.int16) / 32768
    return 10 * np.log10(powers(samples, RATE) + 1e-12)


async def echo_heard(voice: VoiceSettings, speech: Signal, seconds: float) -> dict[str, float]:
    """The far end talks into a station with real devices: what it gets back of itself."""
    door = Room(pcm(speech))
    flat = Room(microphone="house_microphone", speaker="house_speaker")
    async with talking(door, flat, voice) as (_, media):
        await asyncio.sleep(3.5)  # 2.5 s into speech, and some to get there
        sound = media._sound  # noqa: SLF001 - its counters
        heard, played, before = len(flat.heard), len(door.played), sound.counters
        await asyncio.sleep(seconds)
        microphone, back = levels(flat.heard[heard:]), levels(door.played[played:])
        both = min(len(microphone), len(back))
        echo = sound._echo  # noqa: SLF001 - the same
        return {
            "microphone_db": float(np.median(microphone)),
            "erle_db": float(np.median(microphone[:both] - back[:both])),
            "worst_second_db": float(np.min(microphone[:both] - back[:both])),
            **{name: count - before[name] for name, count in sound.counters.items()},
            "delay_moves": echo.lag.moves,
            "drift_ppm": echo.lag.drift * 1e6,
        }


async def mouth_to_ear(voice: VoiceSettings, seconds: float, period_ms: int = 10) -> Signal:
    """Somebody speaks into the door's real microphone: delays to the flat's real speaker."""
    door = Room(microphone="house_microphone", period_ms=period_ms)
    flat = Room(speaker="house_speaker", period_ms=period_ms)
    async with talking(door, flat, voice):
        await asyncio.sleep(1.0)
        mouth, ear = Ear("mic_in.monitor"), Ear("spk.monitor")
        await asyncio.sleep(seconds)
        said, heard = await asyncio.gather(
            asyncio.to_thread(mouth.stop), asyncio.to_thread(ear.stop)
        )
    return delays(said, heard)
