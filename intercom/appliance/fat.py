"""The card's FAT partition: read-only, but for the moments in which something on it changes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from intercom.appliance.disk import Disk
from intercom.appliance.places import Places
from intercom.appliance.run import ProgramError, run

log = logging.getLogger(__name__)

CARD = Places().card
DEVICE = Places().boot

MOST = 1 << 20
"""No owner's file that is read at once is larger."""

GONE = ".intercom-gone"
"""What a file that was taken is called while its content is being wiped."""


class BootCard:
    """The files at the top of it. A FAT file system has no journal: it is written as little, and
    for as short, as can be, and `fsck.fat` at the next boot mends what a cut tore."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._folder = folder
        self._disk = disk

    @contextmanager
    def present(self, device: Path = DEVICE) -> Iterator[None]:
        """While this is open, the partition is mounted, if there is one: where systemd could not
        (its mount is `nofail`), it is mounted here. It is the one of the disk that the root is on:
        by its label, anybody's stick would do."""
        if self._folder != CARD or self._folder.is_mount():
            yield
            return
        if not device.exists():
            log.warning("the card has no BOOT partition")
            yield
            return
        try:
            run(["mount", "-n", "-t", "vfat", "-o", "ro,umask=0077", device, self._folder], 60)
        except ProgramError as error:
            log.warning("the card's BOOT partition cannot be mounted: %s", error)
            yield
            return
        try:
            yield
        finally:
            run(["umount", "-n", self._folder], 60)

    def names(self) -> list[str]:
        """The names of all files; nothing when there is no card."""
        if not self._folder.is_dir():
            return []
        return sorted(path.name for path in self._folder.iterdir() if path.is_file())

    def path(self, name: str) -> Path:
        """Where a file is."""
        return self._folder / name

    def read(self, name: str) -> bytes | None:
        """Its content; None if it was taken before, and only the wiped rest of it is there."""
        with self.path(name).open("rb") as file:
            data = file.read(MOST)
        return None if data and not data.strip(b"\x00") else data

    @contextmanager
    def writable(self) -> Iterator[None]:
        """While this is open, the partition can be written."""
        mounted = self._folder.is_mount()
        if mounted:
            run(["mount", "-n", "-o", "remount,rw", self._folder])
        try:
            yield
        finally:
            if mounted:
                self._disk.files.sync_all(self._folder)
                run(["mount", "-n", "-o", "remount,ro", self._folder])

    def wipe(self, name: str) -> None:
        """Remove a file that may hold a secret: another name, no content, no name. A cut leaves
        the file as it was, or a rest that `sweep` removes."""
        gone = self._folder / GONE
        with suppress(FileNotFoundError):
            self._disk.files.unlink(gone)
        self._disk.rename(self.path(name), gone)
        self._clear(gone)

    def sweep(self) -> None:
        """Finish what a cut interrupted."""
        if GONE in self.names():
            with self.writable():
                self._clear(self._folder / GONE)

    def _clear(self, gone: Path) -> None:
        size = min(gone.stat().st_size, MOST)
        self._disk.files.overwrite(gone, bytes(size))
        self._disk.files.sync(gone)
        self._disk.remove(gone)

    def tell(self, name: str, words: str) -> None:
        """Leave a text for whoever puts the card into a computer; no words: none is left."""
        data = words.replace("\n", "\r\n").encode("utf-8-sig") if words else b""
        path = self.path(name)
        present = path.read_bytes() if path.is_file() else b""
        if data == present:
            return
        with self.writable():
            if data:
                self._disk.write(path, data)
            else:
                self._disk.remove(path)
