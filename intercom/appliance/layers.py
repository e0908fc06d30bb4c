"""Trees of an overlay file system (upper layers), put together on the disk.

A whiteout is a character device 0/0: it hides what is below. A folder with the attribute
`trusted.overlay.opaque` = "y" hides all that is below it. Files are never changed in place, so
that trees may share them by hard links. See overlayfs in the kernel's documentation.
"""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

OPAQUE = "trusted.overlay.opaque"


def is_whiteout(path: Path) -> bool:
    """Whether this hides the file below."""
    found = path.lstat()
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == 0


def is_opaque(path: Path) -> bool:
    """Whether this folder hides what is below it."""
    with suppress(OSError):
        return os.getxattr(path, OPAQUE, follow_symlinks=False) == b"y"
    return False


def make_opaque(path: Path) -> None:
    """Have a folder hide what is below it; needs root."""
    os.setxattr(path, OPAQUE, b"y")


def laid_over(upper: Path, tree: Path, below: Path | None = None) -> None:
    """Change `tree` to what it is with `upper` over it, as an upper layer over `below`. Files of
    `upper` are linked, so both must be on one file system.

    A whiteout is kept only where there is something below to hide: elsewhere the kernel would list
    its name.
    """
    for path in sorted(upper.iterdir()):
        target = tree / path.name
        under = below / path.name if below and os.path.lexists(below / path.name) else None
        if _is_folder(path):
            _folder_over(path, target, under)
            laid_over(path, target, None if is_opaque(target) else under)
        else:
            _clear(target)
            if under is not None or not is_whiteout(path):
                os.link(path, target, follow_symlinks=False)


def _folder_over(path: Path, target: Path, under: Path | None) -> None:
    """Have `target` be a folder as `path` is, with what it had where that is not hidden."""
    hides = is_opaque(path) or (os.path.lexists(target) and not _is_folder(target))
    if hides:
        _clear(target)
    opaque = hides or (_is_folder(target) and is_opaque(target))
    target.mkdir(exist_ok=True)
    found = path.stat()
    os.chown(target, found.st_uid, found.st_gid)
    shutil.copystat(path, target)
    if opaque and under is not None:
        make_opaque(target)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _clear(path: Path) -> None:
    if _is_folder(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        path.unlink()
