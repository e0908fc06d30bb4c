"""PURE  Which path is heard: the linear one when its filter knows the room and somebody talks here.

What counts are tenths of a second in which the far end is heard. One in which the own voice is
there too says nothing of how much echo was taken. So the filter is good when most of the last
tenths say so; and it has lost the room when either

- for a while AEC3 finds nothing but echo, and the linear path's error leaves much more of it; or
- what it subtracts is not in the microphone's signal: a filter that is right takes as much energy
  away as it subtracts, whoever talks beside it, for voices do not resemble each other for long.

While AEC3 finds nothing but echo, the quieter path is heard: there is no voice to lose.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]
Powers = npt.NDArray[np.float64]

PIECE = 10  # blocks of 10 ms
GOOD_DB, GOOD_OF, GOOD_SHARE = 20.0, 40, 0.25  # so much is gone in three of four of so many pieces
VOICES, PAUSES, PAUSE_DB = 0.4, 0.9, 25.0  # or, beside a voice, in its pauses: in one of ten
ALONE_DB = 25.0  # AEC3 takes so much: nobody talks here
POOR_OF, POOR_DB = 5, 8.0  # of so many such pieces the linear path takes no more in half
REMOVED, REMOVED_WELL = 0.3, 0.7  # energy taken to energy subtracted, over GOOD_OF pieces
MUCH = 0.1  # of what is heard is subtracted; with less the voice drowns that ratio
ALONE_FOR = 6  # blocks until that is believed
VOICE_DB, VOICE_LINEAR_DB = 15.0, 7.0  # AEC3, or the linear path, takes less: somebody talks
QUIETER = 2.0  # times less of the echo is left by the linear path
_FADING = 0.7  # of the powers, a block
_AUDIBLE = 150.0**2  # mean square of a reference that counts
_INAUDIBLE = 15.0**2  # mean square of an echo that does not
_ALL_DB = 60.0  # is gone when nothing is heard


class Judge:
    """Hears what the canceller does, block by block."""

    def __init__(self) -> None:
        self.linear_is_good = False
        self.echo_is_hidden = False  # there is nothing to take, or nobody would hear it
        self._sums: Powers = np.zeros(6)
        self._blocks = 0
        self._recent: Powers = np.zeros(3)  # of the microphone, the linear path and AEC3
        self._alone = 0
        self._linear: deque[float] = deque(maxlen=GOOD_OF)
        self._aec3: deque[float] = deque(maxlen=GOOD_OF)
        self._filter: deque[Powers] = deque(maxlen=GOOD_OF)  # heard, taken and subtracted

    @property
    def linear_is_heard(self) -> bool:
        """Whether the linear path is the better one now."""
        _, linear, aec3 = self._recent
        may_talk = self.linear_is_good or self.echo_is_hidden
        return bool((may_talk and self._alone < ALONE_FOR) or QUIETER * linear < aec3)

    def hear(
        self, far: Samples, near: Samples, filtered: Samples, linear: Samples, aec3: Samples
    ) -> None:
        """A block: played, heard, after the filter, at the end of the linear path, and of AEC3."""
        subtracted = near.astype(np.float32) - filtered
        signals = (far, near, filtered, linear, aec3, subtracted)
        powers = np.array([_power(signal) for signal in signals])
        self._listen_for_voice(powers[[1, 3, 4]])
        self._sums += powers
        self._blocks += 1
        if self._blocks == PIECE:
            powers, self._sums = self._sums / PIECE, np.zeros(6)
            self._blocks = 0
            if powers[0] > _AUDIBLE:
                self._piece(*powers[1:])

    def _listen_for_voice(self, powers: Powers) -> None:
        self._recent = _FADING * self._recent + powers
        near, linear, aec3 = self._recent
        taken = _db(near, aec3)
        if taken < VOICE_DB or _db(near, linear) < VOICE_LINEAR_DB:
            self._alone = 0
        elif taken >= ALONE_DB:
            self._alone += 1

    def _piece(
        self, near: float, filtered: float, linear: float, aec3: float, subtracted: float
    ) -> None:
        self._linear.append(_db(near, linear) if linear > _INAUDIBLE else _ALL_DB)
        self._aec3.append(_db(near, aec3))
        self._filter.append(np.array([near, near - filtered, subtracted]))
        if not self.linear_is_good:
            self.linear_is_good = len(self._linear) == GOOD_OF and self._has_learnt()
        elif self._is_poor() or self._is_wrong(REMOVED):
            self.doubt()

    def doubt(self) -> None:
        """The filter has to show again that it is good."""
        self.linear_is_good = False
        self._linear.clear()

    def _has_learnt(self) -> bool:
        if np.quantile(self._linear, GOOD_SHARE) >= GOOD_DB:
            return True
        voices = sum(taken < ALONE_DB for taken in self._aec3)
        return bool(
            voices > VOICES * GOOD_OF
            and np.quantile(self._linear, PAUSES) >= PAUSE_DB
            and not self._is_wrong(REMOVED_WELL)
        )

    def _is_poor(self) -> bool:
        linear, aec3 = list(self._linear)[-POOR_OF:], list(self._aec3)[-POOR_OF:]
        alone = min(aec3) >= ALONE_DB and float(np.median(linear)) < POOR_DB
        return alone and self._is_wrong(REMOVED, POOR_OF)

    def _is_wrong(self, share: float, pieces: int = GOOD_OF) -> bool:
        recent = list(self._filter)[-pieces:]
        heard, taken, subtracted = sum(recent, np.zeros(3))
        full = len(recent) == pieces and subtracted > MUCH * heard
        return bool(full and taken < share * subtracted)


def _power(signal: npt.NDArray[np.int16] | npt.NDArray[np.float32]) -> float:
    x = signal.astype(np.float32, copy=False)
    return float(x @ x) / len(x)


def _db(before: float, after: float) -> float:
    return 10.0 * float(np.log10((before + 1.0) / (after + 1.0)))
