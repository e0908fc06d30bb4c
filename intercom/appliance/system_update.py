"""Debian's security updates as a new generation: apt in an overlay of the present system.

Nothing that runs is touched. The mounts are in a mount namespace of their own, and are gone with
the process; the files are in a folder aside, which goes in the end, however that is. The next
update removes it if a cut left it.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from intercom.appliance import debian, layers
from intercom.appliance.card_system import CardSystem, UpdateError
from intercom.appliance.debian import Upgrade
from intercom.appliance.disk import Disk
from intercom.appliance.places import Places
from intercom.appliance.run import ProgramError, run

log = logging.getLogger(__name__)

APART = "INTERCOM_MOUNTS_APART"
STAND_INS = "run/stand-ins"
"""Where the scripts of packages look for programs first: in memory, gone with the mounts."""
APT = ["env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C", "apt-get", "-q", "-y",
       "-o", "Dpkg::Options::=--force-confold", "-o", "APT::Sandbox::User=root",
       "-o", f"DPkg::Path=/{STAND_INS}:/usr/sbin:/usr/bin:/sbin:/bin"]  # fmt: skip
HOUR = 3600.0
ROOM = 256 << 20
"""Bytes that must be free on the card: for apt's lists, and what a point release may bring."""
LEFT_OUT = ("run", "tmp", "boot", "var/log", "var/cache", "var/tmp", "root",
            "usr/sbin/policy-rc.d", "etc/resolv.conf")  # fmt: skip
"""What apt leaves behind that no system needs."""


def go_apart(arguments: Sequence[str]) -> None:
    """Start this program anew in a mount namespace of its own; returns if it is in one."""
    if os.environ.get(APART) != "1":
        os.environ[APART] = "1"
        # -P: no module of the folder that it happens to be called in.
        program = [sys.executable, "-P", "-m", "intercom"]
        words = ["unshare", "--mount", "--propagation", "private", *program]
        os.execvp(words[0], [*words, *arguments])


def upgrade(places: Places, disk: Disk, was_ready: Collection[str]) -> str:
    """Make a generation with the security updates that there are; what was done, in words; none
    if there is nothing to do. In a mount namespace of its own. Raises UpdateError, ProgramError,
    with nothing of it left on the card."""
    system = CardSystem(places, disk)
    factory = system.factory()
    if factory is None:
        raise UpdateError("the factory system is not in sight: it was not started by preinit")
    build = Build(places, system, factory)
    build.clear()
    given_up = refused(system)  # which makes room, too
    _see_that_there_is_room(places.system)
    try:
        packages = build.upgrade(given_up)
        if not packages:
            return ""
        said = system.make(build.take, {"packages": packages}, was_ready)
    finally:
        build.clear()
    return f"{said}; {len(packages)} packages are newer"


