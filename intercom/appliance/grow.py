"""Makes the data partition, and the file system in it, as long as the card.

Three steps, each of which does nothing when it was done: the partition table (one sector, written
at once), what the kernel knows of it, and the file system (by resize2fs, through its journal). A
power cut between or in them loses nothing, and the next boot goes on from there.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from intercom.appliance import mbr
from intercom.appliance.run import run
from intercom.errors import IntercomError

log = logging.getLogger(__name__)


class GrowError(IntercomError):
    """The partition cannot be made longer; the words say why."""


def grow(folder: Path, dev: Path = Path("/dev"), sys: Path = Path("/sys")) -> None:
    """Grow what is mounted at `folder`, while it is in use. Raises GrowError, OSError or
    ProgramError; nothing is lost by it."""
    if not folder.is_mount():
        raise GrowError(f"{folder} is not on a partition of its own")
    number = folder.stat().st_dev
    entry = (sys / f"dev/block/{os.major(number)}:{os.minor(number)}").resolve()
    if not entry.exists():
        raise GrowError(f"{folder} is in memory, not on a card")
    device = dev / entry.name
    if (entry / "partition").exists():
        _partition(entry, dev)
    run(["resize2fs", device])


def _partition(entry: Path, dev: Path) -> None:
    number = int((entry / "partition").read_text())
    disk = dev / entry.parent.name
    length = write_table(disk, number, int((entry.parent / "size").read_text()))
    if int((entry / "size").read_text()) < length:
        run(["partx", "--update", "--nr", number, disk])
        log.info("%s has %d MiB now", entry.name, length >> 11)


def write_table(disk: Path, number: int, sectors: int) -> int:
    """Have partition `number` reach the end of a disk of so many sectors; its length now."""
    try:
        with disk.open("r+b", buffering=0) as file:
            sector = os.pread(file.fileno(), mbr.SECTOR, 0)
            wanted = mbr.grown(sector, number, sectors)
            if wanted != sector:
                os.pwrite(file.fileno(), wanted, 0)
                os.fsync(file.fileno())
    except mbr.TableError as error:
        raise GrowError(f"{disk}: {error}") from None
    return mbr.read(wanted, number).length
