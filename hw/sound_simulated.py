"""A microphone that speaks and a speaker that listens, without a sound card."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import av

from hw import speech, wav
from hw.base import DeviceError, DeviceInfo, Fill, Kind, OnFault, OnSamples
from hw.claims import Claim
from hw.guard import Guard
from hw.pace import Pacer
from hw.settings import SoundSettings

_log = logging.getLogger(__name__)

_PAUSE = 1.0  # seconds between two repetitions of the speech


def list_microphones() -> list[DeviceInfo]:
    """One microphone a voice that is installed."""
    return [DeviceInfo(voice, f"Simulated microphone ({voice})") for voice in speech.names()]


class SimulatedMicrophone:
    """Plays speech in a loop, a period at a time, on an absolute schedule.

    `device` is a voice ("recorded", "synthetic"), or any name when `speech` is a file.
    """

    def __init__(self, settings: SoundSettings, on_samples: OnSamples, on_fault: OnFault) -> None:
        _check("microphone", settings)
        if settings.device and not settings.speech and settings.device not in speech.names():
            known = ", ".join(speech.names()) or "none"
            raise DeviceError(
                "microphone", f"no simulated microphone {settings.device!r}: there are {known}"
            )
        path = speech.find(settings.speech or settings.device)
        device = settings.device or "default"
        self.name = f"Simulated microphone ({device})"
        self._on_samples = Guard("on_samples", on_samples)
        self._size = 2 * settings.period_samples
        self._sound = _load(path, settings.rate, self._size)
        self._claim = Claim("microphone", device)
        self._pacer = Pacer("hw-microphone", settings.period_ms / 1000, self._emit)
        self._pacer.start()
        _log.info("%s plays %s", self.name, path)

    @property
    def xruns(self) -> int:
        """Periods that were lost because the process was held up."""
        return self._pacer.dropped

    def close(self) -> None:
        """Stop and give the microphone back; idempotent."""
        self._pacer.close()
        self._claim.release()

    def _emit(self, n: int) -> None:
        start = n * self._size % len(self._sound)
        self._on_samples(self._sound[start : start + self._size])


class SimulatedSpeaker:
    """Pulls a period every period, and records it as WAV when `record` is a path."""

    def __init__(self, settings: SoundSettings, fill: Fill, on_fault: OnFault) -> None:
        _check("speaker", settings)
        self.name = f"Simulated speaker ({settings.device or 'default'})"
        self._fill = Guard("fill", fill)
        self._samples = settings.period_samples
        self._writer: wav.WavWriter | None = None
        if settings.record:
            try:
                self._writer = wav.WavWriter(Path(settings.record), settings.rate)
            except OSError as error:
                raise DeviceError(
                    "speaker", f"cannot record to {settings.record}: {error.strerror}; see the path"
                ) from error
        self._pacer = Pacer("hw-speaker", settings.period_ms / 1000, self._pull)
        self._pacer.start()
        _log.info("%s %s", self.name, f"records {settings.record}" if settings.record else "runs")

    @property
    def xruns(self) -> int:
        """Periods that were lost because the process was held up."""
        return self._pacer.dropped

    def close(self) -> None:
        """Stop and finish the recording; idempotent."""
        self._pacer.close()
        if self._writer is not None:
            self._record(self._writer.close)

    def _pull(self, n: int) -> None:
        block = self._fill(self._samples) or b""
        size = 2 * self._samples
        if len(block) != size:
            block = block[:size].ljust(size, b"\0")
        writer = self._writer
        if writer is not None:
            self._record(lambda: writer.write(block))

    def _record(self, action: Callable[[], None]) -> None:
        try:
            action()
        except OSError as error:
            # A full disk ends the recording, not the sound.
            _log.warning("%s stops recording: %s", self.name, error)
            self._writer = None


def _load(path: Path, rate: int, period: int) -> bytes:
    try:
        sound = wav.read_samples(path, rate)
    except (av.FFmpegError, IndexError) as error:
        raise DeviceError(
            "microphone", f"cannot play {path}: {error!r}; give a sound file"
        ) from error
    sound += bytes(2 * int(rate * _PAUSE))
    return sound + bytes(-len(sound) % period)


def _check(kind: Kind, settings: SoundSettings) -> None:
    if not 8000 <= settings.rate <= 192_000 or settings.rate % 100:
        raise DeviceError(kind, f"no rate of {settings.rate} Hz: give 48000")
    if not 1 <= settings.period_ms <= 100:
        raise DeviceError(kind, f"no period of {settings.period_ms} ms: give 10")
