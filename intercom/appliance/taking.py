"""Takes the owner's files from the FAT partition to where the station keeps what they say.

Each file: read, checked, written on the data partition and synced; only then it is wiped from the
card. A file with a fault stays, and the fault is told. A cut between two steps repeats them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from intercom import config, zone
from intercom.appliance import keyfile, owner, owner_imager
from intercom.appliance.disk import Disk
from intercom.appliance.fat import BootCard
from intercom.appliance.owner import ForeignError, Kind, OwnerError, Wifi, Wishes
from intercom.appliance.places import Places
from intercom.enroll import pending
from intercom.enroll.errors import EnrollError
from intercom.errors import ConfigError

log = logging.getLogger(__name__)

CMDLINE = "cmdline.txt"
"""The kernel's command line, on the BOOT partition."""
AGAIN = "again"
"""A mark for this boot: another one is to follow, since this one does not start the station."""


@dataclass
class Taken:
    """What was taken, by file name, and what could not be, in words."""

    names: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    updates: list[str] = field(default_factory=list)
    """Bundles on the card; they stay until they were installed."""


class Taker:
    """Puts what the owner wants where the station finds it."""

    def __init__(self, places: Places, disk: Disk, group: int = -1) -> None:
        """`group` is the number of the station's group, which reads the configuration."""
        self._places, self._disk, self._group = places, disk, group
        self._ways: dict[Kind, Callable[[str, bytes], None]] = {
            "station": lambda name, data: self._settings(name, data, "station"),
            "hub": lambda name, data: self._settings(name, data, "hub"),
            "wifi": lambda _, data: self._wifi(owner.wifi(owner.decode(data))),
            "enroll": lambda _, data: self._enroll(owner.decode(data)),
            "ssh": lambda *_: self._ssh(),
            "keys": lambda _, data: self._keys(owner.public_keys(owner.decode(data))),
            "hostname": lambda _, data: self._hostname(owner.hostname(owner.decode(data))),
            "timezone": lambda _, data: self._timezone(owner.decode(data).strip()),
            "custom": lambda _, data: self._wishes(owner_imager.custom(owner.decode(data))),
            "firstrun": lambda _, data: self._wishes(owner_imager.firstrun(owner.decode(data))),
            "cloud": lambda _, data: owner_imager.cloud(owner.decode(data)),
        }

    def take(self, card: BootCard) -> Taken:
        """Take all that is there. Raises OSError and ProgramError of the card itself."""
        taken = Taken()
        card.sweep()
        for name, kind in owner.recognised(card.names()):
            if kind == "update":
                taken.updates.append(name)
                continue
            if kind == "firstrun":
                self._not_run(card)
            data = card.read(name)
            try:
                if data is not None:
                    self._ways[kind](name, data)
                    taken.names.append(name)
            except ForeignError as error:
                taken.faults.append(_named(name, str(error)))
            except (OwnerError, ConfigError, EnrollError) as error:
                taken.faults.append(_named(name, str(error)))
                continue
            with card.writable():
                card.wipe(name)
            log.info("took %s from the card", name)
        return taken

    def _not_run(self, card: BootCard) -> None:
        """Have the next boot start the system, not Imager's script; this one cannot any more."""
        before = (card.read(CMDLINE) or b"") if CMDLINE in card.names() else b""
        if (line := owner_imager.not_run(before)) != before:
            with card.writable():
                self._disk.files.overwrite(card.path(CMDLINE), line)
                self._disk.files.sync(card.path(CMDLINE))
            self._disk.folder(self._places.booted)
            (self._places.booted / AGAIN).touch()
            log.info("%s: firstrun.sh is not run", CMDLINE)

    def _settings(self, name: str, data: bytes, role: config.Role) -> None:
        text = owner.decode(data)
        settings = config.load(text, name, role)
        if words := zone.fault(settings.station.timezone, self._places.zones):
            raise ConfigError(f"{name}: station.timezone: {words}")
        owned = None if self._group < 0 else (0, self._group)
        self._disk.folder(self._places.etc)
        self._disk.write(self._places.etc / f"{role}.toml", text.encode(), 0o640, owned)
        if settings.station.hostname:
            self._hostname(settings.station.hostname)
        if settings.station.timezone:
            self._timezone(settings.station.timezone)

    def _wifi(self, wifi: Wifi) -> None:
        self._disk.folder(self._places.network, 0o700)
        path = self._places.network / keyfile.NAME
        self._disk.write(path, keyfile.render(wifi).encode(), 0o600)
        if wifi.country:
            self._disk.write(self._places.data / "country", f"{wifi.country}\n".encode())

    def _enroll(self, text: str) -> None:
        self._disk.folder(self._places.state, 0o700)
        hub, code = pending.parse(text)
        pending.put(self._places.state / "device.key", hub, code)

    def _ssh(self) -> None:
        self._disk.folder(self._places.data / "ssh", 0o700)
        self._disk.write(self._places.data / "ssh/enabled", b"")

    def _keys(self, keys: tuple[str, ...]) -> None:
        self._disk.folder(self._places.data / "ssh", 0o700)
        text = "".join(f"{key}\n" for key in keys)
        self._disk.write(self._places.data / "ssh/authorized_keys", text.encode(), 0o600)

    def _hostname(self, name: str) -> None:
        self._disk.write(self._places.data / "hostname", f"{name}\n".encode())

    def _timezone(self, name: str) -> None:
        if words := zone.fault(name, self._places.zones) or ("" if name else "is empty"):
            raise OwnerError(f"the time zone {words}")
        self._disk.write(self._places.data / "timezone", f"{name}\n".encode())

    def _wishes(self, wishes: Wishes) -> None:
        if wishes.wifi:
            self._wifi(wishes.wifi)
        if wishes.keys:
            self._keys(wishes.keys)
        if wishes.ssh:
            self._ssh()
        if wishes.hostname:
            self._hostname(wishes.hostname)
        if wishes.timezone:  # last, since it may be one that this system does not know
            self._timezone(wishes.timezone)


def _named(name: str, words: str) -> str:
    """The words, each line with the file's name."""
    lines = (line.removeprefix(f"{name}: ") for line in words.splitlines())
    return "\n".join(f"{name}: {line}" for line in lines)
