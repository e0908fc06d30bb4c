"""A factory root of a few programs of this machine, for a guest that boots it in a second.

/sbin/init is a script that says on the console, between marks, what `wanted` (sh) prints there.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from tests.vm.uml import Disk, Guest

LAYER = Path(__file__).parents[2] / "config/image/layer/files"
PROGRAMS = [
    "sh", "mount", "umount", "mountpoint", "mkdir", "cat", "cp", "mv", "rm", "ln", "sync", "date",
    "sleep", "tr", "wc", "grep", "readlink", "test", "chmod", "touch", "stat", "findmnt", "head",
    "dd", "ls", "e2fsck", "findfs", "blkid", "chroot", "pivot_root",
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
    init = tree / "usr/bin/init"
    init.write_text(INIT.format(wanted=wanted))
    init.chmod(0o755)
    disks = [] if disk is None else [Disk(disk)]
    with Guest(
        init="/usr/lib/intercom/preinit",
        tree=tree,
        disks=disks,
        memory="256M",
        arguments=arguments,
    ) as guest:
        guest.wait(60)
        said = guest.console
    assert "<<<begin" in said, said
    return said.partition("<<<begin\n")[2].partition("end>>>")[0]
