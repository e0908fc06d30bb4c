"""Updates of the program on a Raspberry Pi OS that somebody set up: releases beside one another.

`/opt/intercom/current` points to the one that runs. The file `trial` says "FROM TO READY" from
before the link is changed until the new one has proved itself; who finds it at a boot watches, or
goes back. READY is the units that were ready, "UNIT,UNIT" or "no". `usr/lib/intercom/rollback` of
the layer does the same in sh, where Python fails.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Collection
from pathlib import Path

from intercom.appliance.bundle import Reader
from intercom.appliance.card_system import UpdateError
from intercom.appliance.compiling import compile_ahead
from intercom.appliance.disk import NEW, Disk

log = logging.getLogger(__name__)

REJECTED = "rejected"


class Releases:
    """The folder /opt/intercom with `releases`, `current` and `venv`."""

    needs_boot = False

    def __init__(self, program: Path, disk: Disk) -> None:
        self._program = program
        self._folder = program / "releases"
        self._trial = program / "trial"
        self._disk = disk

    def current(self) -> str:
        """The name of the release that runs. Raises UpdateError where there is no such link."""
        try:
            return (self._program / "current").readlink().name
        except OSError:
            raise UpdateError(
                f"{self._program} was not set up by install.sh: there is no link `current`"
            ) from None

    def trial(self) -> tuple[bool, Collection[str] | None]:
        """Whether a release is on trial; the units that were ready before it (None: an old record,
        which says "yes")."""
        words = self._words()
        ready = "".join(words[2:])
        if ready == "yes":
            return True, None
        return bool(words), () if ready in ("", "no") else ready.split(",")

    def _words(self) -> list[str]:
        """The record of a trial; none where the release of which it tells is not there any more."""
        try:
            words = self._trial.read_text(encoding="utf-8").split()
        except FileNotFoundError:
            return []
        if len(words) != 3:
            return ["", "", "no"]
        return words if (self._folder / words[1]).is_dir() else []

    def install(self, reader: Reader, was_ready: Collection[str]) -> str:
        """Put a release beside the one that runs, and point to it."""
        before = self.current()
        if self._words():
            raise UpdateError("an update is on trial: wait until it has proved itself")
        if self._trial.exists():
            log.warning("%s tells of a release that is gone: it is passed over", self._trial)
        self._disk.sweep(self._folder)
        self._disk.sweep(self._program)
        name = reader.about.version
        if name == before:
            raise UpdateError(f"release {name} is what runs now: it cannot be replaced by itself")
        self._disk.discard(self._folder / name)
        staged = self._folder / f"{NEW}{name}"
        self._disk.folder(staged)
        try:
            reader.unpack(staged)
            compile_ahead(staged, self._folder / name)
        except BaseException:
            shutil.rmtree(staged, ignore_errors=True)
            raise
        self._disk.place(staged, self._folder / name)
        ready = ",".join(was_ready) or "no"
        self._disk.write(self._trial, f"{before} {name} {ready}\n".encode())
        self._point(name)
        return f"release {name} is on trial"

    def _point(self, name: str) -> None:
        self._disk.link(self._program / "current", f"releases/{name}")

    def status(self) -> list[str]:
        """Lines that tell of all releases."""
        words = self._words()
        lines = []
        for path in sorted(self._folder.glob("[!.]*")):
            why = path / REJECTED
            notes = [
                "current" if path.name == self.current() else "",
                "on trial" if words and path.name == words[1] else "",
                f"given up: {why.read_text().strip()}" if why.exists() else "",
            ]
            lines.append(f"release {path.name} {', '.join(filter(None, notes))}".rstrip())
        return lines

    def confirm(self) -> str:
        """The trial stays; of those before it, one is kept."""
        words = self._words()
        self._disk.remove(self._trial)
        current = self.current()
        for path in sorted(self._folder.glob("[!.]*")):
            if path.name not in (current, *words[:1]):
                self._disk.discard(path)
        return f"release {current} stays"

    def roll_back(self, why: str) -> str:
        """Point to the one before. Raises UpdateError if there is none; a trial is over then."""
        words, current = self._words(), self.current()
        before = words[0] if words else self._before(current)
        if words and not self._runs(before):
            log.warning("release %s, from which the update came, is gone", before or "?")
            before = self._before(current)
        if (before == current and words[:1] != [current]) or not self._runs(before):
            self._disk.remove(self._trial)
            raise UpdateError("there is no release before this one")
        lost = (words[1] if words else "") or current
        if lost != before:
            self._disk.write(self._folder / lost / REJECTED, f"{why}\n".encode())
        self._point(before)
        self._disk.remove(self._trial)
        return f"back at release {before}"

    def _runs(self, name: str) -> bool:
        return bool(name) and (self._folder / name / "venv").exists()

    def _before(self, current: str) -> str:
        good = (
            path for path in self._folder.glob("[!.]*")
            if path.name != current and self._runs(path.name) and not (path / REJECTED).exists()
        )  # fmt: skip
        names = sorted(good, key=lambda path: path.stat().st_mtime)
        return names[-1].name if names else current
