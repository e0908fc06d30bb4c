"""Microphone and speaker by PyAudio: mono s16le streams of their own, in callback mode.

Two streams and not one duplex stream: that jumps samples under PulseAudio. PortAudio reads the
device list when its first user starts, so a device that was plugged in again is seen when both
microphone and speaker have been closed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from hw import portaudio
from hw.base import DeviceError, DeviceInfo, Fill, OnFault, OnSamples
from hw.guard import Guard
from hw.holders import busy
from hw.settings import SoundSettings
from hw.watchdog import Watchdog

_log = logging.getLogger(__name__)

_SILENCE = 2.0  # seconds without a callback
_CONTINUE = 0  # paContinue
_INPUT_XRUN = 0x3  # paInputUnderflow | paInputOverflow
_OUTPUT_XRUN = 0xC  # paOutputUnderflow | paOutputOverflow

Callback = Callable[[bytes | None, int, Any, int], tuple[bytes | None, int]]


def list_microphones() -> list[DeviceInfo]:
    """The microphones that PortAudio sees; raises DeviceError without PyAudio."""
    return portaudio.list_devices("microphone")


def list_speakers() -> list[DeviceInfo]:
    """The speakers that PortAudio sees; raises DeviceError without PyAudio."""
    return portaudio.list_devices("speaker")


class _Stream:
    """One open PortAudio stream and its watchdog."""

    def __init__(
        self,
        kind: portaudio.Direction,
        settings: SoundSettings,
        callback: Callback,
        on_fault: OnFault,
    ) -> None:
        self._kind = kind
        self._on_fault = on_fault
        self._stream: Any = None
        self._audio: Any = portaudio.start(kind)
        try:
            index, self.name = portaudio.find(self._audio, kind, settings.device)
            self._stream = self._open(index, settings, callback)
        except DeviceError:
            self._terminate()
            raise
        self._watchdog = Watchdog(f"hw-{kind}-watch", _SILENCE, self._silent)
        _log.info("%s %r at %d Hz", kind, self.name, settings.rate)

    def alive(self) -> None:
        """A callback has come."""
        self._watchdog.feed()

    def start(self) -> None:
        """Let the callbacks come."""
        with portaudio.lock:
            self._stream.start_stream()

    def close(self) -> None:
        """Stop the callbacks and give the device back; idempotent."""
        self._watchdog.close()
        self._terminate()

    def _open(self, index: int, settings: SoundSettings, callback: Callback) -> Any:
        direction = "input" if self._kind == "microphone" else "output"
        options = {direction: True, f"{direction}_device_index": index}
        try:
            with portaudio.lock:
                return self._audio.open(
                    rate=settings.rate,
                    channels=1,
                    format=portaudio.module(self._kind).paInt16,
                    frames_per_buffer=settings.period_samples,
                    stream_callback=callback,
                    start=False,
                    **options,
                )
        except (OSError, ValueError) as error:
            raise DeviceError(self._kind, self._in_words(settings, error)) from error

    def _in_words(self, settings: SoundSettings, error: OSError | ValueError) -> str:
        text = str(error)
        if "sample rate" in text.lower():
            return f"{self._kind} {self.name!r} has no {settings.rate} Hz: choose another device"
        if "unavailable" in text.lower() or "busy" in text.lower():
            return f"{self._kind} {self.name!r} is {busy('/dev/snd/pcm')}: stop that program"
        return f"cannot open the {self._kind} {self.name!r}: {text}; plug it in or choose another"

    def _silent(self) -> None:
        self._on_fault(
            f"{self._kind} {self.name!r} has been silent for {_SILENCE:.0f} s: is it plugged in?"
        )

    def _terminate(self) -> None:
        with portaudio.lock:
            audio, self._audio = self._audio, None
            stream, self._stream = self._stream, None
            if stream is not None:
                stream.close()
            if audio is not None:
                audio.terminate()


class PyAudioMicrophone:
    """Gives a period of samples a call of on_samples, from PortAudio's thread."""

    def __init__(self, settings: SoundSettings, on_samples: OnSamples, on_fault: OnFault) -> None:
        self._on_samples = Guard("on_samples", on_samples)
        self.xruns = 0
        self._stream = _Stream("microphone", settings, self._callback, on_fault)
        self.name = self._stream.name
        self._stream.start()

    def close(self) -> None:
        """Stop and give the microphone back; idempotent."""
        self._stream.close()

    def _callback(
        self, data: bytes | None, count: int, times: Any, status: int
    ) -> tuple[None, int]:
        self._stream.alive()
        if status & _INPUT_XRUN:
            self.xruns += 1
        if data is not None:
            self._on_samples(data)
        return None, _CONTINUE


class PyAudioSpeaker:
    """Pulls a period of samples a call of `fill`, from PortAudio's thread."""

    def __init__(self, settings: SoundSettings, fill: Fill, on_fault: OnFault) -> None:
        self._fill = Guard("fill", fill)
        self.xruns = 0
        self._stream = _Stream("speaker", settings, self._callback, on_fault)
        self.name = self._stream.name
        self._stream.start()

    def close(self) -> None:
        """Stop and give the speaker back; idempotent."""
        self._stream.close()

    def _callback(
        self, data: bytes | None, count: int, times: Any, status: int
    ) -> tuple[bytes, int]:
        self._stream.alive()
        if status & _OUTPUT_XRUN:
            self.xruns += 1
        block = self._fill(count) or b""
        # Fewer bytes than asked for would end the stream.
        return block[: 2 * count].ljust(2 * count, b"\0"), _CONTINUE
