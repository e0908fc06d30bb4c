"""The panel and the screen of a station: their settings, and what keeps them open."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

import hw
from intercom.config import PanelConfig, ScreenConfig
from intercom.media import Closable, DeviceFault, MediaEvent
from intercom.media.device_slot import DeviceSlot

log = logging.getLogger(__name__)

CLOSE_WITHIN = 3.0
"""Seconds that a device has to close: a driver that hangs must not hold up the station's end."""

D = TypeVar("D", bound=Closable)


def panel_settings(panel: PanelConfig) -> hw.PanelSettings:
    """Return [panel] as the hardware wants it: only what is wired."""
    pins = {name: getattr(panel, name) for name in ("call", "accept", "hangup", "mute")}
    return hw.PanelSettings(
        buttons={name: pin for name, pin in pins.items() if pin >= 0},
        lamp=panel.lamp if panel.lamp >= 0 else None,
        pull_up=panel.pull_up,
        bounce=panel.bounce,
        hold=panel.hold,
        lamp_active_high=panel.lamp_active_high,
    )


def screen_settings(screen: ScreenConfig, title: str) -> hw.ScreenSettings:
    """Return [screen] as the hardware wants it; `title` is that of a window."""
    return hw.ScreenSettings(
        width=screen.width,
        height=screen.height,
        fullscreen=screen.fullscreen,
        title=title,
        screenshots=screen.screenshots,
    )


def unless_optional(
    screen: ScreenConfig, tell: Callable[[str, str], None]
) -> Callable[[str, str], None]:
    """`tell` of a slot, which does not hear that no display is connected where that is allowed.

    The slot itself puts it into the log, once.
    """

    def heard(kind: str, message: str) -> None:
        if not (message and screen.optional and hw.no_display()):
            tell(kind, message)

    return heard


def slot(
    kind: str,
    opener: Callable[[Callable[[str], None]], D],
    executor: Executor,
    changed: Callable[[D | None], None],
    tell: Callable[[str, str], None],
) -> DeviceSlot[D]:
    """Return what keeps the device open, once its `open` is called; all in the loop's thread.

    `changed` gets the open device, or None. `tell(kind, message)` hears of a fault, and with an
    empty message that the device is open.
    """

    def report(event: MediaEvent) -> None:
        if isinstance(event, DeviceFault):
            tell(kind, event.message)

    def on_change() -> None:
        changed(made.device)
        if made.device is not None:
            tell(kind, "")

    made = DeviceSlot(kind, opener, executor, report)
    made.on_change = on_change
    return made


async def close(kept: DeviceSlot[D]) -> None:
    """Close the device; after CLOSE_WITHIN seconds it is left to its thread."""
    try:
        async with asyncio.timeout(CLOSE_WITHIN):
            await kept.close()
    except TimeoutError:
        log.warning("the %s does not close", kept.kind)
