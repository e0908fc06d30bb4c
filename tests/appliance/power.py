"""A card whose power is cut at random moments: of its first boot, its run, an update.

The plug is pulled by killing the guest: what it has written to its disk is there, all else, in
the guest's memory, is gone. Each boot that follows proves the cut before it.
"""

from __future__ import annotations

import json
import random
import shutil
import time
from pathlib import Path
from typing import Any

from intercom.appliance import generations
from tests.vm.uml import Disk, Guest

from . import card
from .machine import LAB, Machine

PYTHON = "/opt/intercom/venv/bin/python"
SECRET = "correct-horse-battery"
SETTINGS = """\
[station]
user = "door"
control = "/run/intercom/control"
[hub]
embedded = true
listen = "127.0.0.1"
[hub.users.door]
[hub.users.indoor]
[call]
callee = "indoor"
[camera]
driver = "none"
[sound]
driver = "none"
[panel]
driver = "simulated"
[screen]
driver = "none"
"""
WIFI = f"ssid = Home\npassword = {SECRET}\ncountry = DE\n"
OWNERS = {"intercom.toml": SETTINGS, "wifi.txt": WIFI, "hostname.txt": "front-door\n"}
"""What the owner put on the card."""

# What a cut has nothing to do with, and takes time to start.
MASKED = (
    "NetworkManager", "wpa_supplicant", "avahi-daemon", "systemd-timesyncd", "ldconfig",
    "systemd-journal-catalog-update", "systemd-hwdb-update", "e2scrub_reap", "systemd-logind",
    "getty@tty1", "systemd-update-done",
)  # fmt: skip
CHECK = (
    "/usr/sbin/e2fsck -fn /dev/ubda3; echo DATA $?; /usr/sbin/e2fsck -fn /dev/ubda2; echo ROOT $?;"
    " /usr/sbin/fsck.fat -n /dev/ubda1; echo FAT $?; echo CHECKED"
)


class Broken(AssertionError):
    """A card did not survive, with what was seen."""


