"""The image: partitions, file systems, what lies on the FAT; and twice the same."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.image.recipe import disk, manifest, tree
from config.image.recipe.flavour import Flavour, cache
from config.image.recipe.image import Card
from config.image.recipe.wheels import digest_of

pytestmark = pytest.mark.slow

SECTOR = 512


def run(*command: str | Path) -> str:
    """A tool's output; fails with its words."""
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False,
                          env={**os.environ, "PATH": path})  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def partitions(card: Card) -> list[dict[str, int | str]]:
    """The partition table as sfdisk reads it."""
    table = json.loads(run("sfdisk", "--json", card.image))["partitiontable"]
    assert (table["label"], table["id"]) == ("dos", f"0x{disk.DISK_ID:08x}")
    found: list[dict[str, int | str]] = table["partitions"]
    return found


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder with room for images."""
    folder = cache() / f"test-{os.getpid()}"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


def fat(card: Card, partitions: list[dict[str, int | str]]) -> str:
    """The FAT partition, as mtools name it."""
    return f"{card.image}@@{int(partitions[0]['start']) * SECTOR}"


def test_there_are_three_partitions_and_data_is_the_last(
    partitions: list[dict[str, int | str]],
) -> None:
    assert [one["type"] for one in partitions] == ["c", "83", "83"]
    starts = [int(one["start"]) for one in partitions]
    assert [start % 8192 for start in starts] == [0, 0, 0], "aligned to 4 MiB"
    ends = [int(one["start"]) + int(one["size"]) for one in partitions]
    assert all(end <= start for end, start in zip(ends, starts[1:], strict=False))


def test_the_fat_holds_what_the_owner_reads(
    card: Card, partitions: list[dict[str, int | str]]
) -> None:
    place = fat(card, partitions)
    names = run("mdir", "-b", "-/", "-i", place, "::").split()
    assert "::/README.txt" in names
    assert {f"::/examples/{name}" for name in tree.EXAMPLES} <= set(names)
    readme = run("mtype", "-i", place, "::README.txt")
    for name in ("wifi.txt", "enroll.txt", "intercom.toml", "ssh"):
        assert f"\n  {name}" in readme
    assert "BOOT" in run("mlabel", "-s", "-i", place, "::")


def test_both_file_systems_are_whole_and_labelled(
    card: Card, partitions: list[dict[str, int | str]], scratch: Path
) -> None:
    for number, label, size in ((1, "root", 0), (2, "data", disk.DATA_MIB)):
        part = scratch / label
        run("dd", f"if={card.image}", f"of={part}", "bs=1M", "conv=sparse",
            "iflag=skip_bytes,count_bytes",
            f"skip={int(partitions[number]['start']) * SECTOR}",
            f"count={int(partitions[number]['size']) * SECTOR}")  # fmt: skip
        run("e2fsck", "-fn", part)
        header = run("dumpe2fs", "-h", part)
        assert f"Filesystem volume name:   {label}\n" in header
        assert ("has_journal" in header) == (label == "data")
        assert not size or f"Block count:              {size * 256}\n" in header


def test_it_is_told_of_with_its_sums_and_its_bill(card: Card) -> None:
    pairs = (line.split() for line in card.sums.read_text().splitlines())
    told = {name: hashed for hashed, name in pairs}
    assert told == {path.name: digest_of(path) for path in (card.image, card.manifest)}
    assert json.loads(card.sbom.read_text())["bomFormat"] == "CycloneDX"
    assert " /usr/lib/intercom/preinit\n" in card.manifest.read_text()


def test_the_tree_built_once_more_is_the_same(root: Path, debian: Flavour, scratch: Path) -> None:
    again = scratch / "root"
    tree.make(debian, again)
    assert manifest.differences(list(manifest.lines(root)), list(manifest.lines(again))) == []


def test_the_image_of_the_same_files_elsewhere_is_the_same_to_the_bit(
    card: Card, root: Path, debian: Flavour, scratch: Path
) -> None:
    moved = scratch / "moved"
    run("cp", "-a", root, moved)
    (scratch / "work").mkdir()
    disk.put_together(debian, moved, tree.boot_of(root), scratch / "card.img", scratch / "work")
    assert digest_of(scratch / "card.img") == digest_of(card.image)
