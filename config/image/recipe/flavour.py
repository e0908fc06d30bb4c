"""What a flavour is made of: its suite, its sources and its packages."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path

IMAGE = Path(__file__).parent.parent
FLAVOURS = IMAGE / "flavours"
PACKAGES = IMAGE / "layer" / "packages"
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
"""What the kernel calls a machine, by Debian's name."""
ARCHITECTURES = (*MACHINES,)


class RecipeError(Exception):
    """The image cannot be built as asked; the text says why and what to do."""


@dataclass(frozen=True)
class Flavour:
    """One flavour for one architecture."""

    name: str
    arch: str
    suite: str
    python: str
    """Version of the suite's Python, as `3.13`."""
    epoch: int
    """No file of the image is younger, seconds since 1970."""
    packages: tuple[str, ...]
    """What is installed by name, sorted; the rest comes by dependencies."""
    sources: str
    """apt's sources in deb822 form, the archives by their names: @DEBIAN@."""
    keyrings: tuple[tuple[Path, str], ...]
    """Files on this machine, and the fingerprint of a key that must be in it, or an empty text."""

    @property
    def title(self) -> str:
        """`debian-arm64`: names files and folders of the cache."""
        return f"{self.name}-{self.arch}"


def load(name: str, arch: str, snapshot: str = "") -> Flavour:
    """The flavour of that name, optionally from a dated copy of the archives (`20261101T000000Z`).

    RecipeError if there is no such flavour, or not for that architecture."""
    file = FLAVOURS / f"{name}.toml"
    if not file.is_file():
        known = ", ".join(sorted(path.stem for path in FLAVOURS.glob("*.toml")))
        raise RecipeError(f"no flavour {name!r}; there are: {known}")
    table = tomllib.loads(file.read_text())
    if arch not in table["architectures"]:
        raise RecipeError(f"{name} is not made for {arch}")
    lists = [*table["packages"], *table["architectures"][arch]]
    sources = (FLAVOURS / f"{name}.sources").read_text().replace("@ARCH@", arch)
    return Flavour(
        name=name,
        arch=arch,
        suite=table["suite"],
        python=table["python"],
        epoch=int(datetime.combine(table["epoch"], time(), UTC).timestamp()),
        packages=tuple(sorted({package for item in lists for package in read_list(item)})),
        sources=dated(sources, snapshot) if snapshot else sources,
        keyrings=tuple((Path(file), key) for file, key in table["keyrings"].items()),
    )


def read_list(name: str) -> list[str]:
    """The packages of one list, in its order; `#` begins a comment."""
    lines = (line.partition("#")[0].strip() for line in (PACKAGES / name).read_text().splitlines())
    return [line for line in lines if line]


def dated(sources: str, snapshot: str) -> str:
    """The same sources as the archive of Debian was at that moment."""
    for archive in ("debian-security", "debian"):
        sources = sources.replace(
            f"URIs: @{archive.upper()}@\n",
            f"URIs: http://snapshot.debian.org/archive/{archive}/{snapshot}\n"
            "Check-Valid-Until: no\n",
        )
    return sources


def machine() -> str:
    """This machine's architecture by Debian's name; RecipeError if it is neither."""
    for name, kernels in MACHINES.items():
        if kernels == platform.machine():
            return name
    raise RecipeError(f"no image can be built on {platform.machine()}")


def cache() -> Path:
    """Where trees and images are kept; INTERCOM_CACHE names another place."""
    named = os.environ.get("INTERCOM_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = (Path(named) if named else base / "intercom") / "image"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def locked(place: Path) -> Iterator[None]:
    """Nobody else makes what shall lie at `place` meanwhile."""
    with place.with_name(f".{place.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def digest(*parts: str | bytes | Path) -> str:
    """A short key of what goes in: texts as they are, files by content, folders with names."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            files = sorted(path for path in part.rglob("*")) if part.is_dir() else [part]
            for file in files:
                if "__pycache__" in file.parts or not (file.is_file() or file.is_symlink()):
                    continue
                total.update(f"{file.relative_to(part)}\0{file.lstat().st_mode:o}\0".encode())
                total.update(bytes(str(file.readlink()), "utf-8") if file.is_symlink()
                             else file.read_bytes())  # fmt: skip
        else:
            total.update(part.encode() if isinstance(part, str) else part)
        total.update(b"\0\0")
    return total.hexdigest()[:16]
