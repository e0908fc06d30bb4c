"""The update command: a bundle, or Debian's security updates, with a way back."""

from __future__ import annotations

import logging
import platform
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from intercom import __version__
from intercom.appliance import health, keys, manifest
from intercom.appliance.bundle import Reader
from intercom.appliance.card_system import CardSystem, UpdateError
from intercom.appliance.disk import Disk
from intercom.appliance.manifest import Here
from intercom.appliance.places import Places
from intercom.appliance.releases import Releases
from intercom.appliance.run import run

log = logging.getLogger(__name__)


class System(Protocol):
    """What can be updated and brought back."""

    needs_boot: bool
    """Whether a change counts from the next boot on; else from the next start of the unit."""

    def trial(self) -> tuple[bool, Collection[str] | None]:
        """Whether an update is on trial now, and the units that were ready before it (None: an
        old record, which says only that there was one)."""

    def install(self, reader: Reader, was_ready: Collection[str]) -> str:
        """Make the bundle the next version, on trial; what was done, in words."""

    def status(self) -> list[str]:
        """Lines that tell how it stands."""

    def confirm(self) -> str:
        """The trial has proved itself."""

    def roll_back(self, why: str) -> str:
        """Give up the trial, or the present version."""


def here() -> Here:
    """The machine that this runs on."""
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return Here(__version__, platform.machine(), python)


def system_of(places: Places, disk: Disk) -> System:
    """The way in which this machine is updated."""
    if places.is_appliance:
        return CardSystem(places, disk)
    return Releases(places.program, disk)


def trusted_files(places: Places) -> list[Path]:
    """Where the keys are that a bundle may be signed with."""
    return [places.etc / "update.pub", places.root / "usr/lib/intercom/update.pub"]


def install(
    places: Places,
    disk: Disk,
    bundle: Path,
    machine: Here,
    *,
    force: bool,
    was_ready: Collection[str],
) -> str:
    """Install a bundle, on trial. Raises BundleError, UpdateError or OSError with nothing
    changed."""
    with bundle.open("rb") as file:
        reader = Reader(file, keys.trusted(trusted_files(places)))
        manifest.fits(reader.about, machine, force)
        return system_of(places, disk).install(reader, was_ready)


def prove(system: System) -> bool:
    """Watch an update that is on trial; keep it, or go back. Whether it stays, or none was."""
    on_trial, was_ready = system.trial()
    if not on_trial:
        log.info("nothing is on trial")
        return True
    healthy, why = health.watch(was_ready)
    if healthy:
        log.info("%s", system.confirm())
    else:
        log.error("%s", system.roll_back(why))
        take_effect(system)
    return healthy


def take_effect(system: System) -> None:
    """Have the version run that was chosen: by a boot, or by starting the unit anew."""
    if system.needs_boot:
        run(["systemctl", "--no-block", "reboot"], 60)
    else:
        run(["systemctl", "daemon-reload"], 60)
        run(["systemctl", "--no-block", "restart", *(health.enabled() or health.UNITS[:1])], 60)


__all__ = ["System", "UpdateError", "here", "install", "prove", "system_of", "take_effect"]
