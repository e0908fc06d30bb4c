"""The backlight of a screen, as the kernel offers it in /sys/class/backlight."""

from __future__ import annotations

import logging
from pathlib import Path

_log = logging.getLogger(__name__)

SYSFS = Path("/sys/class/backlight")
_ON, _OFF = (
    "0",
    "4",
)  # FB_BLANK_UNBLANK, FB_BLANK_POWERDOWN: Documentation/ABI/stable/sysfs-class-backlight


def set_backlight(on: bool, root: Path = SYSFS) -> int:
    """Switch every backlight there is; returns how many obeyed (0: an HDMI screen has none)."""
    switched = 0
    for switch in sorted(root.glob("*/bl_power")):
        try:
            switch.write_text(_ON if on else _OFF)
        except OSError as error:
            _log.warning(
                "cannot switch %s: %s; may the group video, and the service, write there?",
                switch,
                error.strerror,
            )
        else:
            switched += 1
    return switched
