"""Both can talk at once: a linear filter takes the echo, and little of the own voice.

libspeexdsp's adaptive filter is followed by its own residual suppressor, which knows how wrong the
filter is. That leaves the own voice whole, but needs a filter that has learnt the room. WebRTC's
AEC3 runs beside it and is heard until that is so, again when the filter has lost the room (a
speaker that was moved), and while only the far end talks.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .echo import BLOCK, RATE, Samples, WebRtc
from .echo_judge import Judge
from .speex import LinearCanceller, Resampler, ResidualSuppressor

BAND = 24_000  # Hz, of the linear path: a voice has nothing above 12 kHz
FRAME = BLOCK * BAND // RATE
TAIL = BAND // 4  # 250 ms
NOISE_DB = -15
_UP: npt.NDArray[np.float32] = np.linspace(0.0, 1.0, BLOCK, dtype=np.float32)


class Linear:
    """libspeexdsp's filter and suppressor, at half of the rate."""

    def __init__(self, noise_suppression: bool) -> None:
        self._down_near, self._down_far = Resampler(RATE, BAND), Resampler(RATE, BAND)
        self._up = Resampler(BAND, RATE)
        self._filter = LinearCanceller(BAND, FRAME, TAIL)
        noise = NOISE_DB if noise_suppression else 0
        self._residual = ResidualSuppressor(BAND, FRAME, self._filter, noise)
        self.near = self.filtered = np.zeros(FRAME, np.int16)

    def process(self, near: Samples, far: Samples) -> Samples:
        """`near` cleaned; what the filter alone gives is in `filtered`, for `near` as it saw it."""
        self.near = self._down_near.process(near)
        self.filtered = self._filter.process(self.near, self._down_far.process(far))
        return self._up.process(self._residual.process(self.filtered))

    def close(self) -> None:
        """Free the library's states; idempotent."""
        for part in (self._residual, self._filter, self._up, self._down_near, self._down_far):
            part.close()


class FullDuplex:
    """The linear path, and AEC3 where that is better. Delays by 13 to 15 ms."""

    def __init__(self, noise_suppression: bool) -> None:
        self._linear = Linear(noise_suppression)
        self._aec3 = WebRtc(echo=True, noise_suppression=noise_suppression)
        self._judge = Judge()
        self._is_linear = False

    def process(self, near: Samples, far: Samples) -> Samples:
        """`near` without the echo of `far`."""
        linear = self._linear.process(near, far)
        aec3 = self._aec3.process(near, far)
        self._judge.hear(far, self._linear.near, self._linear.filtered, linear, aec3)
        is_linear = self._judge.linear_is_heard
        if is_linear == self._is_linear:
            return linear if is_linear else aec3
        self._is_linear = is_linear
        old, new = (aec3, linear) if is_linear else (linear, aec3)
        faded: Samples = (old * (1.0 - _UP) + new * _UP).astype(np.int16)
        return faded

    def hide(self, hidden: bool) -> None:
        """The linear path may be heard though it has not learnt: it takes nothing of a voice."""
        self._judge.echo_is_hidden = hidden

    def disturb(self) -> None:
        """AEC3 is heard until the filter has learnt again."""
        self._judge.doubt()

    def close(self) -> None:
        """Free the library's states; idempotent."""
        self._linear.close()
