"""Takes out of a tree what would differ between two builds, or what each system makes itself."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

REMOVED = (
    "etc/.pwd.lock",
    "etc/ssh/ssh_host_*",
    "etc/resolv.conf",
    "var/cache/apt/*.bin",
    "var/cache/apt/archives/*.deb",
    "var/cache/debconf/*-old",
    "var/cache/ldconfig/aux-cache",
    "var/lib/apt/lists/*",
    "var/lib/dpkg/*-old",
    "var/lib/systemd/random-seed",
    "var/lib/systemd/catalog/database",
    "var/log/*",
    "tmp/*",
    "run/*",
    "root/.cache",
)
# Copies of account files that the tools leave.
STALE = ("etc/passwd-", "etc/group-", "etc/shadow-", "etc/gshadow-", "etc/subuid-", "etc/subgid-")


def tidy(root: Path, epoch: int) -> None:
    """Removes it, and makes no file younger than `epoch`, seconds since 1970."""
    for pattern in (*REMOVED, *STALE):
        for found in root.glob(pattern):
            if found.is_dir() and not found.is_symlink():
                shutil.rmtree(found)
            else:
                found.unlink()
    (root / "etc/machine-id").write_text("")
    (root / "etc/hostname").write_text("intercom\n")
    clamp(root, epoch)


def clamp(root: Path, epoch: int) -> None:
    """No file and no folder is younger than `epoch`; what is mounted in the tree is left alone."""
    device = root.lstat().st_dev
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if os.lstat(f"{folder}/{name}").st_dev == device]
        for name in [".", *names, *files]:
            path = f"{folder}/{name}"
            found = os.lstat(path)
            if found.st_mtime > epoch and found.st_dev == device:
                os.utime(path, (epoch, epoch), follow_symlinks=False)
