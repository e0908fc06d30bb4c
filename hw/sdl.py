"""SDL by pygame: importing it quietly, opening the display with a driver, and its events."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

from hw import displays
from hw.base import DeviceError, OnKey, OnTouch
from hw.environ import environment
from hw.settings import ScreenSettings

if TYPE_CHECKING:
    import pygame

_REMEDIES = {
    "kmsdrm": "is there a screen, is no desktop running, is the user in the groups video and render"
    " (Debian's python3-pygame has kmsdrm, the wheel may not)",
    "window": "is a desktop running, and are DISPLAY or WAYLAND_DISPLAY set",
    "dummy": "see the size",
}


def load_pygame() -> None:
    """Import pygame, without its greeting; raises DeviceError when it is not installed.

    It would also import pkg_resources, to find a file that it has anyway: 5 MB and 0.2 s less.
    """
    missing: Any = None
    hidden = "pkg_resources" not in sys.modules
    if hidden:
        sys.modules["pkg_resources"] = missing
    try:
        with environment(PYGAME_HIDE_SUPPORT_PROMPT="1"):
            import pygame  # noqa: F401, PLC0415 - slow to import, and few need it
    except ImportError as error:
        raise DeviceError(
            "screen", f"no pygame library ({error}): apt install python3-pygame"
        ) from error
    finally:
        if hidden:
            del sys.modules["pkg_resources"]


def open_display(driver: str, settings: ScreenSettings) -> pygame.Surface:
    """Initialise SDL's display and fonts (not its mixer) in this thread; raises DeviceError."""
    # SDL would take SIGTERM for itself, which is the daemon's.
    variables = {"SDL_NO_SIGNAL_HANDLERS": "1"}
    if driver != "window":
        variables["SDL_VIDEODRIVER"] = driver
    load_pygame()
    import pygame  # noqa: PLC0415

    with environment(**variables):
        try:
            pygame.display.init()
            _refuse_stand_in(driver)
            return _set_mode(driver, settings)
        except pygame.error as error:
            pygame.display.quit()
            raise DeviceError("screen", _in_words(driver, error)) from error


def _in_words(driver: str, error: pygame.error) -> str:
    if driver == "kmsdrm" and displays.none_connected():
        return 'no display is connected: plug one in, or set [screen] driver = "none"'
    return f"cannot open the {driver} screen: {error}; {_REMEDIES[driver]}"


def _refuse_stand_in(driver: str) -> None:
    """Without a desktop SDL takes a driver that shows nothing, and says nothing."""
    import pygame  # noqa: PLC0415

    taken = pygame.display.get_driver()
    if driver == "window" and taken in ("dummy", "offscreen", "evdev"):
        raise pygame.error(f"SDL found no desktop, only its driver {taken!r}")


def _set_mode(driver: str, settings: ScreenSettings) -> pygame.Surface:
    import pygame  # noqa: PLC0415

    pygame.font.init()
    flags = 0
    if driver == "kmsdrm" or (driver == "window" and settings.fullscreen):
        # The graphics chip scales to the screen's own size.
        flags = pygame.FULLSCREEN | pygame.SCALED
    surface = pygame.display.set_mode((settings.width, settings.height), flags)
    pygame.display.set_caption(settings.title)
    pygame.mouse.set_visible(driver != "kmsdrm")
    return surface


def close_display() -> None:
    """Close SDL's display and fonts, in the thread that opened them."""
    import pygame  # noqa: PLC0415

    surface = pygame.display.get_surface()
    if surface is not None:
        # pygame 2.1.2 forgets its renderer (SCALED) at quit, and crashes at the next one.
        with contextlib.suppress(pygame.error):
            pygame.display.set_mode(surface.get_size(), pygame.HIDDEN)
    pygame.font.quit()
    pygame.display.quit()


def pump(size: tuple[int, int], on_touch: OnTouch, on_key: OnKey) -> bool:
    """Hand on the events that SDL has: fingers and the left button as touches, keys by name.

    Returns whether there was any.
    """
    import pygame  # noqa: PLC0415

    events = pygame.event.get()
    for event in events:
        if event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
            # A finger also comes as a mouse; it counts once.
            if not getattr(event, "touch", False):
                on_touch(*event.pos)
        elif event.type == pygame.FINGERDOWN:
            on_touch(int(event.x * (size[0] - 1)), int(event.y * (size[1] - 1)))
        elif event.type == pygame.KEYDOWN:
            on_key(pygame.key.name(event.key))
        elif event.type == pygame.QUIT:
            on_key("quit")
    return bool(events)
