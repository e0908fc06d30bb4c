"""The finished image in the cache, and what belongs beside it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import disk, imager, manifest, sbom, tree
from .flavour import Flavour, RecipeError, cache, digest, locked
from .wheels import digest_of, version


@dataclass(frozen=True)
class Card:
    """An image, and what is told about it."""

    folder: Path
    name: str

    @property
    def image(self) -> Path:
        """What is written to a card."""
        return self.folder / f"{self.name}.img"

    @property
    def manifest(self) -> Path:
        """Each file of the root and of the FAT partition, one a line."""
        return self.folder / f"{self.name}.manifest"

    @property
    def sums(self) -> Path:
        """SHA-256 of the image and of the manifest, as sha256sum has them."""
        return self.folder / f"{self.name}.sha256"

    @property
    def sbom(self) -> Path:
        """The software bill of materials."""
        return self.folder / f"{self.name}.cdx.json"


def image(flavour: Flavour, *, fresh: bool = False) -> Card:
    """The card's image in the cache, made if it is not there."""
    root = tree.tree(flavour, fresh=fresh)
    parts = [Path(__file__).with_name("disk.py"), disk.CONFIG, Path(__file__)]
    folder = cache() / "images" / f"{root.name}-{digest(*parts)[:4]}"
    card = Card(folder, f"intercom-{version()}-{flavour.title}")
    folder.parent.mkdir(exist_ok=True)
    with locked(folder):
        if fresh or not card.sums.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            _make(flavour, root, card)
            _forget(folder.parent, flavour.title, folder)
    return card


def compress(card: Card) -> Path:
    """The image as .xz; the same bytes each time, whatever the number of processors."""
    packed = card.image.with_name(f"{card.image.name}.xz")
    if not packed.exists():
        command = ["xz", "--keep", "--threads=2", "-3", "--force", str(card.image)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RecipeError(f"xz failed:\n{done.stderr.strip()}")
    return packed


def offer(card: Card, flavour: Flavour, base_url: str) -> Path:
    """The list for Raspberry Pi Imager, of the compressed image at that address."""
    listed = card.folder / f"{card.name}.rpi-imager.json"
    packed = compress(card)
    listed.write_text(imager.entry(card.image, packed, base_url, version(), flavour.epoch))
    return listed


def _make(flavour: Flavour, root: Path, card: Card) -> None:
    boot = tree.boot_of(root)
    with tempfile.TemporaryDirectory(dir=card.folder) as scratch:
        disk.put_together(flavour, root, boot, card.image, Path(scratch))
    lines = [*manifest.lines(root), *(f"BOOT {line}" for line in manifest.lines(boot))]
    card.manifest.write_text("".join(f"{line}\n" for line in lines))
    shutil.copy(root / sbom.PLACE, card.sbom)
    made = (card.image, card.manifest)
    card.sums.write_text("".join(f"{digest_of(file)}  {file.name}\n" for file in made))


def _forget(folder: Path, title: str, kept: Path) -> None:
    """Removes older images of the same flavour: each is more than a gigabyte."""
    for old in folder.glob(f"{title}-*-????"):
        if old != kept:
            shutil.rmtree(old, ignore_errors=True)
