"""Writes wheels.lock: the versions that the tests ran with, and the hashes of their wheels.

`config/image/build --lock`, in the environment of the tests."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from .flavour import ARCHITECTURES, RecipeError
from .wheels import LOCK, REPOSITORY, digest_of, pip_platforms

# Taken from the system, by these packages: they are built for its kernel, ALSA and SDL.
FROM_SYSTEM = {
    "numpy": "python3-numpy",
    "pygame": "python3-pygame",
    "sdnotify": "python3-sdnotify",
}
# Named by colorzero, which does not import it.
LEFT_OUT = {"setuptools"}
PYTHONS = ("3.11", "3.13")  # of Debian 12 and 13

HEAD = """\
# Made by `config/image/build --lock`: what the tests ran with. The hashes are those of the wheels
# for arm64 and amd64, and for the Pythons of Debian 12 and 13. numpy, pygame and sdnotify come
# from the system, as PyAudio and lgpio do.
"""


def closure(requirements: list[str], python: str) -> dict[str, str]:
    """Each distribution that these need under that Python on Linux, with the version here.

    RecipeError if one is not installed here."""
    from packaging.requirements import Requirement  # noqa: PLC0415  (the tests' environment has it)
    from packaging.utils import canonicalize_name  # noqa: PLC0415

    found: dict[str, str] = {}

    def walk(requirements: list[str], extras: frozenset[str]) -> None:
        for text in requirements:
            wanted = Requirement(text)
            environment = {"python_version": python, "python_full_version": f"{python}.0",
                           "sys_platform": "linux", "platform_system": "Linux"}  # fmt: skip
            if wanted.marker and not any(
                wanted.marker.evaluate({**environment, "extra": extra}) for extra in extras or {""}
            ):
                continue
            dependency = canonicalize_name(wanted.name)
            if dependency in {*FROM_SYSTEM, *LEFT_OUT, *found}:
                continue
            try:
                found[dependency] = metadata.version(dependency)
            except metadata.PackageNotFoundError:
                raise RecipeError(f"{dependency} is needed but not installed here") from None
            walk(metadata.requires(dependency) or [], frozenset(wanted.extras))

    walk(requirements, frozenset())
    return dict(sorted(found.items()))


def hashes(pins: dict[str, str], arch: str, python: str) -> Iterator[tuple[str, str]]:
    """Name and SHA-256 of the wheel that fits that architecture, for each pin."""
    with tempfile.TemporaryDirectory() as scratch:
        wanted = [f"{name}=={version}" for name, version in pins.items()]
        subprocess.run(
            [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download",
             *pip_platforms(arch, python), "--no-deps", f"--dest={scratch}", *wanted],
            check=True,
        )  # fmt: skip
        for wheel in sorted(Path(scratch).iterdir()):
            yield wheel.name.split("-")[0].replace("_", "-").lower(), digest_of(wheel)


def write() -> None:
    """Writes the lock anew."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    pins: dict[str, str] = {}
    found: dict[str, set[str]] = {}
    for python in PYTHONS:
        needed = closure(project["dependencies"], python)
        pins |= needed
        for arch in ARCHITECTURES:
            for name, value in hashes(needed, arch, python):
                found.setdefault(name, set()).add(value)
    lines = [
        " \\\n    ".join([f"{name}=={pins[name]}", *(f"--hash=sha256:{v}" for v in sorted(values))])
        for name, values in sorted(found.items())
    ]
    LOCK.write_text(HEAD + "\n".join(lines) + "\n")
