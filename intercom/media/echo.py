"""One small interface for what is done to the microphone: echo, noise and loudness.

- `off`: no echo is cancelled.
- `aec3`: WebRTC's canceller. It also takes a good part of the own voice while both talk, but needs
  nothing to be well: the clocks of two devices may drift.
- `full_duplex`: both can talk at once (see echo_full.py); without libspeexdsp it is `aec3`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from .speex import SpeexError, check_library

logger = logging.getLogger(__name__)

Samples = npt.NDArray[np.int16]
EchoMode = Literal["off", "aec3", "full_duplex"]

RATE = 48_000
BLOCK = 480  # samples, 10 ms
_NOISE_LEVEL = 1  # of 0-3: 12 dB
_MAX_GAIN_DB = 12.0  # more would raise the noise of the pauses
_FAR_AUDIBLE = 100  # of 32767
_ECHO_LASTS = 40  # blocks after the far end was heard
_VOICE = 400  # of 32767: louder than the rest of an echo should be


@dataclass(frozen=True, slots=True)
class VoiceSettings:
    """What is done to the microphone."""

    echo: EchoMode = "full_duplex"
    noise_suppression: bool = True
    gain: bool = True


class Canceller(Protocol):
    """Takes the echo out of the microphone; belongs to one thread."""

    def process(self, near: Samples, far: Samples) -> Samples:
        """BLOCK samples of the microphone, cleaned; `far` was played at their time."""

    def hide(self, hidden: bool) -> None:
        """Whether there is no echo that could be heard."""

    def disturb(self) -> None:
        """Signal and reference have moved against each other; what was learnt may be wrong."""

    def close(self) -> None:
        """Free what the libraries hold; idempotent."""


def make_canceller(settings: VoiceSettings) -> Canceller:
    """The canceller of `settings`, or the best that is installed."""
    echo = settings.echo
    if echo == "full_duplex":
        try:
            check_library()
        except SpeexError as error:
            logger.warning("echo: aec3 instead of full_duplex: %s", error)
            echo = "aec3"
    canceller: Canceller
    if echo == "full_duplex":
        from .echo_full import FullDuplex  # noqa: PLC0415 - needs libspeexdsp

        canceller = FullDuplex(settings.noise_suppression)
    elif echo == "aec3" or settings.noise_suppression:
        canceller = WebRtc(echo == "aec3", settings.noise_suppression)
    else:
        canceller = Untouched()
    return WithGain(canceller) if settings.gain else canceller


class Untouched:
    """Does nothing."""

    def process(self, near: Samples, far: Samples) -> Samples:
        """`near`."""
        return near

    def hide(self, hidden: bool) -> None:
        """It is all the same."""

    def disturb(self) -> None:
        """Nothing was learnt."""

    def close(self) -> None:
        """Nothing is held."""


class WebRtc:
    """WebRTC's echo canceller (AEC3) and noise suppressor."""

    def __init__(self, echo: bool, noise_suppression: bool) -> None:
        from pywebrtc_audio import AudioProcessor  # noqa: PLC0415 - loaded when sound is wanted

        self._processor = AudioProcessor(
            RATE,
            1,
            echo_cancellation=echo,
            noise_suppression=noise_suppression,
            high_pass_filter=True,
            ns_level=_NOISE_LEVEL,
        )

    def process(self, near: Samples, far: Samples) -> Samples:
        """`near` without echo and with less noise."""
        return self._processor.process(near, far)

    def hide(self, hidden: bool) -> None:
        """AEC3 trusts nobody."""

    def disturb(self) -> None:
        """AEC3 notices by itself."""

    def close(self) -> None:
        """Nothing is held beyond the object's life."""


class WithGain:
    """WebRTC's AGC2 behind a canceller; learns nothing, and raises nothing, of an echo.

    It would otherwise take the rest of the echo for a quiet voice.
    """

    def __init__(self, canceller: Canceller) -> None:
        from pywebrtc_audio import GainController, VoiceDetector  # noqa: PLC0415 - as above

        self._canceller = canceller
        self._gain = GainController(RATE, 1, max_gain_db=_MAX_GAIN_DB)
        self._voice = VoiceDetector(RATE, 1)
        self._echoes = 0
        self._share = 0.0

    def process(self, near: Samples, far: Samples) -> Samples:
        """What the canceller gives, as loud as a voice should be."""
        clean = self._canceller.process(near, far)
        if int(np.abs(far).max(initial=0)) > _FAR_AUDIBLE:
            self._echoes = _ECHO_LASTS
        self._echoes = max(0, self._echoes - 1)
        voice = 0.0 if self._echoes else self._voice.process(clean)
        louder = self._gain.process(clean, voice)
        is_voice = not self._echoes or int(np.abs(clean).max(initial=0)) > _VOICE
        return self._blend(clean, louder, 1.0 if is_voice else 0.0)

    def hide(self, hidden: bool) -> None:
        """Tell the canceller."""
        self._canceller.hide(hidden)

    def disturb(self) -> None:
        """Tell the canceller."""
        self._canceller.disturb()

    def close(self) -> None:
        """Close the canceller."""
        self._canceller.close()

    def _blend(self, clean: Samples, louder: Samples, share: float) -> Samples:
        before, self._share = self._share, share
        if before == share:
            return louder if share else clean
        ramp = np.linspace(before, share, len(clean), dtype=np.float32)
        blended: Samples = (clean * (1 - ramp) + louder * ramp).astype(np.int16)
        return blended
