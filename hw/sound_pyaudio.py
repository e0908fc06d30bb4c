"""Microphone and speaker by PyAudio: mono s16le streams of their own, in callback mode.

Two streams and not one duplex stream: that jumps samples under PulseAudio. PortAudio reads the
device list when its first user starts. So that a device can be opened that was plugged in while
another one runs, all streams stop for a moment then, and go on with a fresh list.
"""

from __future__ import annotations

import logging
import time
from typing import Any, ClassVar

from hw import portaudio
from hw.base import DeviceError, DeviceInfo, Fill, OnFault, OnSamples
from hw.guard import Guard
from hw.holders import busy
from hw.settings import SoundSettings
from hw.watchdog import Watchdog

_log = logging.getLogger(__name__)

_SILENCE = 2.0  # seconds without a callback
_LET_GO = 0.2  # seconds for which a device can be busy that was closed just now
_CONTINUE = 0  # paContinue
_INPUT_XRUN = 0x3  # paInputUnderflow | paInputOverflow
_OUTPUT_XRUN = 0xC  # paOutputUnderflow | paOutputOverflow

_running: list[_Stream] = []  # of this process; with portaudio's lock


def list_microphones() -> list[DeviceInfo]:
    """The microphones that PortAudio sees; raises DeviceError without PyAudio."""
    return portaudio.list_devices("microphone")


class _Stream:
    """One open PortAudio stream and its watchdog: what microphone and speaker have in common."""

    _kind: ClassVar[portaudio.Direction]
    _xrun: ClassVar[int]  # the bits of a callback's status that tell of lost sound

    def __init__(self, settings: SoundSettings, on_fault: OnFault) -> None:
        """Open and start it; raises DeviceError, and then nothing is left open."""
        self._settings = settings
        self._on_fault = on_fault
        self._stream: Any = None
        self._watchdog: Watchdog | None = None
        self.xruns = 0
        self._audio: Any = portaudio.start(self._kind)
        try:
            index, self.name = self._find()
            self._watchdog = Watchdog(f"hw-{self._kind}-watch", _SILENCE, self._silent)
            self._start(index)
        except DeviceError:
            self.close()
            raise
        with portaudio.locked(self._kind):
            _running.append(self)
        _log.info("%s %r at %d Hz", self._kind, self.name, settings.rate)

    def close(self) -> None:
        """Stop the callbacks and give the device back; idempotent."""
        if self._watchdog is not None:
            self._watchdog.close()
        with portaudio.locked(self._kind):
            if self in _running:
                _running.remove(self)
            self._pause()

    def _find(self) -> tuple[int, str]:
        """Index and name of the device meant, in a fresh list if it is not in the present one."""
        wanted = self._settings.device
        try:
            return portaudio.find(self._audio, self._kind, wanted)
        except DeviceError:
            if not portaudio.is_news(self._kind, wanted):
                raise
        with portaudio.locked(self._kind):
            for stream in (self, *_running):
                stream._pause()  # noqa: SLF001 - of the same class
            self._audio = portaudio.start(self._kind)
            for stream in _running:
                stream._resume()  # noqa: SLF001 - the same
            return portaudio.find(self._audio, self._kind, wanted)

    def _pause(self) -> None:
        """Let go of PortAudio; with its lock."""
        audio, self._audio = self._audio, None
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()
        if audio is not None:
            portaudio.stop(audio, self._kind)

    def _resume(self) -> None:
        """Go on after `_pause`; a failure is told like any other fault."""
        self._audio = portaudio.start(self._kind)
        try:
            index, self.name = portaudio.find(self._audio, self._kind, self._settings.device)
            self._start(index)
        except DeviceError as error:
            if self._watchdog is not None:
                self._watchdog.close()
            self._on_fault(error.message)

    def _period(self, data: bytes | None, count: int) -> bytes | None:
        """Take `count` samples of a microphone, or give those of a speaker."""
        raise NotImplementedError

    def _callback(
        self, data: bytes | None, count: int, times: Any, status: int
    ) -> tuple[bytes | None, int]:
        if self._watchdog is not None:
            self._watchdog.feed()
        if status & self._xrun:
            self.xruns += 1
        return self._period(data, count), _CONTINUE

    def _start(self, index: int) -> None:
        try:
            try:
                self._open(index)
            except OSError as error:
                _log.debug("%s %r: %s; once more", self._kind, self.name, error)
                time.sleep(_LET_GO)
                self._open(index)
        except (OSError, ValueError) as error:
            raise DeviceError(self._kind, self._in_words(error)) from error

    def _open(self, index: int) -> None:
        direction = "input" if self._kind == "microphone" else "output"
        options = {direction: True, f"{direction}_device_index": index}
        with portaudio.locked(self._kind):
            stream = self._audio.open(
                rate=self._settings.rate,
                channels=1,
                format=portaudio.module(self._kind).paInt16,
                frames_per_buffer=self._settings.period_samples,
                stream_callback=self._callback,
                start=False,
                **options,
            )
            try:
                stream.start_stream()
            except OSError:
                stream.close()
                raise
            self._stream = stream

    def _in_words(self, error: OSError | ValueError) -> str:
        text = str(error)
        if "sample rate" in text.lower():
            rate = self._settings.rate
            return f"{self._kind} {self.name!r} has no {rate} Hz: choose another device"
        if "unavailable" in text.lower() or "busy" in text.lower():
            return f"{self._kind} {self.name!r} is {busy('/dev/snd/pcm')}: stop that program"
        return f"cannot open the {self._kind} {self.name!r}: {text}; plug it in or choose another"

    def _silent(self) -> None:
        self._on_fault(
            f"{self._kind} {self.name!r} has been silent for {_SILENCE:.0f} s: is it plugged in?"
        )


class PyAudioMicrophone(_Stream):
    """Gives a period of samples a call of on_samples, from PortAudio's thread."""

    _kind = "microphone"
    _xrun = _INPUT_XRUN

    def __init__(self, settings: SoundSettings, on_samples: OnSamples, on_fault: OnFault) -> None:
        self._on_samples = Guard("on_samples", on_samples)
        super().__init__(settings, on_fault)

    def _period(self, data: bytes | None, count: int) -> None:
        if data is not None:
            self._on_samples(data)


class PyAudioSpeaker(_Stream):
    """Pulls a period of samples a call of `fill`, from PortAudio's thread."""

    _kind = "speaker"
    _xrun = _OUTPUT_XRUN

    def __init__(self, settings: SoundSettings, fill: Fill, on_fault: OnFault) -> None:
        self._fill = Guard("fill", fill)
        super().__init__(settings, on_fault)

    def _period(self, data: bytes | None, count: int) -> bytes:
        block = self._fill(count) or b""
        # Fewer bytes than asked for would end the stream.
        return block[: 2 * count].ljust(2 * count, b"\0")
