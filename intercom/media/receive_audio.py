"""The sound of one peer: packets from the loop's thread, samples to the speaker's."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from .aiortc_seams import Arrived
from .mixer import volume
from .opus import OpusDecoder, OpusError
from .playout import Playout, PlayoutStats

logger = logging.getLogger(__name__)

Samples = npt.NDArray[np.int16]


class AudioReceiver:
    """Consumes a peer's packets always, and is heard while `listening`."""

    def __init__(self, on_first: Callable[[], None]) -> None:
        self.listening = False
        self.malformed = 0
        self._on_first = on_first
        self._lock = threading.Lock()
        self._decoder = OpusDecoder()
        self._playout = Playout(self._decoder)
        self._heard = False
        self._closed = False
        self._volume = 0

    @property
    def stats(self) -> PlayoutStats:
        """Counters of the playout buffer."""
        return self._playout.stats

    def add(self, packet: Arrived) -> None:
        """The tap: one RTP packet, in the loop's thread."""
        if not packet.data:
            return
        if not self._heard:
            self._heard = True
            self._on_first()
        if not self.listening:
            return
        with self._lock:
            self._playout.put(packet.seq, packet.timestamp, packet.data, time.monotonic())

    def pull(self, samples: int) -> Samples | None:
        """The next `samples` for the mixer, None while nobody listens."""
        with self._lock:
            if self._closed or not self.listening:
                return None
            try:
                out = self._playout.pull(samples)
            except OpusError as error:
                self.malformed += 1
                logger.debug("= a packet that is not Opus: %s", error)
                return None
        self._volume = max(self._volume, volume(out))
        return out

    def take_volume(self) -> int:
        """The loudest 10 ms (0-100) since the last call."""
        taken, self._volume = self._volume, 0
        return taken

    def close(self) -> None:
        """Free the decoder; idempotent."""
        with self._lock:
            self._closed = True
            self._decoder.close()
