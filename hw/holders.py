"""Who holds a device file: for messages that name the program to stop."""

from __future__ import annotations

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


def busy(*prefixes: str) -> str:
    """ "in use by name (pid)" for an error message."""
    return "in use by " + (", ".join(holders(*prefixes)) or "another program")
