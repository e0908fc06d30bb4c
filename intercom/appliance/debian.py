"""Which of Debian's upgrades are taken: what `apt-get --simulate upgrade` says. PURE."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_LINE = re.compile(r"^Inst (?P<name>\S+) \[[^\]]+\] \((?P<new>\S+) (?P<archives>.+?) \[\S+\]\)")
# Kernel and firmware live on the BOOT partition, which has no generations: they stay as the card
# was made, and what belongs to them with them.
_HELD = re.compile(
    r"(linux-(image|headers|modules|base|kbuild)|raspi-firmware|raspberrypi-(kernel|bootloader|sys-mods)"
    r"|rpi-eeprom|firmware-|initramfs-tools|dracut|grub-).*"
)
# A point release has what was not urgent enough for the security archive, and closes holes as well.
# What is only proposed (stable-updates, backports) waits for it.
_POINT_RELEASE = re.compile(r"Debian:\d+(\.\d+)*/(old)*stable")
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+(:[a-z0-9]+)?")
_VERSION = re.compile(r"[A-Za-z0-9.+:~-]+")


@dataclass(frozen=True, slots=True)
class Upgrade:
    """One package that could be newer; `due`: by the security archive, or by a point release."""

    name: str
    new: str
    due: bool

    @property
    def held(self) -> bool:
        """Whether it stays as it is, for it belongs to the kernel or the firmware."""
        return _HELD.fullmatch(self.name.partition(":")[0]) is not None


def parse(said: str) -> list[Upgrade]:
    """The upgrades in apt's words; lines that are not ours, or not sane, are left out."""
    found = []
    for line in said.splitlines():
        match = _LINE.match(line)
        if match and _NAME.fullmatch(match["name"]) and _VERSION.fullmatch(match["new"]):
            archives = match["archives"].split(", ")
            found.append(Upgrade(match["name"], match["new"], any(map(_is_due, archives))))
    return found


def _is_due(archive: str) -> bool:
    return "security" in archive.lower() or _POINT_RELEASE.fullmatch(archive) is not None


def wanted(upgrades: Iterable[Upgrade]) -> list[Upgrade]:
    """Those that are taken: due, and not held."""
    return [one for one in upgrades if one.due and not one.held]


def broken(states: str) -> list[str]:
    """The packages that are neither installed nor removed, of lines "STATE NAME"."""
    whole = ("installed", "config-files", "not-installed")
    pairs = (line.partition(" ") for line in states.splitlines() if line)
    return [name for state, _, name in pairs if state not in whole]