class Life:
    """One card, from the moment it was flashed; `over` takes its writes, if it is given."""

    def __init__(self, image: Path, over: Path | None, seed: int) -> None:
        self.random = random.Random(seed)
        self.cuts: list[str] = []
        """What was cut, and when."""
        self._disk = Disk(image, over=over)

    def boot(self) -> Machine:
        """Start it."""
        masks = [f"systemd.mask={unit}.service" for unit in MASKED]
        return Machine([self._disk], root=card.SYSTEM, init=card.PREINIT, memory="640M",
                       arguments=masks)  # fmt: skip

    def cut(self, machine: Machine, phase: str, longest: float) -> None:
        """Pull the plug at a random moment from now on."""
        seconds = self.random.uniform(0.3, longest)
        time.sleep(seconds)
        machine.guest.kill()
        self.cuts.append(f"{phase} +{seconds:.2f} s")

    def first_boot(self, longest: float) -> None:
        """Cut the first boot; now and then the second one, too."""
        for _ in range(self.random.choice((1, 1, 2))):
            with self.boot() as machine:
                self.cut(machine, "first boot", longest)

    def prove(self, machine: Machine, calls: list[str]) -> dict[str, Any]:
        """See that it boots, rings, and lost nothing of what was safe."""
        machine.up(180)
        machine.until("systemctl is-active --quiet intercom", 180)
        told: dict[str, Any] = json.loads(machine.run("cat /run/intercom-boot/preinit.json"))
        rang = json.loads(machine.run(f"{PYTHON} {LAB}/visitor.py", seconds=150))
        self._expect(told["faults"] == "", f"preinit tells of faults: {told}")
        self._owners_files_taken(machine)
        self._whole(machine)
        self._sane(machine, told)
        lost = set(calls) - self._recorded(machine)
        self._expect(not lost, f"calls that had ended are not recorded: {lost}")
        return {**told, **rang}

    def run(self, machine: Machine, longest: float) -> list[str]:
        """Let calls be made and files be changed; cut; returns the calls that had ended."""
        log = machine.folder / "calls"
        machine.ask(f"nohup {PYTHON} {LAB}/visitor.py --on {LAB}/calls >/dev/null 2>&1 &")
        end = time.monotonic() + 60
        while not log.exists() and time.monotonic() < end:
            time.sleep(0.05)
        self._expect(log.exists(), "no call was made")
        self.cut(machine, "run", longest)
        return log.read_text().split()

    def update(self, machine: Machine, bundle: Path, longest: float) -> None:
        """Install an update, which reboots, is tried and proves itself; cut somewhere in there."""
        shutil.copy(bundle, machine.folder / "intercom.bundle")
        machine.put("/etc/intercom/update.pub", bundle.with_suffix(".pub").read_text())
        command = f"/opt/intercom/venv/bin/intercom update {LAB}/intercom.bundle"
        machine.ask(f"nohup {command} >{LAB}/update.log 2>&1 &")
        self.cut(machine, "update", longest)

    def check(self) -> None:
        """The file systems, as a checker that repairs nothing sees them."""
        with Guest(init="/bin/sh", disks=[self._disk], root=card.SYSTEM,
                   arguments=["--", "-c", f'"{CHECK}"']) as guest:  # fmt: skip
            guest.wait_for("CHECKED", 120)
            said = guest.console
        for name in ("DATA 0", "ROOT 0", "FAT 0"):
            self._expect(name in said.splitlines(), f"not {name}:\n{said[-3000:]}")

    def _owners_files_taken(self, machine: Machine) -> None:
        left = machine.run("ls /boot/firmware").split()
        self._expect(not set(left) & set(OWNERS), f"left on the card: {left}")
        found = machine.ask(f"grep -aq {SECRET} /dev/ubda1")
        self._expect(found["code"] == 1, "the Wi-Fi password can still be read from the card")
        connections = machine.run(f"grep -l {SECRET} /data/network/*; cat /etc/hostname")
        self._expect("front-door" in connections, f"not taken: {connections}")
        grown = machine.run("df --output=size -m /data | tail -1")
        self._expect(int(grown) > 600, f"data is {grown} MiB")

    def _whole(self, machine: Machine) -> None:
        """No half a file where the program replaces one."""
        settings = machine.run("cat /etc/intercom/station.toml")
        self._expect(settings.strip() == SETTINGS.strip(), f"half a configuration: {settings}")
        changed = machine.run("cat /etc/intercom/changed 2>/dev/null; true")
        self._expect(changed in {"", "A" * 5000, "B" * 9000}, f"half a file: {len(changed)}")

    def _sane(self, machine: Machine, told: dict[str, Any]) -> None:
        """What boots is what the record of generations says."""
        record = machine.run("cat /data/system/state 2>/dev/null; true")
        state = generations.parse(f"{record}\n".encode()) if record else generations.State()
        self._expect(state is not None, f"the record is damaged: {record}")
        assert state is not None
        chosen = {state.trial} if told["trial"] else {state.current}
        self._expect(told["generation"] in chosen, f"{told} is not of {state}")
        self._expect(state.tries <= generations.TRIES, f"too many tries: {state}")
        machine.run("/opt/intercom/venv/bin/intercom update --status", seconds=90)

    def _recorded(self, machine: Machine) -> set[str]:
        command = "cd /; setpriv --reuid intercom --regid intercom --init-groups"
        command += " /opt/intercom/venv/bin/intercom calls --json --limit 1000"
        records = json.loads(
            machine.run(f"{command} --config /etc/intercom/station.toml", seconds=90)
        )
        return {str(record["call_id"]) for record in records}

    def _expect(self, true: bool, words: str) -> None:
        if not true:
            raise Broken(f"after {self.cuts}: {words}")


def prepare(image: Path, copy: Path) -> None:
    """Copy a card's image, with the owner's files on it."""
    card.copy(image, copy)
    for name, text in OWNERS.items():
        card.lay(copy, name, text)
