"""The wheels of the program and of what it needs, for another processor; nothing runs of them."""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path

from .command import run
from .flavour import MACHINES, RecipeError, digest

LOCK = Path(__file__).parent / "wheels.lock"
REPOSITORY = Path(__file__).parents[3]
SOURCES = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "intercom", "hw")
GLIBC = range(41, 16, -1)  # trixie has 2.41; manylinux2014 is 2.17


def version() -> str:
    """The program's version."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    return str(project["version"])


def sources() -> list[Path]:
    """What the program's own wheel is made of."""
    return [REPOSITORY / name for name in SOURCES]


def pip_platforms(arch: str, python: str) -> list[str]:
    """What pip must be told to take wheels of that Debian architecture and that Python."""
    machine = MACHINES[arch]
    tags = [f"manylinux_2_{minor}_{machine}" for minor in GLIBC] + [f"manylinux2014_{machine}"]
    platforms = [f"--platform={tag}" for tag in tags]
    return [*platforms, f"--python-version={python}", "--only-binary=:all:"]


def own_folder(folder: Path, epoch: int) -> Path:
    """Where the program's wheel is kept, once it was made."""
    return folder / f"wheel-{digest(str(epoch), *sources())}"


def site_folder(folder: Path, arch: str, python: str) -> Path:
    """Where the locked wheels are kept, once they were unpacked."""
    return folder / f"wheels-{arch}-{digest(LOCK, arch, python)}"


def own_wheel(folder: Path, epoch: int) -> Path:
    """The program's wheel, made of a clean copy, in that folder; kept while nothing changes."""
    final = own_folder(folder, epoch)
    if not final.is_dir():
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            copy, made = Path(scratch, "copy"), Path(scratch, "made")
            copy.mkdir()
            for source in sources():
                ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
                if source.is_dir():
                    shutil.copytree(source, copy / source.name, ignore=ignore)
                else:
                    shutil.copy(source, copy)
            copied = digest(str(epoch), *(copy / source.name for source in sources()))
            if final.name != f"wheel-{copied}":
                raise RecipeError("the program's files changed while they were read; build again")
            _pip("wheel", "--no-deps", f"--wheel-dir={made}", copy, epoch=epoch)
            _move(made, final)
    (wheel,) = final.glob("*.whl")
    return wheel


def site_packages(folder: Path, arch: str, python: str) -> Path:
    """The locked wheels, unpacked in the cache at `folder`; made once for each lock."""
    final = site_folder(folder, arch, python)
    if not final.is_dir():
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            made = Path(scratch, "made")
            _pip("install", *pip_platforms(arch, python), "--no-deps", "--require-hashes",
                 "--no-compile", f"--target={made}", f"--requirement={LOCK}")  # fmt: skip
            shutil.rmtree(made / "bin", ignore_errors=True)
            _move(made, final)
    return final


def digest_of(file: Path) -> str:
    """SHA-256 of a file, in hex."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _pip(*args: str | Path, epoch: int = 0) -> None:
    """Runs pip of this Python; RecipeError with its words if it fails."""
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    epochs = {"SOURCE_DATE_EPOCH": str(epoch)}
    run(*command, *args, environment=epochs, name=f"pip {args[0]}")


def _move(made: Path, final: Path) -> None:
    """Puts a finished folder in its place, unless somebody else was quicker."""
    try:
        made.rename(final)
    except OSError:
        if not final.is_dir():
            raise
