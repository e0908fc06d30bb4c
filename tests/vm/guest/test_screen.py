"""The kitchen's screen on a real display controller, with a finger and a key."""

from __future__ import annotations

import asyncio

import numpy as np
from numpy.typing import NDArray

from intercom.station.layout import Rect
from intercom.station.scene import RingingIn, buttons
from tests.vm.guest import drm, vivid
from tests.vm.guest.house import DOOR, OUT, House, png, save

KEY_A = 30  # linux/input-event-codes.h
SIZE = (640, 384)
Picture = NDArray[np.uint8]


def scaled(seen: Picture, size: tuple[int, int]) -> Picture:
    """What a display of another size shows, as the station painted it: without its black bars."""
    height, width = seen.shape[:2]
    factor = min(width / size[0], height / size[1])
    left, top = (width - size[0] * factor) / 2, (height - size[1] * factor) / 2
    rows = (top + (np.arange(size[1]) + 0.5) * factor).astype(int)
    columns = (left + (np.arange(size[0]) + 0.5) * factor).astype(int)
    return np.ascontiguousarray(seen[rows][:, columns])


async def compared(house: House, name: str) -> float:
    """How far the display is from the station's own screenshot: the mean of all differences."""
    path = OUT / f"{name}-station.png"
    best = 255.0
    for _ in range(10):
        await house.kitchen.do("screenshot", path=str(path))
        seen = await asyncio.to_thread(drm.shown)
        save(seen, OUT / f"{name}-display.png")
        own = png(path)
        other = scaled(seen, (own.shape[1], own.shape[0]))
        best = min(best, float(np.abs(own.astype(int) - other.astype(int)).mean()))
        if best < 3:
            break
        await asyncio.sleep(0.5)
    return best


async def test_the_display_shows_what_the_station_painted(house: House) -> None:
    vivid.choose_item("OSD Text Mode", "None")
    vivid.choose_item("Test Pattern", "100% Colorbar")
    await asyncio.sleep(2)
    assert await compared(house, "idle") < 3
    pressed = await house.tap(DOOR["call"])
    await house.kitchen.wait("invited", pressed, seconds=60)
    await asyncio.sleep(2)
    assert await compared(house, "ringing") < 3
    await house.accept()
    await house.kitchen.wait("first_frame", pressed, seconds=30)
    await asyncio.sleep(2)
    assert await compared(house, "in-call") < 3
    assert len(np.unique(drm.shown().reshape(-1, 3), axis=0)) > 100


def middle(button: Rect) -> tuple[float, float]:
    """Where on the display (0 to 1 of its size) the middle of a button of the kitchen is."""
    height, width = drm.shown().shape[:2]
    factor = min(width / SIZE[0], height / SIZE[1])
    x, y = button.x + button.w / 2 - SIZE[0] / 2, button.y + button.h / 2 - SIZE[1] / 2
    return 0.5 + x * factor / width, 0.5 + y * factor / height


async def test_a_touch_on_accept_accepts(house: House) -> None:
    pressed = await house.tap(DOOR["call"])
    await house.kitchen.wait("invited", pressed, seconds=60)
    await asyncio.sleep(1.5)  # touches of the first half second were meant for another picture
    accept = buttons(RingingIn("Front door"), SIZE)["accept"]
    await asyncio.to_thread(house.touch.tap, *middle(accept))
    touched = await house.kitchen.wait("touch", pressed, seconds=60)
    assert touched["area"] == "accept"
    await house.door.wait("lamp", pressed, state="in_call", seconds=60)


async def test_a_key_does_what_a_button_does(house: House) -> None:
    pressed = await house.tap(DOOR["call"])
    await house.kitchen.wait("invited", pressed, seconds=60)
    await asyncio.to_thread(house.keyboard.tap, KEY_A)
    await house.door.wait("lamp", pressed, state="in_call", seconds=60)


async def test_a_touch_screen_that_is_pulled_out_does_no_harm(house: House) -> None:
    with house.plays("the touch screen taken away"):
        house.touch.close()
        await house.call()
        await asyncio.sleep(1)
        assert await house.states() == ["connected"] * 2
