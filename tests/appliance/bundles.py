"""A small update for the tests: the program of this tree, over the libraries of the factory's."""

from __future__ import annotations

import shutil
from pathlib import Path

from intercom.appliance import orders
from intercom.appliance.manifest import Here

from .card import ROOT, tree

FACTORY = "/run/intercom-boot/factory"
VERSION = "9.0.0"
SITE = "lib/python3.13/site-packages"


def make(folder: Path) -> Path:
    """A signed bundle in `folder`, its key beside it (`.pub`)."""
    release = _factory()
    inside = release.relative_to(tree())
    venv = folder / "release/venv"
    site = venv / SITE
    shutil.copytree(release / "venv/bin", venv / "bin", symlinks=True)
    shutil.copy(release / "venv/pyvenv.cfg", venv)
    start = venv / "bin/intercom"
    start.write_text(start.read_text().replace(f"/{release.name}/", f"/{VERSION}/", 1))
    for package in ("intercom", "hw"):
        shutil.copytree(
            ROOT / package, site / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    # Not the libraries themselves, 250 MB: they are where they were.
    (site / "factory.pth").write_text(f"{FACTORY}/{inside}/venv/{SITE}\n")
    shutil.copytree(ROOT / "systemd", folder / "release/systemd")
    made = folder / "intercom.bundle"
    made.with_suffix(".pub").write_text(orders.new_key(folder / "key"))
    orders.make_bundle(folder / "release", made, folder / "key", Here(VERSION, "x86_64", "3.13"))
    return made


def _factory() -> Path:
    """The release in the tree that the card was made of."""
    return (tree() / "opt/intercom/current").resolve()
