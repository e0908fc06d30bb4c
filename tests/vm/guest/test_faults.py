"""Devices that go and come back, and programs that die: the rest goes on, and all is well again."""

from __future__ import annotations

import asyncio
import os
import threading
import time

import pytest

import hw
from intercom.demo.stage import Remote
from tests.vm.guest import aloop, vivid
from tests.vm.guest.house import DOOR, House
from tests.vm.guest.test_media import crosses

LONG = 60.0


async def fault(remote: Remote, kind: str, since: float) -> str:
    """The words in which a station reports that a device has failed."""
    return str((await remote.wait("fault", since, device=kind, seconds=LONG))["message"])


async def ringing(house: House) -> None:
    """A press of the door's button rings in the kitchen."""
    pressed = await house.tap(DOOR["call"])
    await house.kitchen.wait("invited", pressed, seconds=LONG)


async def connected(house: House) -> None:
    """Both are still in the call."""
    assert await house.states() == ["connected"] * 2


async def at_rest(house: House) -> None:
    """Wait until no call is left."""
    for _ in range(int(LONG)):
        if await house.states() == ["idle"] * 2:
            return
        await asyncio.sleep(1)
    raise AssertionError("a call is left")


# -- the chip of buttons and lamps -------------------------------------------------------------


@pytest.mark.parametrize("when", ["at rest", "while it rings", "in a call"])
async def test_the_gpio_chip_goes_and_comes_back(house: House, when: str) -> None:
    with house.plays(f"the GPIO chip taken away {when}, and put back", 2):
        if when == "while it rings":
            await ringing(house)
        elif when == "in a call":
            await house.call()
        gone = time.monotonic()
        house.chip.unplug()
        for remote in house.remotes.values():
            assert "the GPIO chip is gone" in await fault(remote, "panel", gone)
        if when == "in a call":
            await connected(house)
        house.chip.plug()
        for remote in house.remotes.values():
            await remote.wait("open", gone, device="panel", seconds=LONG)
        await house.end()
        await house.call()


# -- the camera --------------------------------------------------------------------------------


async def test_the_camera_goes_in_a_call_and_comes_back(house: House) -> None:
    vivid.choose_item("Test Pattern", "100% Red")
    vivid.choose_item("OSD Text Mode", "None")
    await house.call()
    await house.shows("Red")
    for _ in range(2):
        with house.plays("the camera taken away in a call, and put back"):
            gone = time.monotonic()
            vivid.unplug()
            assert "plugged in" in await fault(house.door, "camera", gone)
            await connected(house)
            vivid.plug()
            vivid.choose_item("Test Pattern", "100% Blue")
            vivid.choose_item("OSD Text Mode", "None")
            await house.door.wait("restored", gone, device="camera", seconds=LONG)
            await house.shows("Blue", LONG)


async def test_a_camera_whose_stream_stalls_is_given_back(house: House) -> None:
    with house.plays("a camera that stays and gives no more pictures, and goes on"):
        faults: list[str] = []
        await asyncio.to_thread(_stall, faults)
        assert any("no picture for" in message for message in faults)


def _stall(faults: list[str]) -> None:
    """In this process, beside the stations at rest: its driver alone is of interest here."""
    pictures = threading.Event()
    settings = hw.CameraSettings(device=str(vivid.node()), width=320, height=240, fps=3)

    def opened() -> hw.Camera:
        pictures.clear()
        seen = lambda _: pictures.set()  # noqa: E731 - a picture says no more than that it came
        return hw.open_camera("v4l2", settings, seen, seen, faults.append)

    camera = opened()
    assert pictures.wait(LONG)
    vivid.drop(100)
    try:
        for _ in range(int(LONG)):
            if faults:
                break
            time.sleep(1)
        camera.close()
        assert not [it for it in threading.enumerate() if it.name == "hw-camera"]
        assert not hw.camera_hangs()
        with pytest.raises(hw.DeviceError, match="no picture within"):
            opened()
    finally:
        vivid.drop(0)
    camera = opened()
    assert pictures.wait(LONG)
    camera.close()


async def test_a_call_goes_without_the_camera(house: House) -> None:
    with house.plays("a call begun without the camera, which is put in later"):
        began = time.monotonic()
        vivid.unplug()  # maybe before the last call has let go of it
        try:
            await house.call()
            assert await fault(house.door, "camera", began)
            await crosses("Door", "Kitchen")
        finally:
            vivid.plug()
        await house.door.wait("restored", began, device="camera", seconds=LONG)


