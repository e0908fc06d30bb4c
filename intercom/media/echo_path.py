"""From what is played and what is heard to a microphone without echo."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from intercom.errors import IntercomError

from .align import RATE, Reference, Timeline
from .echo import BLOCK, Canceller, Untouched, VoiceSettings, make_canceller
from .echo_delay import DelayTracker, Seen
from .echo_lag import Lag

logger = logging.getLogger(__name__)

Samples = npt.NDArray[np.int16]

UNFIT = (ImportError, OSError, IntercomError, RuntimeError, ValueError)
"""What the libraries raise when they are missing, or refuse what they are given."""
LOUD = 300.0**2
"""Power of a block of the others' sound from which on its echo says something."""
MEASURED = 100
"""Blocks of 10 ms that are measured together."""


class EchoPath:
    """`played` belongs to the speaker's thread, everything else to the microphone path's.

    When the canceller cannot be made, or fails, `on_fault` is told why, once, in the latter; the
    microphone is passed on untouched from then on.
    """

    def __init__(
        self, settings: VoiceSettings, on_fault: Callable[[str], None] = logger.warning
    ) -> None:
        self.lag = Lag()
        self._settings = settings
        self._on_fault = on_fault
        self._canceller: Canceller | None = None
        self._lock = threading.Lock()  # of the two below
        self._reference = Reference()
        self._played = Timeline()
        self._heard = Timeline()
        self._tracker = DelayTracker()
        self._gaps_seen = (0, 0)
        self._rest: Samples = np.zeros(0, np.int16)
        self.reduction: float | None = None  # dB, of the last second in which others were loud
        self._blocks, self._before, self._after = 0, 0.0, 0.0

    @property
    def gaps(self) -> tuple[int, int]:
        """How often samples were missing: of the speaker, of the microphone."""
        return self._played.gaps, self._heard.gaps

    def played(self, samples: Samples, now: float) -> None:
        """The speaker took `samples` at `now` seconds."""
        with self._lock:
            self._reference.write(self._played.place(len(samples), now), samples)

    def heard(self, block: bytes, now: float) -> Samples:
        """What to send of a microphone's block that came at `now`, in whole 10 ms."""
        samples = np.frombuffer(block, np.int16)
        at = self._heard.place(len(samples), now) - len(self._rest)
        samples = np.concatenate([self._rest, samples])
        whole = len(samples) // BLOCK * BLOCK
        self._rest = samples[whole:]
        clean = [self._clean(samples[k : k + BLOCK], at + k) for k in range(0, whole, BLOCK)]
        return np.concatenate(clean) if clean else samples[:0]

    def close(self) -> None:
        """Free the canceller; idempotent."""
        if self._canceller is not None:
            self._canceller.close()
            self._canceller = None

    def _clean(self, near: Samples, at: int) -> Samples:
        if self._canceller is None:  # made here: loading the libraries takes its time
            self._canceller = self._made()
        if self._gaps_seen != self.gaps:
            self._gaps_seen = self.gaps
            self._canceller.disturb()
            logger.debug("= sound was lost: speaker %d, microphone %d times", *self.gaps)
        lag = self.lag
        with self._lock:
            far = self._reference.read(at - lag.value, BLOCK, 1.0 - lag.drift)
        lag.pass_by(BLOCK)
        if self._settings.echo != "off":
            seen = self._tracker.push(near, far)
            self._canceller.hide(self._tracker.is_hidden)
            if seen is not None:
                self._follow(seen, self._canceller)
        try:
            clean = self._canceller.process(near, far)
        except UNFIT as error:
            self._give_up(error)
            return near
        self._measure(near, far, clean)
        return clean

    def _made(self) -> Canceller:
        try:
            return make_canceller(self._settings)
        except UNFIT as error:
            self._give_up(error)
            return Untouched()

    def _give_up(self, error: Exception) -> None:
        broken, self._canceller = self._canceller, Untouched()
        self.reduction = None
        if broken is not None:
            broken.close()
        self._on_fault(
            f"its sound goes out as it is, with echo and noise: {error}; reinstall the program's"
            ' libraries, or set echo = "off", noise_suppression = false and gain = false'
        )

    def _measure(self, near: Samples, far: Samples, clean: Samples) -> None:
        """Compare what came in with what goes out, over a second in which others are loud."""
        if self._settings.echo == "off" or _power(far) < LOUD:
            return
        self._blocks += 1
        self._before += _power(near)
        self._after += _power(clean)
        if self._blocks >= MEASURED:
            self.reduction = 10 * math.log10((self._before + 1) / (self._after + 1))
            self._blocks, self._before, self._after = 0, 0.0, 0.0

    def _follow(self, seen: Seen, canceller: Canceller) -> None:
        if self.lag.see(seen):
            self._tracker.restart()
            logger.info("the echo comes %.0f ms after the sound", 1000 * self.lag.value / RATE)
            canceller.disturb()
        elif not self.lag.is_steady:
            canceller.disturb()


def _power(samples: Samples) -> float:
    return float(np.square(samples, dtype=np.float32).mean()) if len(samples) else 0.0
