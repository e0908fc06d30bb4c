"""Small files of the kernel, which may not be there."""

from __future__ import annotations

from pathlib import Path


def text(path: Path) -> str:
    """What it says, without what surrounds it; nothing when it cannot be read."""
    try:
        return path.read_text("utf-8", "replace").strip("\0\n\t ")
    except OSError:
        return ""


def number(path: Path, base: int = 10) -> int | None:
    """The number it holds; None when there is none."""
    try:
        return int(text(path), base)
    except ValueError:
        return None
