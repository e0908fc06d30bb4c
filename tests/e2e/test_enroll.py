"""A station that has no hub yet: type one code, press the button. Nobody writes a configuration."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from intercom.demo.stage import Program, Remote, quoted
from intercom.enroll import pending, store

from .conftest import House, idle_again, xdotool


async def intercom(*words: str, given: str = "") -> str:
    """Run `intercom words`; return what it prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "intercom", *words,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(60):
        out, err = await process.communicate(given.encode())
    assert process.returncode == 0, err.decode()
    return out.decode()


async def until(true: Callable[[], object]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 (another process's log has no event)
            await asyncio.sleep(0.05)


class Home:
    """The house, whose door belongs to no hub yet."""

    def __init__(self, house: House) -> None:
        self.house, self.stage = house, house.stage
        self.key_file = self.stage.work / "door-state" / "device.key"
        self.address = f"127.0.0.1:{self.stage.port}"
        house.edit("hub", "[hub]", '[hub]\nlisten = "0.0.0.0"')
        token = f"token_file = {quoted(self.stage.work / 'door.token')}"
        house.edit("door", token, f"key_file = {quoted(self.key_file)}")
        house.edit("door", 'user = "door"\n', "")
        house.edit("door", f'url = "ws://127.0.0.1:{self.stage.port}"\n', "")

    async def start(self) -> None:
        """Start the hub, the kitchen by a token as ever, and the door, which has nothing."""
        await self.house.start("hub")
        await until(lambda: "SHA-256" in self.house.log("hub"))
        pin = self.house.log("hub").split("tls_pin of the stations): ")[1].split()[0]
        plain = f"ws://127.0.0.1:{self.stage.port}"
        self.house.edit("indoor", f'url = "{plain}"', f'url = "{plain.replace("ws:", "wss:")}"\n'
                        f'tls_pin = "{pin}"')  # fmt: skip
        await self.house.start("indoor")
        self.house.programs["door"] = await Program.start("door", self.stage)

    async def invite(self, user: str = "door") -> str:
        """What the hub's owner does."""
        config = str(self.stage.config("hub"))
        said = await intercom("invite", user, "--config", config, "--hub", self.address)
        return said.split("\n")[2].strip()

    async def logged(self, words: str) -> None:
        """Wait until the door's log has that."""
        await until(lambda: words in self.house.log("door"))

    async def door(self) -> Remote:
        """Wait until the door can be rung; return it."""
        if "door" in self.house.remotes:
            await self.house.remotes.pop("door").close()
        door = self.house.remotes["door"] = Remote("door", lambda who, entry: None)
        await door.connect(self.stage.control("door"), self.house.programs["door"])
        for device in ("panel", "screen"):
            await door.wait("open", device=device, seconds=20)
        await door.wait("ready", seconds=20)
        return door

    async def rings(self) -> None:
        """Press the button at the door: it rings in the kitchen; and no more."""
        door, indoor = await self.door(), self.house.remotes["indoor"]
        pressed = await door.press("call")
        await indoor.wait("invited", pressed)
        await door.press("hangup")
        await idle_again(door, pressed)


@pytest.fixture
def home(house: House) -> Home:
    """A house whose door is new."""
    return Home(house)


async def test_a_code_is_typed_on_the_screen_and_the_button_pressed(
    home: Home, desktop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", desktop)
    home.house.edit("door", 'driver = "dummy"', 'driver = "window"')
    await home.start()
    pid = str(home.house.programs["door"].process.pid)
    window = (await xdotool("search", "--sync", "--pid", pid)).split()[0]
    await xdotool("windowfocus", "--sync", window)
    wrong, code = await home.invite("indoor"), await home.invite()
    await xdotool("key", "Tab", *["BackSpace"] * len("hub.local"))
    await xdotool("type", "--delay", "30", home.address)
    await xdotool("key", "Tab")
    await xdotool("type", "--delay", "30", wrong[:-1] + ("0" if wrong[-1] != "0" else "1"))
    await xdotool("key", "Return")
    await home.logged("there is a slip in the code")
    await xdotool("key", *["BackSpace"] * 16)
    await xdotool("type", "--delay", "30", code.lower())
    await xdotool("key", "Return")
    await home.rings()


async def test_what_the_first_boot_found_on_the_card_is_done_when_there_is_a_hub(
    home: Home,
) -> None:
    await home.start()
    hub = home.house.programs["hub"].process
    code = await home.invite()
    await home.house.kill("hub")
    assert hub.returncode is not None
    pending.put(home.key_file, *pending.parse(f"{home.address}\n{code}\n"))
    await home.logged("no hub at")
    await home.house.start("hub")
    await until(lambda: "indoor logged in" in home.house.log("hub"))
    await home.rings()
    assert not pending.path_of(home.key_file).exists()
    # And again after a restart, with nothing to be done.
    await home.house.kill("door")
    home.house.programs["door"] = await Program.start("door", home.stage)
    await home.rings()


async def test_a_code_that_is_refused_is_told_and_a_new_one_taken(home: Home) -> None:
    await home.start()
    pending.put(home.key_file, home.address, "0000-0000-0000-0000")
    await home.logged("no code of this hub begins so")
    assert not pending.path_of(home.key_file).exists()
    door = str(home.stage.config("door"))
    said = await intercom("enroll", home.address, *(await home.invite()).split("-"),
                          "--config", door)  # fmt: skip
    assert "Its certificate is pinned" in said
    await home.rings()


async def test_the_owner_sees_the_device_and_shuts_it_out(home: Home) -> None:
    await home.start()
    hub, door = (str(home.stage.config(name)) for name in ("hub", "door"))
    await intercom("enroll", home.address, "--config", door, given=await home.invite() + "\n")
    station = await home.door()
    shown = await intercom("config", "--config", door)
    assert f'url = "wss://{home.address}"' in shown
    assert 'user = "door"' in shown
    [device] = json.loads(await intercom("devices", "--config", hub, "--json"))
    enrolled = store.read(home.key_file.with_name(store.FILE))
    assert enrolled is not None
    assert (device["device"], device["user"]) == (enrolled.device, "door")
    at = time.monotonic()
    assert "revoked" in await intercom("revoke", device["device"][:8], "--config", hub)
    told = await station.wait("login_refused", at, seconds=20)
    assert told["message"] == "this device was revoked at the hub; enroll it again"
    assert json.loads(await intercom("devices", "--config", hub, "--json")) == []
    [gone] = json.loads(await intercom("devices", "--all", "--config", hub, "--json"))
    assert gone["revoked"]


def test_a_station_that_waits_stops_when_it_is_told_to(tmp_path: Path) -> None:
    """SIGTERM while it is not enrolled: no error, and no rest of it."""

    config = tmp_path / "station.toml"
    config.write_text(
        f'[station]\nkey_file = "{tmp_path}/device.key"\n[screen]\ndriver = "dummy"\n'
        '[panel]\ndriver = "simulated"\n[call]\ncallee = "indoor"\n'
    )
    with subprocess.Popen(
        [sys.executable, "-m", "intercom", "station", "--config", str(config)],
        stderr=subprocess.PIPE,
        text=True,
    ) as station:
        assert station.stderr is not None
        for line in station.stderr:
            if "not enrolled" in line:
                break
        station.send_signal(signal.SIGTERM)
        assert station.wait(10) == 0
        assert "Traceback" not in station.stderr.read()
