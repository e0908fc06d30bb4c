"""The root's tree: base system, program and layer, finished for a read-only root."""

from __future__ import annotations

import shutil
from pathlib import Path

from . import release, sbom, wheels
from .base import base
from .base import key as base_key
from .command import run
from .flavour import IMAGE, Flavour, RecipeError, cache, digest, locked
from .native import tools
from .tidy import clamp, tidy

LAYER = IMAGE / "layer"
CONFIG = IMAGE.parent
OWNER = IMAGE / "boot" / "owner"
# Put beside the firmware's files, to be copied and changed on any computer.
EXAMPLES = ("door.toml", "indoor.toml", "kiosk.toml", "hub.toml")


def key(flavour: Flavour) -> str:
    """Names the tree: the same inputs, the same name."""
    here = Path(__file__).parent
    own = ("tree.py", "release.py", "wheels.py", "tidy.py", "sbom.py")
    inputs = [LAYER, OWNER, *(CONFIG / name for name in EXAMPLES), *(here / name for name in own)]
    return digest(base_key(flavour), target(flavour).inputs(), *inputs)


def target(flavour: Flavour) -> release.Target:
    """What the program's release is made for."""
    return release.Target(flavour.arch, flavour.python, flavour.epoch)


def unpack(tarball: Path, root: Path) -> None:
    """The tarball of a root at `root`, with owners and capabilities."""
    root.mkdir(parents=True)
    run("tar", "--extract", "--file", tarball, "--directory", root, "--numeric-owner",
        "--same-permissions", "--xattrs", "--xattrs-include=*")  # fmt: skip


def make(flavour: Flavour, root: Path, *, fresh: bool = False) -> None:
    """Makes the tree at `root`, which must not be there yet."""
    unpack(base(flavour, fresh=fresh), root)
    release.install(root, cache(), target(flavour))
    epoch = {"SOURCE_DATE_EPOCH": str(flavour.epoch)}
    run(LAYER / "apply", root, "--appliance", environment=epoch)
    bill = root / sbom.PLACE
    bill.parent.mkdir(parents=True, exist_ok=True)
    bill.write_text(sbom.bill(flavour, root, wheels.version()))
    tidy(root, flavour.epoch)
    releases = sorted(root.glob("opt/intercom/releases/*/venv/lib"))
    tools(flavour, root).compile(flavour.python, root, releases)
    move_boot(root, boot_of(root))
    for folder in (root, boot_of(root)):
        clamp(folder, flavour.epoch)


def move_boot(root: Path, boot: Path) -> None:
    """Moves what the firmware reads out of the root, and adds what the owner reads."""
    shutil.rmtree(boot, ignore_errors=True)
    boot.mkdir()
    for path in sorted((root / "boot/firmware").iterdir()):
        shutil.move(path, boot / path.name)
    shutil.copytree(OWNER, boot, dirs_exist_ok=True)
    for example in EXAMPLES:
        (boot / "examples").mkdir(exist_ok=True)
        shutil.copy(CONFIG / example, boot / "examples")


def boot_of(root: Path) -> Path:
    """Where the files of the FAT partition lie that belong to that tree."""
    return root.with_name(f"{root.name}.boot")


def tree(flavour: Flavour, *, fresh: bool = False) -> Path:
    """The tree in the cache; nobody may change it. Made if it is not there, or if `fresh`."""
    trees = cache() / "trees"
    trees.mkdir(exist_ok=True)
    latest = trees / flavour.title
    with locked(latest):
        name = key(flavour)
        root = trees / f"{flavour.title}-{name}"
        if fresh or not root.exists():
            partial = root.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            make(flavour, partial, fresh=fresh)
            if key(flavour) != name:  # it would be found under a name that is not its own
                raise RecipeError("files of the recipe changed while it ran; build again")
            for old in (root, boot_of(root)):
                shutil.rmtree(old, ignore_errors=True)
            boot_of(partial).rename(boot_of(root))
            partial.rename(root)
        latest.unlink(missing_ok=True)
        latest.symlink_to(root.name)
        forget(trees, flavour.title, root)
    return root


def forget(trees: Path, title: str, kept: Path) -> None:
    """Removes the trees of the same flavour but this one and the newest other."""
    others = [path for path in trees.glob(f"{title}-????????????????") if path != kept]
    for old in sorted(others, key=lambda path: path.lstat().st_ctime)[:-1]:
        for gone in (old, boot_of(old)):
            shutil.rmtree(gone, ignore_errors=True)
