"""A factory root of a few programs of this machine, for a guest that boots it in a second.

/sbin/init is a script that says on the console, between marks, what `wanted` (sh) prints there.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.vm.uml import Disk, Guest

LAYER = Path(__file__).parents[2] / "config/image/layer/files"
PROGRAMS = [
    "sh", "mount", "umount", "mountpoint", "mkdir", "cat", "cp", "mv", "rm", "ln", "sync", "date",
    "sleep", "tr", "wc", "grep", "readlink", "test", "chmod", "touch", "stat", "findmnt", "head",
    "dd", "ls", "e2fsck", "findfs", "blkid", "chroot", "pivot_root", "fsck.vfat",
]  # fmt: skip
INIT = """\
#!/bin/sh
PATH=/usr/sbin:/usr/bin
mountpoint -q /proc || mount -t proc proc /proc
echo "<<<begin"
{wanted}
echo "end>>>"
exec poweroff-now
"""
# RB_POWER_OFF; the kernel of a guest has no magic SysRq.
MIB = 1 << 20
FAT16_STATE = 37
"""Where a FAT of 16 bits says that it was not closed in order."""
POWEROFF = "#include <sys/reboot.h>\nint main(void) { reboot(0x4321FEDC); return 1; }\n"


def make(tree: Path) -> Path:
    """The tree, without `init`'s wishes yet."""
    for name in ("proc", "sys", "dev", "run", "mnt", "data", "etc/intercom", "var/lib/intercom",
                 "usr/bin", "usr/lib/systemd", "etc/NetworkManager", "etc/ssh"):  # fmt: skip
        (tree / name).mkdir(parents=True)
    for name in ("bin", "sbin"):
        (tree / name).symlink_to(f"usr/{name}")
    (tree / "usr/sbin").symlink_to("bin")
    for folder in ("lib", "lib64"):
        (tree / folder).symlink_to(f"usr/{folder}")
        (tree / "usr" / folder).mkdir(exist_ok=True)
    for program in PROGRAMS:
        found = shutil.which("dash" if program == "sh" else program)
        assert found is not None, program
        _install(Path(found), tree / "usr/bin" / program, tree)
    source = tree / "poweroff.c"
    source.write_text(POWEROFF)
    subprocess.run(
        ["gcc", "-o", tree / "usr/bin/poweroff-now", source], check=True, capture_output=True
    )
    _libraries(tree / "usr/bin/poweroff-now", tree)
    shutil.copytree(LAYER / "usr/lib/intercom", tree / "usr/lib/intercom")
    (tree / "usr/lib/systemd/systemd-timesyncd").touch()
    (tree / "etc/intercom/shipped.toml").write_text("# of the factory\n")
    (tree / "file").write_text("factory\n")
    return tree


def _install(program: Path, to: Path, tree: Path) -> None:
    shutil.copy(program, to)
    _libraries(program, tree)


def _libraries(program: Path, tree: Path) -> None:
    said = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    for found in re.findall(r"(/\S+) \(0x", said):
        path = Path(found)
        folder = "lib64" if "ld-linux" in path.name else "lib"
        target = tree / "usr" / folder / path.name
        if not target.exists():
            shutil.copy(path.resolve(), target)


def boot(tree: Path, wanted: str, disk: Path | None, *arguments: str) -> str:
    """Boot the tree by preinit, with a data partition or without; what `wanted` printed."""
    wish(tree, wanted)
    return run([] if disk is None else [disk], *arguments, tree=tree)


def wish(tree: Path, wanted: str) -> None:
    """Have the next boots print that."""
    init = tree / "usr/bin/init"
    init.write_text(INIT.format(wanted=wanted))
    init.chmod(0o755)


def run(disks: Sequence[Path], *arguments: str, tree: Path = Path("/"), root: str = "") -> str:
    """Boot a tree, or what is on the partition `root`, by preinit; what was printed."""
    with Guest(
        init="/usr/lib/intercom/preinit",
        tree=tree,
        root=root,
        disks=[Disk(disk) for disk in disks],
        memory="256M",
        arguments=arguments,
    ) as guest:
        guest.wait(60)
        said = guest.console
    assert "<<<begin" in said, said
    return said.partition("<<<begin\n")[2].partition("end>>>")[0]


def fat(image: Path, whose: str) -> None:
    """A file system labelled BOOT with a file `whose`, as a cut leaves it: not closed in order."""
    subprocess.run(["truncate", "-s", "16M", image], check=True)
    subprocess.run(["mkfs.vfat", "-n", "BOOT", image], check=True, capture_output=True)
    text = f"{whose}\n".encode()
    subprocess.run(["mcopy", "-i", image, "-", "::whose"], input=text, check=True)
    with image.open("r+b") as file:
        file.seek(FAT16_STATE)
        file.write(b"\x01")


def card(image: Path, tree: Path, whose: str) -> None:
    """A disk as a card's: BOOT (without a file system or a partition, if nobody's), root, data."""
    parts = [image.with_name(name) for name in ("boot.img", "root.img", "data.img")]
    fat(parts[0], whose)
    for path, size, more in ((parts[1], "96M", ["-d", tree]), (parts[2], "16M", [])):
        subprocess.run(["truncate", "-s", size, path], check=True)
        command = ["mke2fs", "-q", "-t", "ext4", *map(str, more), str(path)]
        subprocess.run(command, check=True, capture_output=True)
    table, start = list[str](), MIB
    for number, path in enumerate(parts, 1):
        length = path.stat().st_size
        if number > 1 or whose:
            table.append(f"{image}{number} : start={start // 512}, size={length // 512}")
            with image.open("r+b" if image.exists() else "wb") as file:
                file.seek(start)
                file.write(path.read_bytes())
        start += length
    subprocess.run(["sfdisk", "-q", image], input="\n".join(table).encode(), check=True)
