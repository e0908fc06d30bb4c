"""Who has locked a file: libcamera claims a camera by a lock on its media device."""

from __future__ import annotations

import os
from pathlib import Path


def lockers(folder: Path, pattern: str, locks: Path = Path("/proc/locks")) -> list[str]:
    """The processes with a lock on one of the files, as "name (pid)", of all users.

    Reads the kernel's list (proc(5), /proc/locks), which needs no rights; own locks count too.
    """
    files = {_identity(path) for path in folder.glob(pattern)}
    try:
        lines = locks.read_text().splitlines()
    except OSError:
        return []
    found: dict[str, None] = {}
    for line in lines:
        match line.split():
            # 1: POSIX ADVISORY WRITE 2345 00:06:1234 0 EOF; a waiting one has "->" in it
            case [_, "POSIX", _, _, pid, file, *_] if file in files:
                found[_named(pid)] = None
    return list(found)


def _identity(path: Path) -> str:
    state = path.stat()
    return f"{os.major(state.st_dev):02x}:{os.minor(state.st_dev):02x}:{state.st_ino}"


def _named(pid: str) -> str:
    if pid == str(os.getpid()):
        return f"this program itself ({pid})"
    try:
        return f"{Path('/proc', pid, 'comm').read_text().strip()} ({pid})"
    except OSError:
        return f"process {pid}"
