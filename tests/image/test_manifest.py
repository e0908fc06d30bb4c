"""The manifest: one line for each file, and a hash that sees every change."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from config.image.recipe import manifest


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small tree with each kind of file."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/name").write_text("intercom\n")
    (tmp_path / "etc/link").symlink_to("name")
    os.mkfifo(tmp_path / "etc/pipe")
    for path in (*sorted((tmp_path / "etc").iterdir()), tmp_path / "etc"):
        os.utime(path, (1000, 1000), follow_symlinks=False)
    (tmp_path / "etc/name").chmod(0o640)
    return tmp_path


def test_each_file_has_a_line(root: Path) -> None:
    owner = f"{os.getuid()}:{os.getgid()}"
    lines = [line.replace(owner, "0:0") for line in manifest.lines(root)]
    assert [line.split(" ")[0] for line in lines] == ["folder", "link", "file", "pipe"]
    assert lines[1] == "link 0777 0:0 1000 ->name /etc/link"
    assert lines[2].startswith("file 0640 0:0 1000 ")
    assert lines[2].endswith(" /etc/name")


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "etc/name").write_text("other\n"),
        lambda root: (root / "etc/name").chmod(0o644),
        lambda root: os.utime(root / "etc/name", (1001, 1001)),
        lambda root: (root / "etc/pipe").unlink(),
        lambda root: (root / "etc/name").rename(root / "etc/more"),
    ],
)
def test_the_hash_sees_every_change(root: Path, change: Callable[[Path], object]) -> None:
    before = list(manifest.lines(root))
    assert manifest.hash_of(before) == manifest.hash_of(list(manifest.lines(root)))
    change(root)
    after = list(manifest.lines(root))
    assert manifest.hash_of(before) != manifest.hash_of(after)
    assert manifest.differences(before, after)


def test_differences_are_sorted_by_name() -> None:
    one, other = ["file a /x", "file b /a"], ["file a /x", "file c /a", "file d /z"]
    assert manifest.differences(one, other) == ["+ file c /a", "- file b /a", "+ file d /z"]
