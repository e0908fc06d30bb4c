"""The amd64 tree and image of the recipe, for the tests that look into them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from config.image.recipe import flavour, image, tree
from config.image.recipe.flavour import Flavour
from config.image.recipe.image import Card

Inside = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def debian() -> Flavour:
    """The flavour that can be built and run here."""
    if os.geteuid() != 0:
        pytest.skip("files of a tree get their owners by root")
    return flavour.load("debian", flavour.machine())


@pytest.fixture(scope="session")
def root(debian: Flavour) -> Path:
    """The finished tree; nobody may change it."""
    return tree.tree(debian)


@pytest.fixture(scope="session")
def card(debian: Flavour) -> Card:
    """The image of the same tree."""
    return image.image(debian)


@pytest.fixture(scope="session")
def inside(root: Path) -> Inside:
    """Runs a program of the tree in the tree, which it cannot change."""

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        script = (
            'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0"'
            ' && mount -t proc proc "$0/proc" && mount -t tmpfs tmpfs "$0/run"'
            ' && mount -t tmpfs tmpfs "$0/tmp" && exec chroot "$0"'
            ' env -i PATH=/usr/sbin:/usr/bin HOME=/tmp LC_ALL=C.UTF-8 "$@"'
        )
        return subprocess.run(
            ["unshare", "--mount", "sh", "-c", script, str(root), *command],
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip

    return run