def _see_that_there_is_room(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < ROOM:
        raise UpdateError(f"the card is full: {((ROOM - free) >> 20) + 1} MiB more are needed")


def refused(system: CardSystem) -> list[set[str]]:
    """The lists of packages of generations that were given up: none is made a second time."""
    system.store.empty_rejected()
    lists = [system.about(number).get("packages") for number in sorted(system.store.rejected())]
    return [set(one) for one in lists if isinstance(one, list)]


class Build:
    """An overlay of the present system in which apt may change what it likes."""

    def __init__(self, places: Places, system: CardSystem, factory: Path) -> None:
        self._cache = places.system / "apt"
        self._folder = self._cache / "build"
        self._root = self._folder / "root"
        self._upper = self._folder / "upper"
        self._factory = factory
        state = system.store.state()
        if state.trial:
            raise UpdateError(f"generation {state.trial} is on trial")
        base = system.base()
        tree = system.store.folder(base) / "tree"
        self._lower = f"{tree}:{factory}" if base else str(factory)

    def upgrade(self, refused: Collection[set[str]]) -> list[str]:
        """Install what is wanted, unless it is one of these sets; the packages, as "name version".
        Raises ProgramError."""
        try:
            self._mount()
            return self._upgrade(refused)
        finally:
            if self._root.is_mount():
                self._unmount()

    def _upgrade(self, refused: Collection[set[str]]) -> list[str]:
        self._in([*APT, "-o", "APT::Update::Error-Mode=any", "update"], HOUR)
        found = debian.parse(self._in([*APT, "--simulate", "upgrade"]))
        held = [one.name for one in found if one.held and one.due]
        if held:
            log.warning("held, since they are part of the card: %s", ", ".join(held))
        wanted = debian.wanted(found)
        packages = [f"{one.name} {one.new}" for one in wanted]
        if set(packages) in refused:
            log.warning("not tried again, since the system was not healthy with them: %s",
                        ", ".join(packages))  # fmt: skip
            return []
        if packages:
            self._install(wanted)
        return packages

    def _install(self, packages: Sequence[Upgrade]) -> None:
        names = [f"{one.name}={one.new}" for one in packages]
        log.info("installing %s", ", ".join(names))
        self._in([*APT, "--only-upgrade", "--no-install-recommends", "install", *names], HOUR)
        self._in([*APT, "clean"])
        states = self._in(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\\n"])
        if broken := debian.broken(states):
            raise ProgramError(f"dpkg: not whole: {', '.join(broken)}")
        self._in(["test", "-x", "/sbin/init"])
        if (self._root / "opt/intercom/venv/bin/intercom").exists():
            self._in(["/opt/intercom/venv/bin/intercom", "--version"])

    def take(self, tree: Path) -> None:
        """Put what apt changed into a generation's tree."""
        for name in LEFT_OUT:
            path = self._upper / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        layers.laid_over(self._upper, tree, self._factory)

    def clear(self) -> None:
        """Give back the room of the build, and of what apt has fetched for it; not of its lists."""
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        if any(Path(line.split()[4]).is_relative_to(self._folder.resolve()) for line in mounts):
            log.error("%s is still in use: it is removed by the next update", self._folder)
            return
        for path in (self._folder, self._cache / "archives"):
            if path.exists():
                shutil.rmtree(path)

    def _mount(self) -> None:
        for path in (self._root, self._upper, self._folder / "work"):
            path.mkdir(parents=True)
        options = f"lowerdir={self._lower},upperdir={self._upper},workdir={self._folder / 'work'}"
        run(["mount", "-n", "-t", "overlay", "-o", f"{options},redirect_dir=off,metacopy=off",
             "overlay", self._root])  # fmt: skip
        for name in ("dev", "proc", "sys"):
            run(["mount", "-n", "--rbind", f"/{name}", self._root / name])
        for name in ("run", "tmp"):
            run(["mount", "-n", "-t", "tmpfs", "tmpfs", self._root / name])
        for name in ("lists", "archives"):
            inside = "var/lib/apt/lists" if name == "lists" else "var/cache/apt/archives"
            for path in (self._cache / name / "partial", self._root / inside):
                path.mkdir(parents=True, exist_ok=True)
            run(["mount", "-n", "--bind", self._cache / name, self._root / inside])
        self._names()

    def _names(self) -> None:
        """Names are found as outside, and no service is started, no initramfs made in there."""
        source, target = Path("/etc/resolv.conf"), self._root / "etc/resolv.conf"
        if source.exists():
            # A copy, left out again in the end: the factory system has no such file to lie under.
            target.unlink(missing_ok=True)
            target.write_bytes(source.read_bytes())
        _program(self._root / "usr/sbin/policy-rc.d", "exit 101")
        # Nobody boots an initramfs from in here, and it takes minutes, and hundreds of megabytes.
        _program(self._root / STAND_INS / "update-initramfs", "exit 0")

    def _unmount(self) -> None:
        run(["umount", "-n", "-R", "-l", self._root])

    def _in(self, words: Sequence[str], timeout: float = 600.0) -> str:
        return run(["chroot", self._root, *words], timeout)


def _program(path: Path, line: str) -> None:
    """A shell script of one line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
