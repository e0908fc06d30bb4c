"""Small files that must be there whole, or as they were, whenever the power goes.

Root writes into folders of the daemon's user too, who may have put a link there: so nothing is
made or given away through one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def make_folder(folder: Path) -> None:
    """Make the folder, for its owner alone, if it is not there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def create(path: Path, data: bytes, mode: int) -> None:
    """Write a new file, and wait until it is on the disk; FileExistsError if it is there.

    Its name is durable only after `sync_folder`.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        _give_away(handle, path.parent)
        os.fsync(handle)


def write(path: Path, data: bytes, mode: int) -> None:
    """Replace `path` by `data`, atomically and durably; raises OSError with nothing changed."""
    make_folder(path.parent)
    with _aside(path, data, mode) as temporary:
        temporary.replace(path)
    sync_folder(path.parent)


def write_once(path: Path, data: bytes, mode: int) -> None:
    """Create `path` with `data`, atomically and durably; an existing file stays as it is."""
    with _aside(path, data, mode) as temporary:
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
    sync_folder(path.parent)


def remove(path: Path) -> None:
    """Remove `path`, durably; nothing, when it is not there."""
    if path.exists():
        path.unlink(missing_ok=True)
        sync_folder(path.parent)


def _give_away(handle: int, folder: Path) -> None:
    """What root makes in another's folder is that other's: the daemon must be able to use it."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(handle, owner.st_uid, owner.st_gid)


def sync_folder(folder: Path) -> None:
    """Make what was renamed or removed in the folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _aside(path: Path, data: bytes, mode: int) -> Iterator[Path]:
    """The data in a file beside `path`, of which nothing is left in the end."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        create(temporary, data, mode)
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
