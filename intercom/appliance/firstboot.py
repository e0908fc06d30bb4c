"""What a card does at its first boot, and at each boot with the owner's files.

Each step can be repeated; it gets its mark in `firstboot.json` only when what it did is on the
card. A step that fails is told and tried again at the next boot; the station starts regardless.
"""

from __future__ import annotations

import grp
import json
import logging
import os
import pwd
import re
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from intercom import zone
from intercom.appliance.disk import NEW, Disk
from intercom.appliance.fat import BootCard
from intercom.appliance.grow import grow
from intercom.appliance.places import Places
from intercom.appliance.run import ProgramError, run
from intercom.appliance.salvaged import salvaged
from intercom.appliance.taking import Taken, Taker
from intercom.enroll.address import HUB
from intercom.enroll.key import DeviceKey
from intercom.errors import IntercomError

log = logging.getLogger(__name__)

ERRORS = "intercom-errors.txt"
USER = "intercom"
DEFAULT = """\
# This station was not told anything yet. Put your own intercom.toml on the card: it comes in place
# of this file. `intercom config --config FILE` checks it.

[station]
name = "Intercom"
"""

Step = tuple[str, Callable[[], None]]


Bundles = Callable[[list[str]], list[str]]


def first_boot(
    places: Places,
    disk: Disk,
    enlarge: Callable[[Path], None] = grow,
    bundles: Bundles = lambda names: [],
) -> Taken:
    """Do what is to be done at this boot; the faults are told on the card and in `errors.txt`.

    `bundles` installs those of these names that are on the card, and returns faults.
    """
    taken = Taken()
    steps: list[Step] = [
        ("grow", lambda: enlarge(places.data)),
        ("key", lambda: _device_key(places)),
        ("default", lambda: _default(places, disk)),
    ]
    faults = once(steps, places.data / "firstboot.json", disk)
    card = BootCard(places.card, disk)
    with card.present():
        try:
            taken = Taker(places, disk, _group()).take(card)
            faults += taken.faults + bundles(taken.updates)
            faults += [words for words in [_ssh_hint(places)] if words]
        except (OSError, IntercomError) as error:
            faults.append(f"the card's BOOT partition: {error}")
        faults += _in_force(places, disk)
        _tell(places, card, faults)
    return taken


def once(steps: Sequence[Step], marks: Path, disk: Disk) -> list[str]:
    """Run those steps that have no mark yet, in order, each on its own; what failed, in words."""
    done = _marks(marks)
    faults = []
    for name, step in steps:
        if name in done:
            continue
        try:
            step()
            done[name] = int(time.time())
            disk.write(marks, json.dumps({"done": done}).encode())
            log.info("first boot: %s is done", name)
        except (OSError, IntercomError) as error:
            faults.append(f"first boot: {name}: {error}")
    return faults


def _marks(path: Path) -> dict[str, int]:
    try:
        done = json.loads(path.read_bytes())["done"]
        return {str(name): int(when) for name, when in done.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _device_key(places: Places) -> None:
    places.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(KeyError, PermissionError):
        entry = pwd.getpwnam(USER)
        os.chown(places.state, entry.pw_uid, entry.pw_gid)
    DeviceKey.load_or_make(places.state / "device.key")


def _default(places: Places, disk: Disk) -> None:
    """A station without a configuration starts, and says what it needs."""
    path = places.etc / "station.toml"
    disk.folder(places.etc)
    if not path.exists():
        disk.write(path, DEFAULT.encode())


def _ssh_hint(places: Places) -> str:
    folder = places.data / "ssh"
    if (folder / "enabled").exists() and not (folder / "authorized_keys").exists():
        return "ssh: nobody can log in: put a file authorized_keys with your public key on the card"
    return ""


def _in_force(places: Places, disk: Disk) -> list[str]:
    """Have the running system follow: host keys, name, time zone, country. Faults in words."""
    faults = []
    for put in (_host_keys, _name, _timezone, _country):
        try:
            put(places, disk)
        except (OSError, IntercomError) as error:
            faults.append(str(error))
    return faults


def _host_keys(places: Places, disk: Disk) -> None:
    folder = places.data / "ssh"
    key = folder / "ssh_host_ed25519_key"
    if not (folder / "enabled").exists():
        return
    if not key.exists():
        disk.sweep(folder)
        aside = folder / f"{NEW}{key.name}"
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", aside])
        disk.files.sync_all(folder)
        disk.rename(aside.with_name(f"{aside.name}.pub"), key.with_name(f"{key.name}.pub"))
        disk.rename(aside, key)
    system = places.root / "etc/ssh"
    system.mkdir(parents=True, exist_ok=True)
    for path in (key, key.with_name(f"{key.name}.pub")):
        target = system / path.name
        target.touch(mode=0o600)
        target.write_bytes(path.read_bytes())


def unnamed(places: Places) -> str:
    """The name of a card that was given none: a hub's is that which stations look for; another's
    is its own, so that two in a network are told apart. "" where the machine has no ID yet."""
    hub = places.etc / "hub.toml"
    if hub.exists() or salvaged(places.etc / "station.toml").hub.embedded:
        return HUB.partition(".")[0]
    path = places.root / "etc/machine-id"
    found = re.match(r"[0-9a-f]{4}", path.read_text() if path.exists() else "")
    return f"intercom-{found[0]}" if found else ""


def _name(places: Places, disk: Disk) -> None:
    path = places.data / "hostname"
    name = path.read_text().strip() if path.exists() else ""
    name = name or unnamed(places)
    if name and name != socket.gethostname() and places.root == Path("/"):
        socket.sethostname(name)
        Path("/etc/hostname").write_text(f"{name}\n")
        Path("/etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {name}\n::1 localhost\n")


def _timezone(places: Places, disk: Disk) -> None:
    """The clock on the wall, for timers and whoever has no zone of its own: /etc is in memory."""
    path = places.data / "timezone"
    name = path.read_text().strip() if path.exists() else ""
    if words := zone.fault(name, places.zones):
        raise IntercomError(f"the time zone {words}")
    if name:
        link = places.root / "etc/localtime"
        aside = link.with_name(f"{NEW}{link.name}")
        aside.unlink(missing_ok=True)
        aside.symlink_to(f"/usr/share/zoneinfo/{name}")
        aside.replace(link)
        (places.root / "etc/timezone").write_text(f"{name}\n")


def _country(places: Places, disk: Disk) -> None:
    """Wireless may be used, by the rules of the country. It is set anew at each boot."""
    path = places.data / "country"
    if path.exists() and places.root == Path("/"):
        run(["iw", "reg", "set", path.read_text().strip()])
        run(["rfkill", "unblock", "wifi"])


def _group() -> int:
    try:
        return grp.getgrnam(USER).gr_gid
    except KeyError:
        return -1


def _tell(places: Places, card: BootCard, faults: Sequence[str]) -> None:
    """On the card, for a computer; and for the station's screen."""
    words = "\n".join(faults)
    for line in words.splitlines():
        log.error("%s", line)
    places.booted.mkdir(parents=True, exist_ok=True)
    (places.booted / "errors.txt").write_text(words, encoding="utf-8")
    head = "What the station could not use, at its last start:\n\n"
    try:
        card.tell(ERRORS, f"{head}{words}\n" if words else "")
    except (OSError, ProgramError, subprocess.SubprocessError) as error:
        log.error("cannot write %s on the card: %s", ERRORS, error)
