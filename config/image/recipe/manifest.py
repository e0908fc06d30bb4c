"""What a root consists of: one line for each file, and one hash over all lines."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

KINDS = {
    stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link", stat.S_IFCHR: "character",
    stat.S_IFBLK: "block", stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket",
}  # fmt: skip


def lines(root: Path) -> Iterator[str]:
    """Each file below `root`, sorted by name: kind, mode, owner, time, content, name."""
    for path in sorted(_walk(root)):
        full = root / path
        found = full.lstat()
        kind = KINDS[stat.S_IFMT(found.st_mode)]
        yield (
            f"{kind} {stat.S_IMODE(found.st_mode):04o} {found.st_uid}:{found.st_gid} "
            f"{int(found.st_mtime)} {_content(full, kind, found)}{_extra(full, kind)} /{path}"
        )


def hash_of(listed: list[str]) -> str:
    """SHA-256 over the lines, in hex."""
    return hashlib.sha256("".join(f"{line}\n" for line in listed).encode()).hexdigest()


def differences(one: list[str], other: list[str]) -> list[str]:
    """The lines that are in one list only, `-` or `+` before them, by name."""
    only = [(line.rpartition(" /")[2], "-", line) for line in set(one) - set(other)]
    only += [(line.rpartition(" /")[2], "+", line) for line in set(other) - set(one)]
    return [f"{sign} {line}" for _, sign, line in sorted(only)]


def _walk(root: Path) -> Iterator[str]:
    for folder, names, files in os.walk(root):
        below = Path(folder).relative_to(root)
        for name in [*names, *files]:
            yield str(below / name)


def _content(path: Path, kind: str, found: os.stat_result) -> str:
    if kind == "file":
        with path.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    if kind == "link":
        return f"->{path.readlink()}"
    if kind in ("character", "block"):
        return f"{os.major(found.st_rdev)},{os.minor(found.st_rdev)}"
    return "-"


def _extra(path: Path, kind: str) -> str:
    """Capabilities and the like, which lie in extended attributes."""
    if kind not in ("file", "folder"):
        return ""
    pairs = [(name, os.getxattr(path, name).hex()) for name in sorted(os.listxattr(path))]
    return "".join(f" {name}={value}" for name, value in pairs)
