"""The arm64 image in an emulated machine, from its own kernel to the station's READY.

The machine is qemu's `virt`: a Pi's processor, none of its devices. The kernel, the initramfs and
the command line are those on the FAT partition, the way the firmware takes them there."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.image.recipe import flavour, image
from config.image.recipe.flavour import cache

pytestmark = pytest.mark.slow

QEMU = "qemu-system-aarch64"
SECTOR = 512
GIB = 1 << 30
CARD = 4 * GIB
MINUTES = float(os.environ.get("BOOT_MINUTES", "40"))

# What an owner would write: a door that carries the hub, so that it is ready by itself.
OWNERS = """\
[station]
user = "door"
name = "Front door"

[call]
callee = "indoor"

[hub]
embedded = true

[hub.users.door]
may_call = ["indoor"]

[hub.users.indoor]
"""
# Emulation is some thirty times slower than a Pi.
PATIENCE = "[Service]\nTimeoutStartSec=1200\nWatchdogSec=300\n"


class Machine:
    """An emulated machine with a card; `console` is what it wrote on its serial line."""

    def __init__(self, card: Path, folder: Path) -> None:
        self._log = folder / "console.log"
        fat = f"{card}@@{partitions(card)[0][0]}"
        names = _run("mdir", "-b", "-i", fat, "::").split()
        kernel = next(name for name in names if "vmlinuz" in name)
        initrd = next(name for name in names if "initrd" in name)
        for name in (kernel, initrd, "::/cmdline.txt"):
            _run("mcopy", "-i", fat, name, folder)
        patience = base64.b64encode(PATIENCE.encode()).decode()
        line = (
            f"{(folder / 'cmdline.txt').read_text().strip()} console=ttyAMA0"
            " systemd.journald.forward_to_console=1 systemd.journald.max_level_console=info"
            f" systemd.set_credential_binary=systemd.unit-dropin.intercom.service:{patience}"
        )
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [QEMU, "-M", "virt", "-cpu", "cortex-a72", "-smp", "2", "-m", "1G", "-display",
                 "none", "-serial", "stdio", "-no-reboot", "-kernel", folder / Path(kernel).name,
                 "-initrd", folder / Path(initrd).name, "-append", line,
                 "-drive", f"if=none,id=card,format=raw,file={card}",
                 "-device", "virtio-blk-device,drive=card",
                 "-netdev", "user,id=net", "-device", "virtio-net-device,netdev=net"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip

    @property
    def console(self) -> str:
        """Everything so far, without colours."""
        return re.sub(r"\x1b\[[0-9;]*m", "", self._log.read_text(errors="replace"))

    def wait_for(self, pattern: str, seconds: float) -> None:
        """Returns when the console has it; fails with the last lines otherwise."""
        until = time.monotonic() + seconds
        while not re.search(pattern, self.console):
            lines = "\n".join(self.console.splitlines()[-40:])
            assert self._process.poll() is None, f"the machine went off:\n{lines}"
            assert time.monotonic() < until, f"no {pattern!r} in time:\n{lines}"
            time.sleep(1)

    def power_cut(self) -> None:
        """Off, at once."""
        self._process.kill()
        self._process.wait()


def partitions(card: Path) -> list[tuple[int, int]]:
    """Start and length of each partition, in bytes."""
    table = json.loads(_run("sfdisk", "--json", card))["partitiontable"]
    return [(one["start"] * SECTOR, one["size"] * SECTOR) for one in table["partitions"]]


def _run(*command: str | Path, given: str = "") -> str:
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    done = subprocess.run([*map(str, command)], input=given, capture_output=True, text=True,
                          check=False, env={**os.environ, "PATH": path})  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with room for a card; the console's log stays if a test fails."""
    place = cache() / "boot"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    yield place
    (place / "card.img").unlink(missing_ok=True)


@pytest.mark.skipif(not shutil.which(QEMU), reason="needs qemu-system-aarch64")
@pytest.mark.skipif(os.geteuid() != 0, reason="the image is built by root")
def test_a_flashed_card_with_the_owners_file_boots_until_the_station_is_ready(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = folder / "card.img"
    _run("cp", "--sparse=always", image.image(flavour.load("debian", "arm64")).image, card)
    os.truncate(card, CARD)
    (fat_at, _), _, (data_at, before) = partitions(card)
    _run("mcopy", "-i", f"{card}@@{fat_at}", "-", "::intercom.toml", given=OWNERS)
    began = time.monotonic()
    machine = Machine(card, folder)
    try:
        for what in (r"vda3 has \d+ MiB now", r"Started intercom\.service"):
            machine.wait_for(what, MINUTES * 60)
            with capsys.disabled():
                print(f"\n{time.monotonic() - began:.0f} s: {what}")  # noqa: T201  (takes minutes)
    finally:
        machine.power_cut()
    assert "Kernel panic" not in machine.console
    (_, _), _, (start, length) = partitions(card)
    assert start == data_at
    assert length > before
    assert start + length > CARD - (8 << 20), "data reaches to the end of the card"
    names = _run("mdir", "-b", "-i", f"{card}@@{fat_at}", "::")
    assert "intercom.toml" not in names, "taken in, and removed from where everybody reads it"
    assert "intercom-errors.txt" not in names
    data = folder / "data"
    _run("dd", f"if={card}", f"of={data}", "bs=1M", "conv=sparse", "iflag=skip_bytes,count_bytes",
         f"skip={start}", f"count={length}")  # fmt: skip
    checked = subprocess.run(["/sbin/e2fsck", "-p", data], capture_output=True, check=False)
    data.unlink()
    assert checked.returncode in (0, 1), "whole after a power cut, at most its journal replayed"
