"""What is installed here, in which version."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import hw
from intercom import __version__
from intercom.doctor.files import text
from intercom.doctor.machine import model, vcgencmd
from intercom.doctor.patient import Patient
from intercom.doctor.results import Result, ok

PACKAGES = ("aiortc", "av", "picamera2", "gpiozero", "lgpio", "PyAudio")


def check(patient: Patient) -> Iterator[Result]:
    """One line with all of them: what a report of a fault should begin with."""
    found = versions(patient.root, patient.is_here)
    words = ", ".join(f"{name} {version}" for name, version in found.items() if version)
    yield ok("versions", words, **found)


def versions(root: Path, here: bool) -> dict[str, str | None]:
    """Version by name; None where it is not there."""
    found: dict[str, str | None] = {
        "intercom": __version__,
        "Python": platform.python_version(),
        **{name: _package(name) for name in PACKAGES},
        **_screen(),
        "libcamera": _debian(root, r"libcamera0\.?[0-9.]*"),
        "OS": _os(root),
        "kernel": text(root / "proc/sys/kernel/osrelease") or None,
        "machine": platform.machine(),
        "model": model(root) or None,
    }
    if here and found["model"]:
        found["firmware"] = _firmware()
    return found


def _package(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _screen() -> dict[str, str | None]:
    """Of pygame as it is imported: Debian's may stand before that of the virtual environment."""
    try:
        hw.load_pygame()
    except hw.DeviceError:
        return {"pygame": None, "SDL": None}
    pygame = sys.modules["pygame"]
    return {"pygame": pygame.version.ver, "SDL": ".".join(map(str, pygame.get_sdl_version()))}


def _os(root: Path) -> str | None:
    found = re.search(r'^PRETTY_NAME="?([^"\n]*)', text(root / "etc/os-release"), re.MULTILINE)
    return found[1] if found else None


def _debian(root: Path, package: str) -> str | None:
    """The version of an installed package of Debian, whose name matches."""
    status = text(root / "var/lib/dpkg/status")
    pattern = rf"^Package: {package}\nStatus: install ok installed\n(?:.+\n)*?Version: (.+)$"
    found = re.search(pattern, status, re.MULTILINE)
    return found[1] if found else None


def _firmware() -> str | None:
    return vcgencmd("version").strip().partition("\n")[0] or None
