"""The display that a configuration asks for; its screen is opened by `fittings`."""

from __future__ import annotations

import logging

import hw
from intercom.config import Config
from intercom.station.display import Display

log = logging.getLogger(__name__)


def display_of(config: Config) -> Display | None:
    """Return what paints on [screen]; None without one, or without what it takes."""
    if config.screen.driver == "none":
        return None
    try:
        hw.load_pygame()  # takes a while, and a station without a screen does not have it
    except hw.DeviceError as error:
        log.error("no screen: %s", error)
        return None
    from intercom.station.paint import Painter  # noqa: PLC0415
    from intercom.station.words import Words  # noqa: PLC0415

    painter = Painter(Words(config.station.language))
    return Display(painter, config.camera.time_code, config.screen.off_after)
