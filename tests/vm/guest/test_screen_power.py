"""A screen that goes dark is in standby: by the kernel's mode setting, on vkms."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import hw
from tests.vm.guest.house import House

STATE = Path("/sys/class/drm/card0-Virtual-1/dpms")


def reads(value: str) -> bool:
    """Whether the connector comes to say so."""
    end = time.monotonic() + 10
    while STATE.read_text().strip() != value:
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


async def test_a_dark_screen_is_in_standby_and_comes_back_with_its_picture(house: House) -> None:
    await house.kill("indoor")  # one program alone can have the display
    shown = threading.Event()
    screen = hw.open_screen(
        "kmsdrm", hw.ScreenSettings(width=640, height=384), print, print, print
    )  # fmt: skip
    try:
        screen.show(lambda surface: surface.fill((10, 200, 30)), shown.set)
        assert shown.wait(20)
        assert reads("On")
        screen.set_power(False)
        assert reads("Off")
        shown.clear()
        screen.show(lambda surface: surface.fill((200, 10, 30)), shown.set)
        assert not shown.wait(0.5)  # a flip would fail now
        screen.set_power(True)
        assert shown.wait(20)
        assert reads("On")
    finally:
        screen.close()
        kitchen = await house.start("indoor")
        await kitchen.wait("ready", seconds=60)
        for device in ("panel", "screen"):
            await kitchen.wait("open", device=device, seconds=60)
