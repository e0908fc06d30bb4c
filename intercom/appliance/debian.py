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
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+(:[a-z0-9]+)?")
_VERSION = re.compile(r"[A-Za-z0-9.+:~-]+")


@dataclass(frozen=True, slots=True)
class Upgrade:
    """One package that could be newer; `security`: the newer one closes a hole."""

    name: str
    new: str
    security: bool

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
            security = "security" in match["archives"].lower()
            found.append(Upgrade(match["name"], match["new"], security))
    return found


def wanted(upgrades: Iterable[Upgrade]) -> list[Upgrade]:
    """Those that are taken: security, and not held."""
    return [one for one in upgrades if one.security and not one.held]


def broken(states: str) -> list[str]:
    """The packages that are neither installed nor removed, of lines "STATE NAME"."""
    whole = ("installed", "config-files", "not-installed")
    pairs = (line.partition(" ") for line in states.splitlines() if line)
    return [name for state, _, name in pairs if state not in whole]
