"""Updates of a system that runs from a card: each is a new generation, tried at the next boot."""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from intercom.appliance import layers
from intercom.appliance.bundle import Reader
from intercom.appliance.compiling import compile_ahead
from intercom.appliance.disk import Disk
from intercom.appliance.places import Places
from intercom.appliance.store import Store
from intercom.errors import IntercomError

log = logging.getLogger(__name__)

PROGRAM = "opt/intercom"
UNITS = "etc/systemd/system"


class UpdateError(IntercomError):
    """The update is not made, and nothing was changed; the words say why."""


class CardSystem:
    """The generations of this card, for the update commands."""

    needs_boot = True

    def __init__(self, places: Places, disk: Disk) -> None:
        self._places = places
        self.running = _running(places)
        self.store = Store(places.system, disk, self.running)

    def about(self, number: int) -> dict[str, Any]:
        """What generation.json says."""
        try:
            found = json.loads((self.store.folder(number) / "generation.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def trial(self) -> tuple[bool, Collection[str] | None]:
        """Whether a generation is on trial in this boot; the units that were ready before (None:
        an old record, which says only that there was one)."""
        state = self.store.state()
        on_trial = bool(state.trial) and (self._places.booted / "trial").exists()
        told = self.about(state.trial).get("was_ready", True)
        if isinstance(told, list):
            return on_trial, [str(unit) for unit in told]
        return on_trial, None if told else ()

    def install(self, reader: Reader, was_ready: Collection[str]) -> str:
        """Make a generation of a release; what was done, in words."""

        def fill(tree: Path) -> None:
            program = tree / PROGRAM
            if program.exists():
                shutil.rmtree(program)
            release = program / "releases" / reader.about.version
            release.mkdir(parents=True)
            layers.make_opaque(program)
            reader.unpack(release)
            compile_ahead(release, Path("/") / release.relative_to(tree))
            (program / "current").symlink_to(f"releases/{reader.about.version}")
            (program / "venv").symlink_to("current/venv")
            _units(release / "systemd", tree / UNITS)

        return self.make(fill, {"version": reader.about.version}, was_ready)

    def make(
        self, fill: Callable[[Path], None], about: dict[str, Any], was_ready: Collection[str]
    ) -> str:
        """Make a generation over the current one: `fill` changes the tree that has its files.

        Raises what `fill` raises, and UpdateError; nothing is left of it then.
        """
        before = self._ready()
        staged = self.store.stage()
        try:
            self._copy(before, staged / "tree")
            fill(staged / "tree")
        except BaseException:
            shutil.rmtree(staged, ignore_errors=True)
            raise
        told = {**self.about(before), **about, "over": before, "was_ready": [*was_ready]}
        told["made"] = int(time.time())
        number = self.store.add(staged, json.dumps(told, indent=1).encode())
        return f"generation {number} is tried at the next boot"

    def status(self) -> list[str]:
        """Lines that tell of all generations."""
        state = self.store.state()
        lines = []
        for number in sorted(self.store.present()):
            words = self.about(number).get("version", "?")
            notes = [
                "current" if number == state.current else "",
                "runs now" if number == self.running != state.current else "",
                f"on trial, booted {state.tries} times" if number == state.trial else "",
                f"given up: {why}" if (why := self.store.reason(number)) else "",
            ]
            lines.append(f"generation {number}: {words} {', '.join(filter(None, notes))}".rstrip())
        lines.append(f"factory system{': current' if not state.current else ''}")
        if state.current and not self.running:
            lines[-1] += ": runs now"
        if state.failed and not self.store.reason(state.failed):
            lines.append(f"generation {state.failed} did not prove itself and was given up")
        return lines

    def confirm(self) -> str:
        """The trial stays."""
        number = self.store.confirm()
        (self._places.booted / "trial").unlink(missing_ok=True)
        return f"generation {number} stays"

    def roll_back(self, why: str) -> str:
        """Give up the trial, or the current generation. Raises UpdateError at the factory's."""
        state = self.store.state()
        if not (state.trial or state.current):
            raise UpdateError("this is the factory system: there is nothing before it")
        number = self.store.give_up(why)
        (self._places.booted / "trial").unlink(missing_ok=True)
        return f"the next boot is of {f'generation {number}' if number else 'the factory system'}"

    def _ready(self) -> int:
        """The generation to build on. Raises UpdateError where none may be made now."""
        told = json.loads((self._places.booted / "preinit.json").read_bytes())
        if told["data_state"] not in ("clean", "repaired"):
            raise UpdateError(f"the data partition is {told['data_state']}: nothing can be kept")
        state = self.store.state()
        if state.trial:
            raise UpdateError(
                f"generation {state.trial} is on trial: wait until it has proved itself, or give it"
                " up with --rollback"
            )
        return self.base()

    def base(self) -> int:
        """The generation that updates are built on: the current one; if the boot had to go below
        it, the one that runs."""
        return min(self.store.state().current, self.running)

    def _copy(self, number: int, tree: Path) -> None:
        if number:
            layers.laid_over(self.store.folder(number) / "tree", tree, self.factory())

    def factory(self) -> Path | None:
        """The factory root, where it can be seen."""
        path = self._places.booted / "factory"
        return path if path.is_dir() and any(path.iterdir()) else None


def _running(places: Places) -> int:
    """The generation that preinit has booted; 0 where it did not."""
    try:
        return int(json.loads((places.booted / "preinit.json").read_bytes())["generation"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def _units(source: Path, target: Path) -> None:
    """The release's units in place of those of the system."""
    for path in sorted(source.glob("intercom*")) if source.is_dir() else []:
        target.mkdir(parents=True, exist_ok=True)
        if (target / path.name).exists():
            (target / path.name).unlink()
        shutil.copyfile(path, target / path.name)
        (target / path.name).chmod(0o644)
