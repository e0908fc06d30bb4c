"""What tests of updates share: a key that is trusted, and bundles signed with it."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

from intercom.appliance import bundle, keys, manifest
from intercom.appliance.bundle import Reader
from intercom.appliance.disk import Disk

HERE = manifest.Here("0.1.0", "x86_64", "3.11")


class Signer:
    """Makes bundles of small releases, whose program says its version."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.public = keys.new_key(folder / "key.pem", Disk())
        (folder / "update.pub").write_bytes(self.public)
        self.trusted = keys.trusted([folder / "update.pub"])

    def bundle(self, version: str, python: str = HERE.python) -> bytes:
        """A bundle of a release of that version."""
        release = self._folder / version
        if not release.exists():
            fill(release, version)
        about = bundle.describe(release, version, HERE.arch, python)
        out = io.BytesIO()
        signature = keys.sign(self._folder / "key.pem", manifest.render(about))
        bundle.write(release, about, signature, out)
        return out.getvalue()

    def reader(self, version: str) -> Reader:
        """The same, being read."""
        return Reader(io.BytesIO(self.bundle(version)), self.trusted)


def fill(release: Path, version: str) -> Path:
    """A release's folder."""
    (release / "venv/bin").mkdir(parents=True)
    (release / "venv/bin/intercom").write_text(f"#!/bin/sh\necho {version}\n")
    (release / "venv/bin/intercom").chmod(0o755)
    (release / "systemd").mkdir()
    (release / "systemd/intercom.service").write_text(f"# {version}\n")
    return release


def says(program: Path) -> str:
    """The version that the program of /opt/intercom has, run by the path that units run."""
    done = subprocess.run(
        [program / "venv/bin/intercom"], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def points(program: Path) -> str:
    """Where the link `current` goes."""
    return str((program / "current").readlink())
