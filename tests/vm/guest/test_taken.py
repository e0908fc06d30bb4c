"""Devices that another program has: said in words, with its name, and taken when they are free."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import hw
from tests.vm.guest import vivid
from tests.vm.guest.house import DOOR, House
from tests.vm.guest.test_faults import LONG, connected, fault

HOLD_A_LINE = """
import lgpio, sys, time
chip = lgpio.gpiochip_open(int(sys.argv[1]))
while True:
    try:
        lgpio.gpio_claim_input(chip, int(sys.argv[2]))
        break
    except lgpio.error:  # whoever was killed has it for a moment
        time.sleep(0.1)
print("has it", flush=True)
time.sleep(600)
"""

HOLD_THE_CAMERA = """
import av, sys
camera = av.open(sys.argv[1], format="v4l2")
for number, frame in enumerate(camera.decode(video=0)):
    if number == 1:
        print("has it", flush=True)
"""


@contextmanager
def another(*command: str) -> Iterator[None]:
    """Another program that has a device, which it says."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd="/tmp") as program:
        try:
            assert program.stdout is not None
            assert program.stdout.readline() == b"has it\n"
            yield
        finally:
            program.kill()


async def test_a_line_that_another_program_has(house: House) -> None:
    with house.plays("a GPIO line in use by another program, then free"):
        await house.kill("door")
        with another(sys.executable, "-c", HOLD_A_LINE, house.chip.number, str(DOOR["call"])):
            door = await house.start("door")
            message = await fault(door, "panel", 0.0)
            assert "GPIO busy" in message
            assert "another program uses it" in message
        await door.wait("open", device="panel", seconds=LONG)
        await door.wait("ready", seconds=LONG)
        await house.call()


async def test_a_camera_that_another_program_has(house: House) -> None:
    with house.plays("the camera in use by another program, then free"):
        began = time.monotonic()
        with another(sys.executable, "-c", HOLD_THE_CAMERA, str(vivid.node())):
            await house.call()
            assert "in use by python" in await fault(house.door, "camera", began)
            await connected(house)
        await house.door.wait("restored", began, device="camera", seconds=LONG)


@pytest.mark.parametrize("kind", ["microphone", "speaker"])
def test_a_sound_card_that_another_program_has(kind: str) -> None:
    """A card of one stream, as most are; those of the stations have eight."""
    tool = "arecord" if kind == "microphone" else "aplay"
    options = "-q -D hw:CARD=Third,DEV=1 -f S16_LE -r 48000 -c 1"
    settings = hw.SoundSettings(device="CARD=Third,DEV=1")

    def opened() -> hw.Microphone | hw.Speaker:
        if kind == "microphone":
            return hw.open_microphone("pyaudio", settings, lambda _: None, print)
        return hw.open_speaker("pyaudio", settings, lambda count: bytes(2 * count), print)

    zeros = "/dev/null" if kind == "microphone" else "/dev/zero"
    with another("sh", "-c", f"echo has it; exec {tool} {options} {zeros}"):
        time.sleep(2)
        with pytest.raises(hw.DeviceError, match=f"in use by {tool}"):
            opened()
    opened().close()
