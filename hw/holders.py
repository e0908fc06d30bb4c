"""Who holds a device file: for messages that name the program to stop."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def holders(*prefixes: str, proc: Path = Path("/proc")) -> list[str]:
    """Other processes with a file open whose path begins so, as "name (pid)"; needs no rights.

    Processes of other users stay unseen unless this one is root.
    """
    found: list[str] = []
    for process in sorted(proc.glob("[0-9]*"), key=lambda path: int(path.name)):
        if int(process.name) == os.getpid():
            continue
        try:
            targets = [os.readlink(link) for link in (process / "fd").iterdir()]  # noqa: PTH115
            if any(target.startswith(prefixes) for target in targets):
                name = (process / "comm").read_text().strip()
                found.append(f"{name} ({process.name})")
        except OSError:
            continue  # ended just now, or another user's
    return found


def is_held_here(path: str, proc: Path = Path("/proc")) -> bool:
    """Whether this process itself has the file open."""
    device = os.path.realpath(path)
    for link in (proc / "self/fd").iterdir():
        with contextlib.suppress(OSError):  # closed just now
            if str(link.readlink()) == device:
                return True
    return False


def busy(*prefixes: str) -> str:
    """ "in use by name (pid)" for an error message; a file may be held by this program itself."""
    found = holders(*prefixes)
    if any(is_held_here(path) for path in prefixes):
        found.append("this program itself")
    return "in use by " + (", ".join(found) or "another program")
