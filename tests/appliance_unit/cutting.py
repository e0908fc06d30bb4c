"""A file system whose power is cut after any step, with what was not synced lost or torn.

`CutFiles` does each step for real. What no `sync` has secured yet can be taken back: `settle` plays
the card after the cut, in one of several ways (`LOSSES`). A test runs an action again and again,
cut after one more step each time, until it comes through: `every_cut`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from intercom.appliance.disk import Files

Loss = Literal["nothing", "everything", "content", "newest"]
LOSSES: tuple[Loss, ...] = ("nothing", "everything", "content", "newest")
"""What a cut takes: nothing, all that was not synced, only contents (names stay, as a journal
without data does), or the newest change alone."""

THROUGH = "came through"


class PowerCut(BaseException):
    """The power is gone; nothing of the program runs on."""


@dataclass
class Unsynced:
    """A change of a name that a cut may take back: the folder whose sync secures it, and how."""

    by: Path
    undo: Callable[[], None]


@dataclass
class Unwritten:
    """Content that a cut may tear: of which file, by its present name."""

    by: Path

    def undo(self) -> None:
        """Leave half of it."""
        if self.by.is_file():
            data = self.by.read_bytes()
            self.by.write_bytes(data[: len(data) // 2])


@dataclass
class CutFiles(Files):
    """Real steps, at most `limit` of them; then PowerCut."""

    limit: int = 10**9
    done: int = 0
    pending: list[Unsynced | Unwritten] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def _step(self, name: str, path: Path) -> None:
        if self.done >= self.limit:
            raise PowerCut
        self.done += 1
        self.names.append(f"{name} {path.name}")

    def create(self, path: Path, data: bytes, mode: int) -> None:
        self._step("create", path)
        before = path.read_bytes() if path.exists() else None
        super().create(path, data, mode)
        if before is None:
            self.pending.append(Unsynced(path.parent, lambda: path.unlink(missing_ok=True)))
        self.pending.append(Unwritten(path))

    def overwrite(self, path: Path, data: bytes) -> None:
        self._step("overwrite", path)
        before = path.read_bytes()
        super().overwrite(path, data)
        self.pending.append(Unsynced(path, lambda: self._half(path, data, before)))

    @staticmethod
    def _half(path: Path, data: bytes, before: bytes) -> None:
        half = len(data) // 2
        if path.is_file():
            path.write_bytes(data[:half] + before[half:])

    def sync(self, path: Path) -> None:
        self._step("sync", path)  # not for real: what a cut takes is said by `settle`
        path.stat()
        self.pending = [one for one in self.pending if one.by != path]

    def sync_all(self, path: Path) -> None:
        self._step("sync_all", path)
        self.pending.clear()

    def rename(self, old: Path, new: Path) -> None:
        self._step("rename", new)
        restore = _restorer(new)
        super().rename(old, new)
        self._follow(old, new)

        def undo() -> None:
            if os.path.lexists(new):
                new.rename(old)
            restore()

        self.pending.append(Unsynced(new.parent, undo))

    def _follow(self, old: Path, new: Path) -> None:
        """What waits for a sync is found by its new name."""
        for one in self.pending:
            if one.by == old or old in one.by.parents:
                one.by = new / one.by.relative_to(old)

    def unlink(self, path: Path) -> None:
        self._step("unlink", path)
        restore = _restorer(path)
        super().unlink(path)
        self.pending.append(Unsynced(path.parent, restore))

    def mkdir(self, path: Path, mode: int) -> None:
        self._step("mkdir", path)
        super().mkdir(path, mode)
        self.pending.append(Unsynced(path.parent, lambda: shutil.rmtree(path, ignore_errors=True)))

    def symlink(self, path: Path, target: str) -> None:
        self._step("symlink", path)
        super().symlink(path, target)
        self.pending.append(Unsynced(path.parent, lambda: path.unlink(missing_ok=True)))

    def chown(self, path: Path, owner: tuple[int, int]) -> None:
        self._step("chown", path)
        super().chown(path, owner)

    def remove_tree(self, path: Path) -> None:
        self._step("remove_tree half", path)
        for inner in sorted(path.rglob("*"), reverse=True)[::2]:
            if inner.is_file() or inner.is_symlink():
                inner.unlink()
        self._step("remove_tree", path)
        super().remove_tree(path)

    def settle(self, loss: Loss) -> None:
        """Take back what a cut loses, in the order that undoes it."""
        match loss:
            case "everything":
                lost = self.pending
            case "content":
                lost = [one for one in self.pending if isinstance(one, Unwritten)]
            case "newest":
                lost = self.pending[-1:]
            case "nothing":
                lost = []
        for one in reversed(lost):
            one.undo()
        self.pending.clear()


def _restorer(path: Path) -> Callable[[], None]:
    """What makes the present file or link anew; nothing, if there is none."""
    if path.is_symlink():
        target = path.readlink()
        return lambda: path.symlink_to(target)
    if path.is_file():
        data, mode = path.read_bytes(), path.stat().st_mode

        def again() -> None:
            path.write_bytes(data)
            path.chmod(mode)

        return again
    return lambda: None


def every_cut(
    fresh: Callable[[], Path], act: Callable[[Path, CutFiles], object]
) -> Iterator[tuple[Path, str]]:
    """Yield a card, and what happened to it, for each step of `act` and each loss there; at last
    THROUGH, when it came through and had promised all of it. `fresh` makes the card of before."""
    limit, through = 0, False
    while not through:
        for loss in LOSSES:
            card, files = fresh(), CutFiles(limit)
            try:
                act(card, files)
                through = True
            except PowerCut:
                pass
            files.settle(loss)
            where = f"cut after {files.names[-1:]}, step {limit}; lost: {loss}"
            yield card, THROUGH if through else where
        limit += 1
