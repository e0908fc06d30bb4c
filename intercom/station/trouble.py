"""A configuration that cannot be used, told where people look: on the screen and by the lamp.

What of [screen] and [panel] is right is used; the rest has its defaults. After SHOWN seconds the
process ends, and systemd starts it again: with a repaired file, all is well then.
"""

from __future__ import annotations

import logging
import time
import tomllib
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import hw
from intercom.config import Config, salvage
from intercom.errors import ConfigError
from intercom.station.fittings import panel_settings, screen_settings
from intercom.station.lamp import PATTERNS, LampState
from intercom.station.scene import Fault

log = logging.getLogger(__name__)

SHOWN = 20.0


def show_trouble(path: Path, error: ConfigError, seconds: float = SHOWN) -> None:
    """Show the faults of `path` for a while; devices that are not there are left out."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raw = {}
    config = salvage(raw)
    with ExitStack() as stack:
        shown = _panel(config, stack), _screen(config, stack, str(error))
        if any(shown):
            time.sleep(seconds)


def _panel(config: Config, stack: ExitStack) -> bool:
    if config.panel.driver == "none" or config.panel.lamp < 0:
        return False
    settings = replace(panel_settings(config.panel), buttons={})
    ignore: Any = lambda *event: None  # noqa: E731
    with suppress(hw.DeviceError):
        panel = hw.open_panel(config.panel.driver, settings, ignore, ignore)
        stack.callback(panel.close)
        panel.set_lamp(PATTERNS[LampState.FAULT])
        return True
    return False


def _screen(config: Config, stack: ExitStack, message: str) -> bool:
    screen = config.screen
    if screen.driver == "none":
        return False
    try:
        hw.load_pygame()
    except hw.DeviceError:
        return False
    from intercom.station.paint import Painter  # noqa: PLC0415 (see daemon)
    from intercom.station.words import Words  # noqa: PLC0415

    settings = screen_settings(screen, config.station.name)
    painter = Painter(Words(config.station.language))
    scene = Fault("The configuration cannot be used", message, "Correct the file, then wait.")
    ignore: Any = lambda *event: None  # noqa: E731
    with suppress(hw.DeviceError):
        window = hw.open_screen(screen.driver, settings, ignore, ignore, ignore)
        stack.callback(window.close)
        window.show(lambda surface: painter.paint(surface, scene))
        return True
    return False
