"""What is wrong is told on the screen, by the lamp and in the log, and the station goes on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hw import clips
from intercom.station.lamp import LampState

from .conftest import House, idle_again, state


async def test_wrong_token(house: House) -> None:
    (house.stage.work / "door.token").write_text("nonsense")
    await house.start("hub")
    door = await house.start("door", ready=False)
    assert door is not None
    shown = await door.wait("screen", scene="Fault")
    assert "refuses this station" in shown["detail"]
    assert "intercom token door" in shown["detail"]
    await door.wait("lamp", state=LampState.FAULT.value)
    assert "intercom token door" in house.log("door")
    assert "nonsense" not in house.log("door") + house.log("hub")


async def test_no_token_file(house: House) -> None:
    (house.stage.work / "door.token").unlink()
    await house.start("hub")
    door = await house.start("door", ready=False)
    assert door is not None
    assert "token_file" in (await door.wait("screen", scene="Fault"))["detail"]


async def test_no_hub_then_a_hub(house: House) -> None:
    door = await house.start("door", ready=False)
    assert door is not None
    told = await door.wait("no_hub")
    assert "is it running" in told["message"]
    await door.wait("lamp", state=LampState.NO_HUB.value)
    pressed = await door.press("call")
    await door.wait("refused", pressed)
    shown = await door.wait("screen", pressed, scene="Ended")
    assert "hub" in shown["detail"]
    assert await state(door) == "idle"
    await house.start("hub")
    await door.wait("ready", seconds=20)
    await door.wait("lamp", pressed, state=LampState.IDLE.value)


async def test_callee_offline(house: House) -> None:
    await house.start("hub")
    door = await house.start("door")
    assert door is not None
    pressed = await door.press("call")
    assert (await idle_again(door, pressed))["reason"] == "offline"
    shown = await door.wait("screen", pressed, scene="Ended")
    assert "offline" in shown["detail"]
    await door.wait("screen", shown["t"], scene="Idle")


async def test_callee_busy(house: House) -> None:
    house.add("office")
    door, indoor = await house.start_all()
    office = await house.start("office")
    assert office is not None
    pressed = await door.press("call")
    await indoor.wait("invited", pressed)
    busy = await office.press("call")
    await office.wait("line_busy", busy)
    assert (await idle_again(office, busy))["reason"] == "line_busy"
    assert "line_busy" in (await office.wait("screen", busy, scene="Ended"))["detail"]
    assert await state(door) == "calling"
    assert await state(indoor) == "ringing"


async def test_no_camera_and_no_microphone_is_receive_only(house: House) -> None:
    house.edit("indoor", 'clip = "bikes"', 'clip = "/nowhere/clip.mp4"')
    house.edit("indoor", "indoor-speaks.wav", "no-such-speech.wav")
    door, indoor = await house.start_all()
    pressed = await door.press("call")
    await indoor.wait("invited", pressed)
    camera = await indoor.wait("fault", pressed, device="camera")
    assert "/nowhere/clip.mp4" in camera["message"]
    await indoor.wait("fault", pressed, device="microphone")
    accepted = await indoor.press("accept")
    await door.wait("user_accept", accepted)
    await door.wait("user_video_available", accepted, is_video_available=False)
    await indoor.wait("first_frame", pressed)
    await indoor.wait("first_sound", accepted)
    ended = await indoor.press("hangup")
    await idle_again(indoor, ended)
    await indoor.wait("lamp", ended, state=LampState.FAULT.value)
    assert "Traceback" not in house.log("indoor")


def test_wrong_configuration(tmp_path: Path) -> None:
    path = tmp_path / "door.toml"
    path.write_text(
        '[station]\nuser = "door"\ntokn = "x"\n[hub]\nurl = "ws://127.0.0.1:1"\n'
        '[camera]\nqualty = "480p"\nfps = 500\n'
        '[panel]\ndriver = "none"\n[screen]\ndriver = "none"\n'
    )
    done = subprocess.run(
        [sys.executable, "-m", "intercom", "station", "--config", str(path)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    for words in ("station.tokn", "camera.qualty", '"quality"', "camera.fps"):
        assert words in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_camera_that_comes_back_clears_its_fault(house: House) -> None:
    clip = house.stage.work / "clip.mp4"
    house.edit("indoor", 'clip = "bikes"', f'clip = "{clip}"')
    door, indoor = await house.start_all()
    pressed = await door.press("call")
    await indoor.wait("fault", pressed, device="camera")
    ended = await door.press("hangup")
    await idle_again(indoor, ended)
    clip.write_bytes(clips.find("carphone").read_bytes())
    pressed = await door.press("call")
    await indoor.wait("restored", pressed, device="camera")
    accepted = await indoor.press("accept")
    await door.wait("first_frame", accepted)
