"""The card's image: FAT, root and data partitions of a finished tree, put together by genimage.

Everything that a file system makes up by itself (numbers, times, order) is given, so that the same
tree makes the same image."""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path

from .command import run
from .flavour import IMAGE, Flavour
from .native import tools

CONFIG = IMAGE / "genimage.cfg"
DISK_ID = 0x1A7E4C0D  # PARTUUIDs are made of it; genimage.cfg and boot/ have it too
FAT_ID = 0x1A7E4C01
NAMES = uuid.UUID("6f1d2a52-3c1b-4f0e-9a35-1a7e4c0d0000")
MIB = 1 << 20
BOOT_MIB = {"arm64": 512, "amd64": 128}
DATA_MIB = 64  # the first boot grows it to the end of the card


def put_together(flavour: Flavour, root: Path, boot: Path, image: Path, scratch: Path) -> None:
    """Makes `image` of the tree `root` and the files `boot`; `scratch` is an empty folder.

    RecipeError with a tool's words if one fails."""
    parts = scratch / "parts"
    parts.mkdir()
    fat(boot, parts / "boot.vfat", BOOT_MIB[flavour.arch], flavour.epoch)
    ext4(flavour, root, parts / "root.ext4", "root", root_mib(root))
    empty = scratch / "empty"
    empty.mkdir(mode=0o755)
    os.utime(empty, (flavour.epoch, flavour.epoch))
    ext4(flavour, empty, parts / "data.ext4", "data", DATA_MIB)
    for folder in ("work", "out"):
        (scratch / folder).mkdir()
    run("genimage", "--config", CONFIG, "--inputpath", parts, "--outputpath", scratch / "out",
         "--tmppath", scratch / "work" / "tmp", "--rootpath", empty)  # fmt: skip
    shutil.move(scratch / "out" / "card.img", image)


def fat(source: Path, image: Path, mib: int, epoch: int) -> None:
    """A FAT32 of those files, label BOOT; names in order, times as they are."""
    with image.open("wb") as file:
        file.truncate(mib * MIB)
    environment = {"SOURCE_DATE_EPOCH": str(epoch), "TZ": "UTC", "MTOOLS_SKIP_CHECK": "1"}
    run("mkfs.vfat", "--invariant", "-F", "32", "-i", f"{FAT_ID:08x}", "-n", "BOOT", image,
         environment=environment)  # fmt: skip
    for path in sorted(source.iterdir()):
        run("mcopy", "-i", image, "-s", "-m", path, "::", environment=environment)


def ext4(flavour: Flavour, source: Path, image: Path, label: str, mib: int) -> None:
    """An ext4 of that tree, labelled `root` or `data`."""
    ident = uuid.uuid5(NAMES, f"{flavour.name} {label}")
    options = f"hash_seed={ident},root_owner=0:0,lazy_itable_init=0,nodiscard"
    # The root needs no journal, since nobody writes to it; data has room to grow to a terabyte.
    own = ["-O", "^has_journal", "-E", options]
    if label == "data":
        own = ["-E", f"{options},resize={(1 << 40) // 4096}"]
    with image.open("wb") as file:
        file.truncate(mib * MIB)
    tools(flavour, source if label == "root" else None).run(
        "mke2fs", "-q", "-t", "ext4", "-b", "4096", "-I", "256", "-m", "0", *own, "-L", label,
        "-U", str(ident), "-d", source, image,
        environment={"SOURCE_DATE_EPOCH": str(flavour.epoch)},
    )  # fmt: skip


def root_mib(root: Path) -> int:
    """How large the root's file system must be: its content, its inodes and a tenth more."""
    size = files = 0
    for folder, names, plain in os.walk(root):
        files += len(names) + len(plain)
        size += 4096 * len(names)
        size += sum(4096 + os.lstat(f"{folder}/{name}").st_size // 4096 * 4096 for name in plain)
    return ((size + files * 256) * 11 // 10 // MIB + 16) // 4 * 4