# -- the sound cards ---------------------------------------------------------------------------


async def unplugged(card: str) -> threading.Thread:
    """Take a card away on which a station hears and speaks; the kernel waits in the thread until
    nobody has it open.

    Not while it is being opened: a card that goes in those milliseconds can hang PortAudio, which
    the watchdog then finds (see hw.portaudio).
    """
    for _ in range(int(LONG)):
        if aloop.running(card, "c") and aloop.running(card, "p"):
            break
        await asyncio.sleep(1)
    thread = threading.Thread(target=aloop.unplug, args=(card,))
    thread.start()
    await asyncio.sleep(0.5)
    return thread


@pytest.mark.parametrize(("card", "other"), [("Door", "Kitchen"), ("Kitchen", "Door")])
async def test_a_sound_card_goes_in_a_call_and_comes_back(
    house: House, card: str, other: str
) -> None:
    with house.plays("a sound card taken away in a call, and put back"):
        await house.call()
        remote = house.door if card == "Door" else house.kitchen
        gone = time.monotonic()
        thread = await unplugged(card)
        for kind in ("microphone", "speaker"):
            assert await fault(remote, kind, gone)
        await asyncio.to_thread(thread.join, LONG)
        assert not thread.is_alive(), f"what is gone is still held: {aloop.holders()}"
        await connected(house)
        aloop.plug(card)
        for kind in ("microphone", "speaker"):
            await remote.wait("restored", gone, device=kind, seconds=LONG)
        await crosses(card, other)
        await crosses(other, card)


async def test_cards_are_known_by_name_when_their_numbers_move(house: House) -> None:
    with house.plays("the numbers of two sound cards exchanged"):
        before = {card: aloop.number(card) for card in aloop.DEVICES}
        for card in aloop.DEVICES:
            aloop.unplug(card)
        for card in sorted(before, key=lambda card: -before[card]):
            aloop.plug(card)
        after = {card: aloop.number(card) for card in aloop.DEVICES}
        assert after["Door"] == before["Kitchen"]
        assert after["Kitchen"] == before["Door"]
        await house.call()
        await crosses("Door", "Kitchen")


async def test_a_call_goes_without_the_doors_sound_card(house: House) -> None:
    with house.plays("a call begun without a sound card, which is put in later"):
        began = time.monotonic()
        await asyncio.to_thread(aloop.unplug, "Door")
        try:
            await house.call()
            assert await fault(house.door, "microphone", began)
        finally:
            aloop.plug("Door")
        await house.door.wait("restored", began, device="microphone", seconds=LONG)
        await crosses("Door", "Kitchen")


# -- the screen --------------------------------------------------------------------------------


async def test_a_display_that_another_program_has_is_taken_when_it_is_free(house: House) -> None:
    with house.plays("the display in use by another program, then free"):
        await house.kill("indoor")
        other = os.open("/dev/dri/card0", os.O_RDWR)  # who opens it first is its master
        try:
            kitchen = await house.start("indoor")
            message = await fault(kitchen, "screen", 0.0)
            assert "cannot open the kmsdrm screen" in message
            await kitchen.wait("ready", seconds=LONG)
            await kitchen.wait("open", device="panel", seconds=LONG)
            await house.call()
        finally:
            os.close(other)
        await kitchen.wait("open", device="screen", seconds=LONG)


# -- programs ----------------------------------------------------------------------------------


async def test_the_hub_goes_and_comes_back(house: House) -> None:
    with house.plays("kill -9 of the hub"):
        gone = time.monotonic()
        await house.kill("hub")
        for remote in house.remotes.values():
            await remote.wait("lamp", gone, state="no_hub", seconds=LONG)
        await house.start_hub()
        for remote in house.remotes.values():
            await remote.wait(
                "connection_state", gone, user_id="hub", state="connected", seconds=LONG
            )
        await ringing(house)


@pytest.mark.parametrize("when", ["at rest", "while it rings", "in a call"])
async def test_a_door_is_killed_with_its_button_held(house: House, when: str) -> None:
    with house.plays(f"kill -9 of the door {when}, with its button held"):
        if when == "while it rings":
            await ringing(house)
        elif when == "in a call":
            await house.call()
        house.chip.close(DOOR["call"])
        await asyncio.sleep(0.1)
        await house.kill("door")
        door = await house.back("door")
        await asyncio.sleep(1)
        assert await house.state(door) == "idle", "a button held since before is no press"
        house.chip.open(DOOR["call"])
        await at_rest(house)
        await ringing(house)
