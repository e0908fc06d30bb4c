"""Finishes the base system inside of mmdebstrap, as its last hook."""

from __future__ import annotations

import sys
from pathlib import Path

from .flavour import load
from .native import tools
from .tidy import tidy


def finish(name: str, arch: str, root: Path) -> None:
    """Takes out what would differ, then compiles Python: bytecode holds its source's time."""
    flavour = load(name, arch)
    tidy(root, flavour.epoch)
    libraries = [root / f"usr/lib/python{flavour.python}", root / "usr/lib/python3/dist-packages"]
    tools(flavour, root).compile(flavour.python, root, libraries)


if __name__ == "__main__":
    finish(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
