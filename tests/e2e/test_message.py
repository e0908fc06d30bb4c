"""A visitor's message, from button to touch, between processes with simulated devices."""

from __future__ import annotations

import asyncio
import json
import tomllib
from pathlib import Path

import aiohttp
import av
import numpy as np
import numpy.typing as npt

from hw import wav
from intercom.hub.keys import Keys
from intercom.station import layout

from ..messages_rig import heard
from .conftest import House
from .test_people import middle

PLAN = """\
[[call.plan]]
ring = "indoor"
seconds = 1
[[call.plan]]
message = true
seconds = 4
[camera]
"""


async def test_a_visitor_leaves_a_message_and_the_kitchen_plays_it(house: House) -> None:
    house.edit("door", "[camera]\n", PLAN)
    door, indoor = await house.start_all()
    pressed = await door.press("call")
    await door.wait("screen", pressed, scene="Recording")
    await door.wait("lamp", pressed, state="device_open")
    left = await door.wait("message_left", pressed, seconds=20)
    told = await indoor.wait("missed_calls", pressed)
    assert [call["message"] for call in told["calls"]] == [left["message"]]
    await door.wait("screen", left["t"], scene="Idle")

    kept = house.stage.work / "state" / "messages" / left["message"]
    about = json.loads((kept / "about.json").read_bytes())
    assert (about["sponsor"], about["readers"]) == ("door", ["indoor"])
    samples, rate = heard((kept / "sound.wav").read_bytes())
    assert 3 < len(samples) / rate < 4.5
    config = tomllib.loads(house.stage.config("door").read_text())
    assert likeness(samples, rate, Path(config["sound"]["speech"])) > 0.9
    token = Keys(house.stage.work / "state").mint("indoor", days=1)
    url = f"http://127.0.0.1:{house.stage.port}/messages/{left['message']}/picture.jpg"
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.request("GET", url, headers=headers) as answer:
        assert (await answer.read())[:3] == b"\xff\xd8\xff"

    size = (800, 480)
    idle = await indoor.wait("screen", told["t"], scene="Idle")
    assert "messages=(('Front door'" in idle["detail"]
    card = layout.idle(size, can_call=True, missed=True).missed
    assert card is not None
    touched = await touch(house, "indoor", card)
    played = await indoor.wait("message", touched)
    assert 3 < played["seconds"] < 4.5
    await asyncio.sleep(0.3)
    shot = house.stage.out / "message.png"
    await indoor.do("screenshot", path=str(shot))
    assert colours(shot) > 500  # a picture of a camera, not a drawn screen
    await touch(house, "indoor", layout.in_call(size).right)
    closed = await indoor.wait("screen", played["t"] + 0.5, scene="Idle")
    assert "messages=()" in closed["detail"]


async def touch(house: House, station: str, area: layout.Rect) -> float:
    """Touch the middle of an area, until the screen takes touches; return when."""
    remote = house.remotes[station]
    x, y = middle(area)
    async with asyncio.timeout(10):
        while True:
            before = len(remote.events)
            await remote.do("touch", x=x, y=y)
            await asyncio.sleep(0.2)
            for entry in remote.events[before:]:
                if entry["event"] == "touch":
                    assert entry["area"] is not None
                    return float(entry["t"])


def likeness(samples: npt.NDArray[np.int16], rate: int, speech: Path) -> float:
    """How well (0..1) the loudest second of `samples` is found in a speech that is repeated."""
    pause = bytes(2 * rate)
    said = np.frombuffer((wav.read_samples(speech, rate) + pause) * 2, np.int16).astype(float)
    power = np.convolve(samples.astype(float) ** 2, np.ones(rate), "valid")
    start = int(np.argmax(power))
    part = samples[start : start + rate].astype(float)
    size = 1 << (len(said) + rate).bit_length()
    match = np.fft.irfft(np.fft.rfft(said, size) * np.conj(np.fft.rfft(part, size)), size)
    at = int(np.argmax(match[: len(said) - rate]))
    return float(np.corrcoef(said[at : at + rate], part)[0, 1])


def colours(path: Path) -> int:
    """How many colours a picture has."""
    with av.open(str(path)) as file:
        picture = next(file.decode(video=0)).to_ndarray(format="rgb24")
    return len(np.unique(picture.reshape(-1, 3), axis=0))
