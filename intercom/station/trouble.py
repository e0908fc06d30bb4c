"""A configuration that cannot be used, told where people look: on the screen and by the lamp.

What of [screen] and [panel] is right is used; the rest has its defaults. Under systemd it is shown
until the file changes; then the process ends, and is started again with the new one.
"""

from __future__ import annotations

import logging
import os
import time
import tomllib
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import sdnotify

import hw
from intercom.config import Config, salvage
from intercom.errors import ConfigError
from intercom.station.fittings import panel_settings, screen_settings
from intercom.station.lamp import PATTERNS, LampState
from intercom.station.scene import Fault

log = logging.getLogger(__name__)

SHOWN = 20.0


OWNERS_FAULTS = Path("/run/intercom-boot/errors.txt")
"""What the first boot could not use of the owner's files on the card."""

AT_BOOT = 180.0
"""Seconds of the machine's life in which the owner's faults are shown."""


def show_trouble(path: Path, error: ConfigError, seconds: float = SHOWN) -> None:
    """Show the faults of `path` for a while, or until it changes under systemd; devices that are
    not there are left out."""
    before = _stamp(path)
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raw = {}
    config = salvage(raw)
    with ExitStack() as stack:
        shown = _panel(config, stack), _screen(config, stack, _scene(path, str(error)))
        if "NOTIFY_SOCKET" in os.environ:
            _until_changed(path, before)
        elif any(shown):
            time.sleep(seconds)


def show_owners_faults(config: Config, seconds: float = SHOWN) -> None:
    """Show what is wrong with the owner's files on the card, at a boot; nothing, if all is well."""
    try:
        words = OWNERS_FAULTS.read_text(encoding="utf-8").strip()
    except OSError:
        return
    if not words or time.clock_gettime(time.CLOCK_BOOTTIME) > AT_BOOT:
        return
    remedy = "See intercom-errors.txt on the card's drive BOOT."
    with ExitStack() as stack:
        if _screen(config, stack, Fault("The card has files that cannot be used", words, remedy)):
            time.sleep(seconds)


def _scene(path: Path, message: str) -> Fault:
    if path.exists():
        return Fault("The configuration cannot be used", message, "Correct the file, then wait.")
    if OWNERS_FAULTS.parent.exists():
        remedy = "Put intercom.toml on the card's drive BOOT, by any computer."
    else:
        remedy = f"Write {path}; examples are in the folder config."
    return Fault("This station is not set up yet", message, remedy)


def _stamp(path: Path) -> tuple[int, int]:
    """What differs once a file was changed."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_ino


def _until_changed(path: Path, before: tuple[int, int]) -> None:
    """Wait for another file, and keep systemd from taking that for a hang."""
    notifier = sdnotify.SystemdNotifier()
    try:
        notifier.notify("STATUS=the configuration cannot be used: see the log")
        while _stamp(path) == before:
            notifier.notify(f"EXTEND_TIMEOUT_USEC={int(SHOWN * 1e6)}\nWATCHDOG=1")
            time.sleep(1)
    finally:
        if notifier.socket is not None:
            notifier.socket.close()


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


def _screen(config: Config, stack: ExitStack, scene: Fault) -> bool:
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
    ignore: Any = lambda *event: None  # noqa: E731
    with suppress(hw.DeviceError):
        window = hw.open_screen(screen.driver, settings, ignore, ignore, ignore)
        stack.callback(window.close)
        window.show(lambda surface: painter.paint(surface, scene))
        return True
    return False
