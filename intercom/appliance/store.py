"""The generations on the data partition: list, add, prove, give up. See `generations` for why."""

from __future__ import annotations

import logging
from pathlib import Path

from intercom.appliance import generations
from intercom.appliance.disk import NEW, Disk
from intercom.appliance.generations import State

log = logging.getLogger(__name__)


class Store:
    """The folder `system` of the data partition; every change survives a power cut."""

    def __init__(self, system: Path, disk: Disk, running: int = generations.FACTORY) -> None:
        """`running`: the generation that this system runs from, whose files stay in any case."""
        self._system = system
        self._running = running
        self._folder = system / "generations"
        self._disk = disk

    def folder(self, number: int) -> Path:
        """Where a generation is."""
        return self._folder / str(number)

    def present(self) -> set[int]:
        """All generations that have a name, whole or not."""
        if not self._folder.is_dir():
            return set()
        names = (path.name for path in self._folder.iterdir())
        return {int(name) for name in names if name.isdecimal() and name.isascii()}

    def good(self) -> set[int]:
        """Those that are whole, and not rejected."""
        return {number for number in self.present() if self._is_good(self.folder(number))}

    def confirmed(self) -> set[int]:
        """Those that were healthy once."""
        return {n for n in self.present() if (self.folder(n) / "confirmed").exists()}

    def state(self) -> State:
        """The record; one that is damaged is replaced by what the boot makes of it."""
        try:
            text = (self._system / "state").read_bytes()
        except FileNotFoundError:
            text = b""
        chosen = generations.choose(None, self.good(), self.confirmed(), True).boot
        return generations.parse(text) or State(current=chosen)

    def stage(self) -> Path:
        """An empty folder aside for the next generation; what was left of others is removed."""
        self._disk.folder(self._folder)
        self._disk.sweep(self._folder)
        self._disk.sweep(self._system)
        self.empty_rejected()
        staged = self._folder / f"{NEW}{self.next_number()}"
        self._disk.folder(staged / "tree")
        return staged

    def next_number(self) -> int:
        """The number that the next generation gets: none is used twice."""
        state = self.state()
        return max(self.present() | {state.current, state.trial, state.failed}) + 1

    def add(self, staged: Path, about: bytes) -> int:
        """Make what was staged a generation on trial at the next boot; returns its number."""
        number = int(staged.name.removeprefix(NEW))
        self._disk.write(staged / "generation.json", about)
        self._disk.place(staged, self.folder(number))
        self._put(generations.on_trial(self.state(), number))
        return number

    def confirm(self) -> int:
        """The trial is healthy: it stays. Returns the current generation's number."""
        state = self.state()
        if state.trial:
            self._disk.write(self.folder(state.trial) / "confirmed", b"")
            state = generations.proven(state)
            self._put(state)
            log.info("generation %d is confirmed", state.current)
        self.tidy()
        return state.current

    def give_up(self, why: str) -> int:
        """Reject the trial, or else the current generation; returns the one to boot instead."""
        self._reject_failed()
        state = self.state()
        lost = state.trial or state.current
        if not lost:
            return lost
        if self.folder(lost).is_dir():
            self._disk.write(self.folder(lost) / "rejected", f"{why}\n".encode())
        state = generations.settle(state, self.good(), self.confirmed())
        self._put(state)
        log.warning("generation %d is given up: %s; next is %d", lost, why, state.current)
        self.empty_rejected()
        return state.current

    def reason(self, number: int) -> str:
        """Why a generation was rejected, or nothing."""
        try:
            return (self.folder(number) / "rejected").read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return ""

    def rejected(self) -> set[int]:
        """Those that were given up, by whom ever."""
        return {n for n in self.present() if (self.folder(n) / "rejected").exists()}

    def empty_rejected(self) -> None:
        """Remove the files of those that were given up; the rest stays, as a note."""
        self._reject_failed()
        for number in self.rejected() - {self._running}:
            self._disk.sweep(self.folder(number))
            self._disk.discard(self.folder(number) / "tree")

    def _reject_failed(self) -> None:
        """One that was given up by its boots alone is rejected: the record will forget it."""
        failed = self.state().failed
        if failed in self.present() - self.rejected():
            self._disk.write(self.folder(failed) / "rejected", b"it did not prove itself\n")

    def tidy(self) -> None:
        """Remove the generations that nothing leads to."""
        state = self.state()
        kept = self.confirmed() & self.good()
        for number in generations.superfluous(state, self.present(), kept):
            self._disk.discard(self.folder(number))

    def _put(self, state: State) -> None:
        self._disk.write(self._system / "state", generations.render(state))

    @staticmethod
    def _is_good(folder: Path) -> bool:
        about = folder / "generation.json"
        whole = about.is_file() and about.stat().st_size > 0 and (folder / "tree").is_dir()
        return whole and not (folder / "rejected").exists()
