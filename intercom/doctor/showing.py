"""Shows the results on the station's own screen, until it is touched or a minute is over."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from functools import partial

import hw
from intercom.doctor.page import Page, pages
from intercom.doctor.patient import Patient
from intercom.doctor.results import Result
from intercom.doctor.running import LEND_SECONDS, borrowed
from intercom.station.fittings import screen_settings

log = logging.getLogger(__name__)

SECONDS = 60.0
MARGIN = 5.0
"""Seconds before the end of a loan at which the screen is given back."""


def show(patient: Patient, results: Sequence[Result], seconds: float = SECONDS) -> bool:
    """Show page after page; whether the screen could be had (that it could not is in a result)."""
    if patient.config.screen.driver == "none":
        return False
    with borrowed(patient.station, "screen") as held:
        if held:
            log.error("not shown on the screen: %s", held)
            return False
        try:
            _leaf(patient, pages(results), seconds)
        except hw.DeviceError as error:
            log.error("not shown on the screen: %s", error)
            return False
    return True


def _leaf(patient: Patient, sheets: Sequence[Page], seconds: float) -> None:
    """Turn the pages by touches or keys; raises DeviceError."""
    hw.load_pygame()
    from intercom.doctor.paint import PagePainter  # noqa: PLC0415 - takes pygame
    from intercom.station.words import Words  # noqa: PLC0415 - the same

    config, touched = patient.config, threading.Event()

    def touch(*_: object) -> None:
        touched.set()

    painter = PagePainter(Words(config.station.language))
    settings = screen_settings(config.screen, config.station.name)
    screen = hw.open_screen(config.screen.driver, settings, touch, touch, lambda _: touched.set())
    end = time.monotonic() + LEND_SECONDS - MARGIN
    try:
        for sheet in sheets:
            touched.clear()
            screen.show(partial(painter.paint, page=sheet))
            if not touched.wait(min(seconds, end - time.monotonic())):
                return
    finally:
        screen.close()
