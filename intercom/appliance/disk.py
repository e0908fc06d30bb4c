"""Changes to a card that a power cut at any moment leaves whole: all or nothing.

`Files` has the steps that a cut may fall between; `Disk` puts them together so that it does not
matter where. Nothing else in this package changes a file that must outlive a boot.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

NEW = ".new-"
"""What the name of something that is not whole yet begins with."""

_libc = ctypes.CDLL(None, use_errno=True)


class Files:
    """Single steps on a real file system; each may be the last one."""

    def create(self, path: Path, data: bytes, mode: int) -> None:
        """Make or empty a file and fill it; it may be lost until `sync`."""
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)

    def overwrite(self, path: Path, data: bytes) -> None:
        """Write over the beginning of a file, in its own place."""
        with path.open("r+b") as file:
            file.write(data)

    def sync(self, path: Path) -> None:
        """Have a file's content, or the names in a folder, on the card."""
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def sync_all(self, path: Path) -> None:
        """Have everything on the card that was written to the file system of `path`."""
        handle = os.open(path, os.O_RDONLY)
        try:
            if _libc.syncfs(handle):
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number), str(path))
        finally:
            os.close(handle)

    def rename(self, old: Path, new: Path) -> None:
        """Give a name to something, in place of what had it."""
        old.rename(new)

    def unlink(self, path: Path) -> None:
        """Take a name away."""
        path.unlink()

    def mkdir(self, path: Path, mode: int) -> None:
        """Make a folder in one that is there."""
        path.mkdir(mode)
        path.chmod(mode)

    def symlink(self, path: Path, target: str) -> None:
        """Make a symbolic link."""
        path.symlink_to(target)

    def chown(self, path: Path, owner: tuple[int, int]) -> None:
        """Give a file to a user and group, by number."""
        os.chown(path, *owner)

    def remove_tree(self, path: Path) -> None:
        """Remove a folder that nothing depends on any more; a part of it may stay."""
        shutil.rmtree(path)


class Disk:
    """Whole changes; when one returns, it is on the card."""

    def __init__(self, files: Files | None = None) -> None:
        self.files = files or Files()

    def write(
        self, path: Path, data: bytes, mode: int = 0o644, owner: tuple[int, int] | None = None
    ) -> None:
        """Replace a file, or make it: after a cut there is the old one or the new one."""
        aside = path.with_name(f"{NEW}{path.name}")
        self.files.create(aside, data, mode)
        if owner is not None:
            self.files.chown(aside, owner)
        self.files.sync(aside)
        self.rename(aside, path)

    def rename(self, old: Path, new: Path) -> None:
        """Move within a folder; what had the name is replaced."""
        self.files.rename(old, new)
        self.files.sync(new.parent)

    def remove(self, path: Path) -> None:
        """Remove a file or link, if it is there."""
        with suppress(FileNotFoundError):
            self.files.unlink(path)
            self.files.sync(path.parent)

    def folder(self, path: Path, mode: int = 0o755) -> None:
        """Have a folder, and those above it."""
        if path.is_dir():
            return
        self.folder(path.parent)
        self.files.mkdir(path, mode)
        self.files.sync(path.parent)

    def link(self, path: Path, target: str) -> None:
        """Point a symbolic link somewhere: after a cut there is the old one or the new one."""
        aside = path.with_name(f"{NEW}{path.name}")
        with suppress(FileNotFoundError):
            self.files.unlink(aside)
        self.files.symlink(aside, target)
        self.rename(aside, path)

    def place(self, staged: Path, path: Path) -> None:
        """Give a folder that was filled aside its name, once all of it is on the card.

        Raises FileExistsError if the name is taken.
        """
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        self.files.sync_all(staged)
        self.rename(staged, path)

    def discard(self, path: Path) -> None:
        """Remove a folder: its name first, so that half of it is never taken for the whole."""
        if path.is_dir():
            doomed = path.with_name(f"{NEW}old-{path.name}")
            if doomed.exists():
                self.files.remove_tree(doomed)
            self.rename(path, doomed)
            self.files.remove_tree(doomed)

    def sweep(self, folder: Path) -> None:
        """Remove what a cut left half made in a folder."""
        if not folder.is_dir():
            return
        for path in sorted(folder.glob(f"{NEW}*")):
            if path.is_dir() and not path.is_symlink():
                self.files.remove_tree(path)
            else:
                self.files.unlink(path)
