"""Sound over real ALSA cards and pictures of a real V4L2 camera, from the door to the kitchen."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.vm.guest import aloop, vivid
from tests.vm.guest.house import House

HERTZ = 1000.0
PURE = 0.5
"""The share of the power that is the tone's."""


async def crosses(speaking: str, listening: str) -> None:
    """What one card's microphone hears, a tone, is what the other one's speaker plays.

    It is listened to a few times, since calls begin with tones of their own.
    """
    spoken, recorded = aloop.tone(HERTZ, 60, Path("/tmp/tone.wav")), Path("/tmp/heard.wav")
    shares: list[float] = []
    while len(shares) < 6 and not (shares and shares[-1] > PURE):
        player = aloop.speak(speaking, spoken)
        try:
            await asyncio.sleep(0.5)
            done = await asyncio.to_thread(aloop.listen, listening, 1, recorded)
        finally:
            player.terminate()
            player.wait()
        shares.append(aloop.share(recorded, HERTZ) if done else 0.0)
    assert shares[-1] > PURE, f"the tone's shares of what is heard: {shares}"


@pytest.mark.parametrize(("speaking", "listening"), [("Door", "Kitchen"), ("Kitchen", "Door")])
async def test_a_tone_crosses(house: House, speaking: str, listening: str) -> None:
    await house.call()
    await crosses(speaking, listening)


async def test_the_cameras_picture_arrives(house: House) -> None:
    vivid.choose_item("OSD Text Mode", "None")
    await house.call()
    for colour in ("Red", "Green", "Blue"):
        vivid.choose_item("Test Pattern", f"100% {colour}")
        await house.shows(colour)
