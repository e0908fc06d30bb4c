"""The commands of docs/operations.md that back a hub up and restore it, run as they are printed."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import subprocess
import sys
from pathlib import Path

import pytest

from intercom.config import HubConfig
from intercom.hub.devices_book import DeviceBook
from intercom.hub.devices_schema import FILE
from intercom.hub.server import Hub

from .conftest import USERS

PAGE = Path(__file__).parent.parent / "docs" / "operations.md"


def commands(begins: str) -> str:
    """The block of shell commands whose first line begins so."""
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    [found] = [block for block in blocks if block.startswith(begins)]
    return str(found)


def run(text: str, folder: Path) -> None:
    """Run them, in `folder` for the machine's own, as this user for root and the hub's."""
    to = re.search(r"^to=(\S+)", text, re.MULTILINE)
    text = text.replace(to[1], f"{folder}/backup") if to else f"to={folder}/backup\n{text}"
    text = re.sub(r"^ *sudo systemctl .*$", "", text, flags=re.MULTILINE)
    me = pwd.getpwuid(os.geteuid()).pw_name
    for old, new in (
        ("sudo ", ""),
        ("/opt/intercom/venv/bin/python", sys.executable),
        ("/var/lib/intercom", f"{folder}/state"),
        ("-o intercom -g intercom", f"-o {me} -g {os.getegid()}"),
    ):
        assert old in text or old.startswith(("/opt", "-o"))
        text = text.replace(old, new)
    subprocess.run(["sh", "-euc", text], check=True, timeout=60)


@pytest.fixture
def config(tmp_path: Path) -> HubConfig:
    return HubConfig(listen="0.0.0.0", port=0, state_dir=str(tmp_path / "state"), users=USERS)


def devices(folder: Path) -> list[str]:
    """Who is enrolled."""
    with contextlib.closing(DeviceBook(folder / FILE)) as book:
        return [device.name for device in book.devices()]


def enroll(folder: Path, name: str) -> None:
    """Enter a device, beside the hub."""
    with contextlib.closing(DeviceBook(folder / FILE)) as book:
        code = book.invite("door", 900)
        assert book.enroll(code.id, name.encode() * 32, name)


async def test_what_is_backed_up_beside_a_hub_that_runs_can_be_restored(
    tmp_path: Path, config: HubConfig
) -> None:
    state = tmp_path / "state"
    hub = Hub(config)
    await hub.start()
    try:
        enroll(state, "a")
        pin = hub.pin
        run(commands("to="), tmp_path)
        enroll(state, "b")
        run(commands("to="), tmp_path)  # each night, over the one before
        enroll(state, "c")
    finally:
        await hub.stop()
    token = hub.keys.mint("door", 1)
    for lost in state.iterdir():
        if lost.is_file():
            lost.unlink()
    run(commands("sudo systemctl stop"), tmp_path)
    assert devices(state) == ["a", "b"]
    assert {file.stat().st_mode & 0o777 for file in state.iterdir()} == {0o600}
    again = Hub(config)
    await again.start()
    try:
        assert again.pin == pin
        again.keys.check("door", token)
    finally:
        await again.stop()
