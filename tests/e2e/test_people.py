"""What people do at a station: buttons, touches, keys; and a kiosk that answers by itself."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import aiohttp
import av
import pytest

from intercom.demo.stage import free_port
from intercom.station import layout
from intercom.station.lamp import LampState
from intercom.station.metrics import COUNTED, COUNTED_HERE

from .conftest import House, idle_again, state, xdotool


async def test_a_second_press_while_it_rings_changes_nothing(house: House) -> None:
    door, indoor = await house.start_all()
    first = await door.press("call")
    rings = await indoor.wait("invited", first)
    again = await door.press("call")
    await asyncio.sleep(0.3)
    assert await state(door) == "calling"
    assert sum(entry["event"] == "invited" for entry in indoor.events) == 1
    await door.press("hangup")
    cancel = await indoor.wait("calling_cancel", again)
    assert cancel["invite_id"] == rings["invite_id"]
    assert (await idle_again(door, again))["reason"] == "canceled"


async def test_refuse(house: House) -> None:
    door, indoor = await house.start_all()
    pressed = await door.press("call")
    await indoor.wait("invited", pressed)
    refused = await indoor.press("hangup")
    assert (await idle_again(door, refused))["reason"] == "reject"
    shown = await door.wait("screen", refused, scene="Ended")
    assert "reject" in shown["detail"]
    await indoor.wait("lamp", refused, state=LampState.IDLE.value)


async def test_rings_out(house: House) -> None:
    house.edit("door", "[call]\n", "[call]\ntimeout = 1\n")
    door, indoor = await house.start_all()
    pressed = await door.press("call")
    assert (await idle_again(indoor, pressed))["reason"] == "no_response"
    assert (await idle_again(door, pressed))["reason"] == "no_response"
    missed = await indoor.wait("screen", pressed, scene="Ended")
    assert "ended_by_me=True" in missed["detail"]


async def test_touch_accepts_mutes_and_hangs_up(house: House) -> None:
    door, indoor = await house.start_all()
    size = (800, 480)
    pressed = await door.press("call")
    await indoor.wait("screen", pressed, scene="RingingIn")
    accept = middle(layout.ringing(size).left)
    await indoor.do("touch", x=accept[0], y=accept[1])  # too early: meant for the idle screen
    await asyncio.sleep(0.6)
    assert await state(indoor) == "ringing"
    await indoor.do("touch", x=accept[0], y=accept[1])
    await door.wait("user_accept", pressed)
    await asyncio.sleep(0.6)
    mute = middle(layout.in_call(size).left)
    touched = time.monotonic()
    await indoor.do("touch", x=mute[0], y=mute[1])
    await door.wait("user_audio_available", touched, is_audio_available=False)
    await indoor.wait("lamp", touched, state=LampState.MUTED.value)
    hangup = middle(layout.in_call(size).right)
    await indoor.do("touch", x=hangup[0], y=hangup[1])
    assert (await idle_again(door, touched))["reason"] == "hangup"


async def test_a_long_press_calls_the_second_callee(house: House) -> None:
    house.add("office")
    house.edit("door", "[call]\n", '[call]\nsecond_callee = "office"\n')
    door, indoor = await house.start_all()
    office = await house.start("office")
    assert office is not None
    began = time.monotonic()
    await door.do("press", button="call")
    await office.wait("invited", began)
    await door.do("release", button="call")
    assert not any(entry["event"] == "invited" for entry in indoor.events)
    ended = await door.press("hangup")
    await idle_again(door, ended)
    short = await door.press("call")
    await indoor.wait("invited", short)


async def test_a_kiosk_answers_by_itself(house: House) -> None:
    house.edit(
        "indoor",
        "[camera]",
        '[answer]\nkind = "consult"\nallow = ["door"]\nseconds = 1.0\nmuted = true\n[camera]',
    )
    door, indoor = await house.start_all()
    pressed = await door.press("call")
    ringing = await indoor.wait("screen", pressed, scene="RingingIn")
    assert "auto_answer_in=1" in ringing["detail"]
    accepted = await door.wait("user_accept", pressed)
    assert accepted["t"] - ringing["t"] >= 0.9
    await indoor.wait("lamp", pressed, state=LampState.MUTED.value)
    await door.wait("user_audio_available", pressed, is_audio_available=False)
    await door.wait("first_frame", pressed)
    await door.press("hangup")
    await idle_again(indoor, pressed)
    # and a person can refuse while it counts
    pressed = await door.press("call")
    await indoor.wait("screen", pressed, scene="RingingIn")
    await indoor.press("hangup")
    assert (await idle_again(door, pressed))["reason"] == "reject"
    await asyncio.sleep(1.2)
    assert await state(indoor) == "idle"


def middle(area: layout.Rect) -> tuple[int, int]:
    """The pixel in the middle of an area."""
    return area.x + area.w // 2, area.y + area.h // 2


async def test_the_numbers_of_a_call_are_shown_and_served(house: House) -> None:
    port = free_port()
    house.edit("indoor", "[station]\n", f'[station]\nmetrics = "127.0.0.1:{port}"\n')
    door, indoor = await house.start_all()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
        pressed = await door.press("call")
        await indoor.wait("invited", pressed)
        await indoor.press("accept")
        await indoor.do("key", key="i")
        await asyncio.sleep(3.2)
        shown = house.stage.out / "numbers.png"
        await indoor.do("screenshot", path=str(shown))
        async with http.get("/metrics") as answer:
            text = await answer.text()
        async with http.get("/healthz") as answer:
            assert answer.status == 200
    values = dict(line.split(" ") for line in text.splitlines() if not line.startswith("#"))
    assert float(values['intercom_station_state{state="connected"}']) == 1
    assert {f"intercom_call_{name}_total" for name in COUNTED_HERE} <= values.keys()
    assert {f'intercom_call_{name}_total{{peer="door"}}' for name in COUNTED} <= values.keys()
    assert float(values['intercom_call_frames_per_s{peer="door"}']) > 20
    assert float(values['intercom_call_latency_ms{peer="door"}']) < 500
    assert float(values['intercom_call_playout_ms{peer="door"}']) < 300
    await indoor.do("key", key="i")
    await asyncio.sleep(0.3)
    hidden = house.stage.out / "hidden.png"
    await indoor.do("screenshot", path=str(hidden))
    assert dark(shown) > dark(hidden) + 0.05  # the plate of the overlay


def dark(path: Path) -> float:
    """The share of dark pixels in the left half under the name."""
    with av.open(str(path)) as file:
        grey = next(file.decode(video=0)).to_ndarray(format="gray")
    return float((grey[150:330, 20:300] < 60).mean())


async def test_a_window_takes_keys(
    house: House, desktop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", desktop)
    house.edit("door", 'driver = "dummy"', 'driver = "window"')
    door, indoor = await house.start_all()
    pid = str(house.programs["door"].process.pid)
    window = (await xdotool("search", "--sync", "--pid", pid)).split()[0]
    await xdotool("windowfocus", "--sync", window)  # no window manager here gives it the focus
    began = time.monotonic()
    await xdotool("key", "c")
    button = await door.wait("button", began, button="call", kind="pressed")
    await indoor.wait("invited", button["t"])
    await asyncio.sleep(1.0)
    shot = house.stage.out / "window.png"
    await door.do("screenshot", path=str(shot))
    assert shot.stat().st_size > 5000
    await xdotool("key", "h")
    assert (await idle_again(door, began))["reason"] == "canceled"
