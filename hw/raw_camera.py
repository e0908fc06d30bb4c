"""What cameras without an encoder have in common."""

from __future__ import annotations

from hw.thin import Thin


class RawCamera:
    """A camera whose pictures come by on_frame alone; what is for an encoder does nothing.

    A subclass asks `_thin` for each picture, before it does anything to it.
    """

    encoded = False

    def __init__(self, fps: int) -> None:
        self._thin = Thin(fps)

    def force_key_frame(self) -> None:
        """Nothing to do: a raw camera has no encoder."""

    def set_bitrate(self, bps: int) -> None:
        """Nothing to do: a raw camera has no encoder."""

    def set_rate(self, fps: int) -> None:
        """Leave pictures out, so that at most so many a second remain."""
        self._thin.limit(fps)
