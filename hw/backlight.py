"""Switches screens off and on: standby by mode setting, and the backlights that the kernel knows.

Most screens need no more than standby: an HDMI screen loses its signal, and the driver of a DSI
panel switches its backlight with it. /sys/class/backlight is for the others.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from hw.dpms import set_dpms

_log = logging.getLogger(__name__)

SYSFS = Path("/sys/class/backlight")
_ON, _OFF = (
    "0",
    "4",
)  # FB_BLANK_UNBLANK, FB_BLANK_POWERDOWN: Documentation/ABI/stable/sysfs-class-backlight


def set_screen_power(on: bool, root: Path = SYSFS) -> None:
    """Standby, or not, for each screen that this process has open, and for its backlight."""
    obeyed = set_dpms(on)
    switches = root.glob("*/bl_power")
    if not obeyed or any(os.access(switch, os.W_OK) for switch in switches):
        set_backlight(on, root)


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
