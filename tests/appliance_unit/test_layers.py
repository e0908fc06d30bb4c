"""Putting layers together on the disk shows what the kernel's own overlay shows of them."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from intercom.appliance.layers import is_opaque, is_whiteout, laid_over, make_opaque

LIST = """
import json, os, stat, sys
found = {}
for folder, folders, files in os.walk(sys.argv[1]):
    for name in folders + files:
        path = os.path.join(folder, name)
        mode = os.lstat(path).st_mode
        what = os.readlink(path) if stat.S_ISLNK(mode) else ""
        what = open(path).read() if stat.S_ISREG(mode) else what
        found[os.path.relpath(path, sys.argv[1])] = [mode, what]
print(json.dumps(found))
"""
# What package managers do, at random, in a few places.
CHANGE = """
import os, random, shutil, sys
choice = random.Random(int(sys.argv[2]))
for step in range(40):
    depth = choice.choice([1, 2, 2, 3])
    path = os.path.join(sys.argv[1], *(choice.choice("abc") for _ in range(depth)))
    try:
        what = choice.choice(["file", "file", "link", "folder", "folder", "remove", "mode", "move"])
        if what == "file":
            with open(path + ".new", "w") as file:
                file.write(str(choice.random()))
            os.rename(path + ".new", path)
        elif what == "link":
            os.symlink(choice.choice("abc"), path)
        elif what == "folder":
            os.makedirs(path)
        elif what == "remove":
            real = os.path.isdir(path) and not os.path.islink(path)
            shutil.rmtree(path) if real else os.unlink(path)
        elif what == "mode":
            os.chmod(path, choice.choice([0o700, 0o755]), follow_symlinks=os.path.isdir(path))
        else:
            os.rename(path, path[:-1] + choice.choice("abc"))
    except (OSError, NotImplementedError):
        pass
for folder, folders, files in os.walk(sys.argv[1]):
    for name in files:
        if name.endswith(".new"):
            os.unlink(os.path.join(folder, name))
"""
CAN = """
mount -t tmpfs none /mnt && cd /mnt && mkdir l u w m &&
mount -t overlay -o lowerdir=l,upperdir=u,workdir=w none m
"""


def overlays() -> bool:
    """Whether this machine can mount one."""
    done = subprocess.run(["unshare", "-m", "sh", "-c", CAN], capture_output=True, check=False)
    return os.geteuid() == 0 and done.returncode == 0


pytestmark = pytest.mark.skipif(not overlays(), reason="needs root, and overlayfs in the kernel")


def apart(options: str, script: str, *arguments: str) -> str:
    """What a script prints in a mount namespace of its own, with an overlay on /mnt."""
    shell = f'mount -t overlay -o "{options}" none /mnt && exec "$@"'
    words = ["unshare", "-m", "sh", "-ec", shell, "sh", sys.executable, "-c", script, "/mnt"]
    done = subprocess.run([*words, *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def seen(*layers: Path) -> dict[str, list[object]]:
    """What the kernel shows of layers, the uppermost first."""
    empty = layers[0].with_name("empty")
    empty.mkdir(exist_ok=True)
    found = json.loads(apart(f"lowerdir={':'.join(map(str, [*layers, empty]))}", LIST))
    assert isinstance(found, dict)
    return found


def changed(upper: Path, seed: int, *lowers: Path) -> Path:
    """The upper layer that random changes of what `lowers` show leave."""
    work = upper.with_name(f"{upper.name}-work")
    for folder in (upper, work):
        folder.mkdir()
    lower = ":".join(map(str, lowers))
    options = f"lowerdir={lower},upperdir={upper},workdir={work},redirect_dir=off,metacopy=off"
    apart(options, CHANGE, str(seed))
    return upper


@pytest.mark.parametrize("seed", range(20))
def test_what_is_seen_is_the_same(memory: Path, seed: int) -> None:
    nothing = memory / "nothing"
    nothing.mkdir()
    factory = changed(memory / "factory", seed * 10, nothing)
    tree = changed(memory / "tree", seed * 10 + 1, factory)
    for number in (2, 3):
        upper = changed(memory / f"upper-{number}", seed * 10 + number, tree, factory)
        expected = seen(upper, tree, factory)
        laid_over(upper, tree, factory)
        assert seen(tree, factory) == expected


def test_files_are_shared_and_marks_kept(memory: Path) -> None:
    old, new, factory = (memory / name for name in ("old", "new", "factory"))
    (old / "folder").mkdir(parents=True)
    (old / "folder/file").write_text("x")
    make_opaque(old / "folder")
    os.mknod(old / "gone", stat.S_IFCHR, os.makedev(0, 0))
    (factory / "folder").mkdir(parents=True)
    (factory / "gone").touch()
    new.mkdir()
    laid_over(old, new, factory)
    assert (old / "folder/file").stat().st_ino == (new / "folder/file").stat().st_ino
    assert is_opaque(new / "folder")
    assert is_whiteout(new / "gone")
    (new / "folder/file").unlink()
    assert (old / "folder/file").read_text() == "x"
