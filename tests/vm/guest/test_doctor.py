"""`intercom doctor` beside two running stations, on the guest's devices and with faults in them."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer
from typing import Any

import pytest

from tests.vm.guest import vivid
from tests.vm.guest.house import DOOR, KITCHEN, OUT, House

LONG = 150.0


def command(house: House, user: str, *words: str) -> list[str]:
    """`intercom doctor` for a station of the house."""
    config = str(house.stage.config(user))
    return [sys.executable, "-m", "intercom", "doctor", "--config", config, *words]


async def lines(house: House, user: str, only: str = "", *words: str) -> dict[str, Any]:
    """The lines of the doctor by their name, nobody being asked; kept as text too."""
    wanted = ["--only", only] if only else []
    text, code = await ran(command(house, user, "--json", "--no-ask", *wanted, *words))
    whole = json.loads(text)
    found = {line["check"]: line for line in whole["checks"]}
    assert code == (1 if whole["verdict"] == "fault" else 0)
    assert all(
        line["remedy"] for line in whole["checks"] if line["verdict"] in {"warning", "fault"}
    )
    return found


async def ran(words: list[str]) -> tuple[str, int]:
    process = await asyncio.create_subprocess_exec(
        *words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    )
    async with asyncio.timeout(LONG):
        out, _ = await process.communicate()
    assert process.returncode is not None
    return out.decode(), process.returncode


@pytest.mark.parametrize("user", ["door", "indoor"])
async def test_all_of_a_running_station_is_looked_at(house: House, user: str) -> None:
    """With what it holds, which it lends; and the bell rings afterwards."""
    text, _ = await ran(command(house, user, "--no-ask", "--quick"))
    (OUT / f"doctor-{user}.txt").write_text(text)
    found = {line.split()[1]: line.split()[0] for line in text.splitlines()[:-1]}
    held = {"buttons", "lamp", "speaker", "camera" if user == "door" else "screen"}
    assert {name: found[name] for name in held if found[name] in {"skipped", "fault"}} == {}
    assert (found["station"], found["hub"]) == ("ok", "ok")
    assert found["login"] == "warning"  # the house's tokens are good for a day
    stats = await house.remotes[user].do("stats")
    assert (stats["state"], stats["faults"]) == ("idle", {})
    assert stats["lamp"] is not None
    await house.call()


async def test_a_stuck_button_is_told(house: House) -> None:
    """Whoever opens a line of gpio-sim pulls it up: it is pulled down again and again."""
    with house.plays("a button that is stuck: told by the doctor"):
        checks = asyncio.create_task(lines(house, "door", "buttons"))
        try:
            while not checks.done():
                house.chip.close(DOOR["hangup"])
                await asyncio.sleep(0.01)
        finally:
            house.chip.open(DOOR["hangup"])
        line = (await checks)["buttons"]
        assert line["verdict"] == "fault"
        assert line["values"].get("closed") == ["hangup"], line
        assert f"GPIO {DOOR['hangup']}" in line["remedy"]


async def test_a_camera_that_is_gone_is_told(house: House) -> None:
    with house.plays("a camera that is gone: told by the doctor"):
        vivid.unplug()
        try:
            line = (await lines(house, "door", "camera"))["camera"]
        finally:
            vivid.plug()
        assert line["verdict"] == "fault"
        assert "camera" in line["text"]


async def test_a_lens_cap_is_told(house: House) -> None:
    vivid.choose_item("OSD Text Mode", "None")
    vivid.choose_item("Test Pattern", "100% Black")
    try:
        line = (await lines(house, "door", "camera"))["camera"]
    finally:
        vivid.choose_item("Test Pattern", "75% Colorbar")
    assert "one even area" in line["text"]


@contextmanager
def air(card: str) -> Iterator[None]:
    """The far end of a card's speaker leads to the far end of its microphone, as air does."""
    device = f"hw:CARD={card},DEV=0"
    sound = ["-q", "-D", device, "-f", "S16_LE", "-r", "48000", "-c", "1", "-t", "raw",
             "--buffer-size=4800", "--period-size=960"]  # fmt: skip
    ear = subprocess.Popen(["arecord", *sound], stdout=subprocess.PIPE)
    mouth = subprocess.Popen(["aplay", *sound], stdin=ear.stdout)
    try:
        yield
    finally:
        for program in (mouth, ear):
            program.terminate()
            program.wait()
        assert ear.stdout is not None
        ear.stdout.close()


async def test_the_echo_path_is_measured(house: House) -> None:
    """On a busy machine the guest loses sound: then that is what it has to tell."""
    with air("Door"):
        found = await lines(house, "door", "sound", "--quick")
    (OUT / "doctor-echo.txt").write_text(json.dumps(found, indent=1))
    speaker, echo = found["speaker"], found["echo"]
    if echo["values"]["heard"]:
        assert speaker["values"]["heard_by_microphone"] is True
        assert 0 < echo["values"]["delay_ms"] < 1000
    else:
        assert "lost" in speaker["text"] or "samples/s" in speaker["text"]


async def test_a_person_presses_looks_and_touches(house: House) -> None:
    """The prompts on a terminal are answered by hands on the contacts, the screen and the keys."""
    hands = house.chip
    pressed = []

    def does(prompt: str, say: Callable[[str], object]) -> None:
        if asked := re.search(r'Press the button "(\w+)"', prompt):
            pressed.append(asked[1])
            hands.close(KITCHEN[asked[1]])
            Timer(0.3, hands.open, [KITCHEN[asked[1]]]).start()
        elif "[y/n]" in prompt:
            say("y\n")
        elif "Touch the screen" in prompt:
            Timer(0.3, house.touch.tap, [0.5, 0.5]).start()

    asking = command(house, "indoor", "--only", "buttons,lamp,screen", "--quick")
    text = await asyncio.to_thread(on_a_terminal, asking, does)
    (OUT / "doctor-asked.txt").write_text(text)
    assert pressed == ["call", "accept", "hangup", "mute"]
    words = " ".join(text.split())
    assert "all pressed when asked" in words
    assert "driven on and off, seen by you" in words
    assert "touched at" in words


def on_a_terminal(words: list[str], does: Callable[[str, Callable[[str], object]], None]) -> str:
    """Run a program on a terminal; `does` hears each line, and may answer. Returns all of it."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(words[0], words)
    text, line = "", ""
    while True:
        try:
            part = os.read(terminal, 4096).decode(errors="replace")
        except OSError:  # it has ended
            break
        text, line = text + part, line + part
        if "\n" in line or "[y/n] " in line:
            heard, line = line, ""
            for it in heard.splitlines():
                does(it, lambda answer: os.write(terminal, answer.encode()))
    os.close(terminal)
    os.waitpid(pid, 0)
    return re.sub(r"\x1b\[[0-9;]*m", "", text).replace("\r", "")
