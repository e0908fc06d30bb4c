"""The card of the tests: the amd64 image as the recipe makes it, longer, as a larger card is.

    card = build()                       # cached by the image's name
    Disk(card, over=tmp / "writes")      # each test writes into a file of its own

No loop device and no mounted image: tools read and write at an offset.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
from pathlib import Path

from tests.vm.uml import cache

ROOT = Path(__file__).parent.parent.parent
RECIPE = (ROOT / "config/image/build", "--flavour", "debian", "--arch", "amd64")
MIB = 1 << 20
SECTOR = 512

BOOT, SYSTEM, DATA = "/dev/ubda1", "/dev/ubda2", "/dev/ubda3"
"""The partitions, as the guest names them."""
PREINIT = "/usr/lib/intercom/preinit"
ROOM_MIB = 800
"""What is behind the data partition, for it to grow into at the first boot."""


class CardError(Exception):
    """A tool failed."""


@functools.cache
def tree() -> Path:
    """The tree of the card's root, made by the recipe if it is not there."""
    if named := os.environ.get("INTERCOM_TREE"):
        return Path(named)
    return Path(_run(*RECIPE).splitlines()[0])


@functools.cache
def build() -> Path:
    """The card's image, made if it is not there; nobody may change it."""
    if named := os.environ.get("INTERCOM_CARD"):
        return Path(named)
    image = Path(_run(*RECIPE, "--image").splitlines()[0])
    card = cache() / "appliance" / f"{image.parent.name}.img"
    if not card.exists():
        card.parent.mkdir(parents=True, exist_ok=True)
        for old in card.parent.glob("*.img"):
            old.unlink()
        partial = card.with_suffix(".partial")
        lengthen(image, partial)
        partial.rename(card)
    return card


def lengthen(image: Path, to: Path) -> None:
    """Copy an image to a larger card."""
    copy(image, to)
    os.truncate(to, image.stat().st_size + ROOM_MIB * MIB)


def copy(image: Path, to: Path) -> None:
    """Copy an image; what is empty in it takes no room."""
    _run("cp", "--sparse=always", image, to)


def lay(image: Path, name: str, text: str) -> None:
    """Put one of the owner's files on the FAT partition of a card."""
    table = json.loads(_run("sfdisk", "--json", image))
    start = SECTOR * table["partitiontable"]["partitions"][0]["start"]
    _run("mcopy", "-o", "-i", f"{image}@@{start}", "-", f"::{name}", given=text)


def _run(*command: str | Path, given: str = "") -> str:
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    done = subprocess.run(
        [*map(str, command)], input=given, capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": path},
    )  # fmt: skip
    if done.returncode != 0:
        raise CardError(f"{command[0]}: {done.stdout}{done.stderr}")
    return done.stdout.strip()
