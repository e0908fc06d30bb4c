"""What the commands of `commands` do, on the machine that they run on."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

import click

from intercom import __version__
from intercom.appliance import bundle as bundles
from intercom.appliance import health, keys, manifest, system_update, update
from intercom.appliance.disk import Disk
from intercom.appliance.fat import BootCard
from intercom.appliance.manifest import Here, NotNewer
from intercom.appliance.places import Places
from intercom.appliance.run import run
from intercom.appliance.salvaged import salvaged
from intercom.appliance.store import Store
from intercom.appliance.taking import AGAIN
from intercom.errors import IntercomError

log = logging.getLogger(__name__)

CONFIRM = "intercom-confirm.service"
WENT_BACK = 10
"""Exit code of a version that gave itself up; 1 is that of a program that does not even start."""
QUIET_WITHIN = 3600.0
"""Seconds that a restart waits for the end of a call."""


class RightsError(IntercomError):
    """Only root may do this."""


def _as_root() -> tuple[Places, Disk]:
    if os.geteuid():
        raise RightsError("only root may do this: use sudo")
    return Places(), Disk()


def install(path: Path, force: bool, restart: bool) -> None:
    """Install a bundle."""
    places, disk = _as_root()
    try:
        was_ready = health.ready()
        said = update.install(places, disk, path, update.here(), force=force, was_ready=was_ready)
    except OSError as error:
        raise update.UpdateError(f"{error.filename or path}: {error.strerror}") from None
    click.echo(said)
    if restart:
        _effect(update.system_of(places, disk))


def debian(configs: Iterable[Path], restart: bool) -> None:
    """Take Debian's updates, unless [update] of one of these files refuses them."""
    for path in configs:
        if not wants_system(path):
            click.echo(f"{path}: [update] system = false: nothing is done")
            return
    places, disk = _as_root()
    if not places.is_appliance:
        raise update.UpdateError("this system is not run from a card of ours: use apt")
    system_update.go_apart(sys.argv[1:])
    was_ready = health.ready()
    said = system_update.upgrade(places, disk, was_ready)
    click.echo(said or "there is no update to be made")
    if said and restart:
        _effect(update.system_of(places, disk))


def wants_system(path: Path) -> bool:
    """Whether a configuration, as far as it can be read, wants security updates."""
    return salvaged(path).update.system


def prove() -> None:
    """Watch what is on trial; exit code 0 if it stays, WENT_BACK if not."""
    places, disk = _as_root()
    sys.exit(0 if update.prove(update.system_of(places, disk)) else WENT_BACK)


def rollback(restart: bool) -> None:
    """Go back to the version before."""
    places, disk = _as_root()
    system = update.system_of(places, disk)
    click.echo(system.roll_back("asked to go back"))
    if restart:
        update.take_effect(system)


def status() -> None:
    """Tell how it stands."""
    places = Places()
    click.echo(f"version {__version__}")
    for line in update.system_of(places, Disk()).status():
        click.echo(line)


def _effect(system: update.System) -> None:
    """Start the new version when nobody talks, and have it watched."""
    end = time.monotonic() + QUIET_WITHIN
    while talking() and time.monotonic() < end:
        time.sleep(5)
    update.take_effect(system)
    if not system.needs_boot:
        run(["systemctl", "--no-block", "restart", CONFIRM], 60)
        click.echo("it is watched now: `intercom update --status` tells the outcome")


def talking(asound: Path = Path("/proc/asound")) -> bool:
    """Whether a microphone is open: a station opens it for a call."""
    found = asound.glob("card*/pcm*c/sub*/status")
    return any("RUNNING" in path.read_text(errors="replace") for path in found)


def from_card(
    places: Places, disk: Disk, names: list[str], was_ready: Collection[str]
) -> list[str]:
    """Install the bundles that the owner put on BOOT; faults in words. A bundle that was taken, or
    can never be, is not tried again. `was_ready`: the units, in the boot before."""
    faults = list[str]()
    card = BootCard(places.card, disk)
    if Store(places.system, disk).state().trial:
        return faults  # perhaps of this very bundle, before the power went
    for name in names:
        try:
            said = update.install(
                places, disk, card.path(name), update.here(), force=False, was_ready=was_ready
            )
            log.info("%s", said)
            places.booted.joinpath("installed").touch()
        except NotNewer as error:
            log.info("%s: %s", name, error)
        except (OSError, IntercomError) as error:
            faults.append(f"{name}: {error}")
            with card.writable():
                disk.rename(card.path(name), card.path(f"{name}.refused"))
            continue
        with card.writable():
            card.wipe(name)
    return faults


def at_boot(first_boot: Callable[..., object]) -> None:
    """Do the first boot's steps; boot again if a bundle was installed from the card, or if this
    boot was to run Imager's script instead of the station."""
    places, disk = _as_root()
    marks = places.was_ready
    was_ready = [path.name.partition(".")[2] for path in marks]
    for path in marks:
        path.unlink(missing_ok=True)  # whoever gets so far in this boot puts it anew
    first_boot(places, disk, bundles=lambda names: from_card(places, disk, names, was_ready))
    if (places.booted / "installed").exists() or (places.booted / AGAIN).exists():
        update.take_effect(update.system_of(places, disk))


def new_key(path: Path) -> str:
    """Make a key to sign with; the public one."""
    try:
        return keys.new_key(path, Disk()).decode()
    except OSError as error:
        raise update.UpdateError(f"{path}: {error.strerror}") from None


def make_bundle(folder: Path, out: Path, key: Path, machine: Here) -> str:
    """Make a bundle of a release's folder for such machines; what it is, in words."""
    about = bundles.describe(folder, machine.version, machine.arch, machine.python)
    text = manifest.render(about)
    try:
        signature = keys.sign(key, text)
        manifest.parse(text)
        aside = out.with_name(f".new-{out.name}")
        with aside.open("wb") as file:
            bundles.write(folder, about, signature, file)
        aside.rename(out)
    except OSError as error:
        raise update.UpdateError(f"{error.filename}: {error.strerror}") from None
    return f"{out}: {about.version} for {about.arch}, {len(about.entries)} entries"
