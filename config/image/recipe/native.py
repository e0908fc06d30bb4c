"""Debian's tools of the suite, run on the machine that builds: they finish a foreign tree quickly.

They are taken out of the base system for this machine and started by its own loader, so that the
same Python compiles the bytecode whatever the machine has."""

from __future__ import annotations

import os
from pathlib import Path

from .base import borrowed
from .command import run_clean
from .flavour import Flavour, machine

LOADERS = {"amd64": "usr/lib64/ld-linux-x86-64.so.2", "arm64": "usr/lib/ld-linux-aarch64.so.1"}
TRIPLETS = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}


class Tools:
    """Programs of the suite that run here, out of `root`."""

    def __init__(self, root: Path, arch: str) -> None:
        libraries = root / "usr/lib" / TRIPLETS[arch]
        self._root = root
        self._loader = [str(root / LOADERS[arch]), "--library-path",
                        f"{libraries}:{libraries}/systemd"]  # fmt: skip

    def run(
        self, program: str, *args: str | Path, environment: dict[str, str] | None = None
    ) -> None:
        """Runs a program of the suite by its name; RecipeError with its words if it fails."""
        places = (self._root / "usr/bin" / program, self._root / "usr/sbin" / program)
        binary = next(place for place in places if place.exists())
        command = [*self._loader, str(binary), *map(str, args)]
        own = {"PATH": os.environ["PATH"], "PYTHONHOME": str(self._root / "usr"),
               "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8",
               "MKE2FS_CONFIG": str(self._root / "etc/mke2fs.conf")}  # fmt: skip
        run_clean(*command, environment={**own, **(environment or {})}, name=program)

    def compile(self, python: str, root: Path, folders: list[Path]) -> None:
        """Compiles Python's sources in those folders of a tree: a read-only root cannot later."""
        self.run(f"python{python}", "-m", "compileall", "-q", "-s", root, "-p", "/",
                 "--invalidation-mode", "timestamp", *folders)  # fmt: skip


def tools(flavour: Flavour, root: Path | None) -> Tools:
    """The tools for a tree: its own if they run here, else those of a base system that do."""
    arch = machine()
    return Tools(root if root and flavour.arch == arch else borrowed(), arch)
