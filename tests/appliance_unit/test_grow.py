"""The data partition grows: its table as sfdisk reads it, its file system while it is in use."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intercom.appliance import mbr
from intercom.appliance.grow import GrowError, grow, write_table
from tests.vm.uml import Disk, Guest, unavailable

ROOT = Path(__file__).parents[2]
MIB = 2048  # sectors
LAYOUT = """\
label: dos
label-id: 0x1c0ffee1
start=2048, size=32768, type=c
start=34816, size=65536, type=83
start=100352, size={}, type=83
"""


def card(path: Path, mib: int, data: int = 65536) -> Path:
    """An image with the three partitions of a card, the last of so many sectors."""
    subprocess.run(["truncate", "-s", f"{mib}M", path], check=True)
    subprocess.run(["sfdisk", "-q", path], input=LAYOUT.format(data).encode(), check=True)
    return path


def table(path: Path) -> dict[str, Any]:
    """What sfdisk reads."""
    said = subprocess.run(["sfdisk", "-J", path], capture_output=True, check=True).stdout
    found = json.loads(said)["partitiontable"]
    assert isinstance(found, dict)
    return found


def test_the_table_is_as_sfdisk_makes_it(tmp_path: Path) -> None:
    image, other = (card(tmp_path / name, 256) for name in ("a", "b"))
    assert write_table(image, 3, 256 * MIB) == 256 * MIB - 100352
    subprocess.run(["sfdisk", "-q", "-N", "3", other], input=b",+\n", check=True)
    mine, its = table(image), table(other)
    for key in ("id", "label", "unit"):
        assert mine[key] == its[key]
    sizes = [
        [(one["start"], one["size"], one["type"]) for one in found["partitions"]]
        for found in (mine, its)
    ]
    assert sizes[0] == sizes[1]
    subprocess.run(["sfdisk", "--verify", "-q", image], check=True)


def test_again_is_nothing(tmp_path: Path) -> None:
    image = card(tmp_path / "a", 256)
    write_table(image, 3, 256 * MIB)
    before = image.read_bytes()
    assert write_table(image, 3, 256 * MIB) == 256 * MIB - 100352
    assert image.read_bytes() == before


def test_only_the_tables_sector_changes(tmp_path: Path) -> None:
    image = card(tmp_path / "a", 256)
    before = image.read_bytes()
    write_table(image, 3, 256 * MIB)
    after = image.read_bytes()
    assert before[512:] == after[512:]
    assert before[:446] == after[:446]
    assert sum(x != y for x, y in zip(before[:512], after[:512], strict=True)) <= 7


@pytest.mark.parametrize("number", [1, 2])
def test_a_partition_with_another_behind_it_stays(tmp_path: Path, number: int) -> None:
    image = card(tmp_path / "a", 256)
    before = image.read_bytes()
    with pytest.raises(GrowError, match="behind"):
        write_table(image, number, 256 * MIB)
    assert image.read_bytes() == before


def test_what_is_no_table_stays(tmp_path: Path) -> None:
    image = tmp_path / "a"
    image.write_bytes(bytes(4096))
    with pytest.raises(GrowError, match="no partition table"):
        write_table(image, 3, 8)


@settings(deadline=None)
@given(st.binary(min_size=512, max_size=512), st.integers(1, 4), st.integers(0, 2**33))
def test_any_sector_grows_or_is_refused(noise: bytes, number: int, disk: int) -> None:
    sector = noise[:510] + b"\x55\xaa"
    try:
        after = mbr.grown(sector, number, disk)
    except mbr.TableError:
        return
    was, now = mbr.read(sector, number), mbr.read(after, number)
    assert (now.start, now.kind) == (was.start, was.kind)
    assert now.length == max(was.length, min(disk - was.start, 2**32 - 1))
    assert [mbr.grown(after, number, disk)] == [after]


def test_a_folder_that_is_no_partition_stays(tmp_path: Path) -> None:
    with pytest.raises(GrowError):
        grow(tmp_path)


# A guest grows a card of its own: /dev/ubda3 of 32 MiB to what the disk has, while it is mounted.
INIT = """\
#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp
mount -t proc proc /proc; mount -t sysfs sysfs /sys
mountpoint -q /dev || mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /mnt && mkdir /mnt/data
e2fsck -p /dev/ubda3
mount -t ext4 /dev/ubda3 /mnt/data && echo "<<<before $(stat -f -c '%b' /mnt/data)"
cat /mnt/data/file
{python} -c '
from pathlib import Path
from intercom.appliance.grow import grow
grow(Path("/mnt/data"))
grow(Path("/mnt/data"))
'
echo "after $(stat -f -c '%b' /mnt/data) $(cat /sys/class/block/ubda3/size)"
cat /mnt/data/file; umount /mnt/data; e2fsck -fn /dev/ubda3 >/dev/null && echo "whole>>>"
exec python3 -c 'import ctypes; ctypes.CDLL(None).reboot(0x4321FEDC)'
"""


def lay(tmp_path: Path) -> Path:
    """A card whose data partition has a file, and an init for it."""
    image = card(tmp_path / "card", 512)
    content = tmp_path / "content"
    content.mkdir()
    (content / "file").write_text("kept\n")
    part = tmp_path / "part"
    subprocess.run(["truncate", "-s", "32M", part], check=True)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-L", "data", "-d", content, part], check=True)
    subprocess.run(
        ["dd", f"if={part}", f"of={image}", "bs=512", "seek=100352", "conv=notrunc", "status=none"],
        check=True,
    )
    init = tmp_path / "init"
    init.write_text(
        INIT.format(python=sys.executable).replace(
            "-c '\nfrom", f'-c \'\nimport sys; sys.path.insert(0, "{ROOT}")\nfrom'
        )
    )
    init.chmod(0o755)
    return image


in_a_guest = pytest.mark.skipif(bool(unavailable()), reason=unavailable())


@in_a_guest
@pytest.mark.slow
def test_it_grows_while_it_is_in_use(tmp_path: Path) -> None:
    image = lay(tmp_path)
    with Guest(init=tmp_path / "init", disks=[Disk(image)]) as guest:
        guest.wait(120)
        said = guest.console
    assert "kept" in said, said
    after = said.partition("after ")[2].split()
    assert int(after[1]) == 512 * MIB - 100352, said
    assert int(after[0]) * 1024 > 400 << 20, said
    assert "whole>>>" in said, said


@in_a_guest
@pytest.mark.slow
def test_power_cuts_while_it_grows(tmp_path: Path) -> None:
    image = lay(tmp_path)
    choice = random.Random(5)
    for _ in range(8):
        with Guest(init=tmp_path / "init", disks=[Disk(image)]) as guest:
            guest.wait_for("<<<before", 60)
            pause = choice.uniform(0, 1.5)
            subprocess.run(["sleep", f"{pause}"], check=True)
            guest.kill()
    with Guest(init=tmp_path / "init", disks=[Disk(image)]) as guest:
        guest.wait(120)
        assert "whole>>>" in guest.console
        assert guest.console.count("kept") == 2
