"""Small files that must be there whole, or as they were, whenever the power goes."""

from __future__ import annotations

import os
from pathlib import Path


def make_folder(folder: Path) -> None:
    """Make the folder, for its owner alone, if it is not there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def write(path: Path, data: bytes, mode: int) -> None:
    """Replace `path` by `data`, atomically and durably; raises OSError with nothing changed."""
    make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            give_away(temporary)
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def remove(path: Path) -> None:
    """Remove `path`, durably; nothing, when it is not there."""
    if path.exists():
        path.unlink(missing_ok=True)
        sync_folder(path.parent)


def give_away(path: Path) -> None:
    """What root makes in another's folder is that other's: the daemon must be able to use it."""
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def sync_folder(folder: Path) -> None:
    """Make what was renamed or removed in the folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
