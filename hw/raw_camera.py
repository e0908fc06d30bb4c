"""What cameras without an encoder have in common."""

from __future__ import annotations


class RawCamera:
    """A camera whose pictures come by on_frame alone; what is for an encoder does nothing."""

    encoded = False

    def force_key_frame(self) -> None:
        """Nothing to do: a raw camera has no encoder."""

    def set_bitrate(self, bps: int) -> None:
        """Nothing to do: a raw camera has no encoder."""
