"""The runner of guests: what it starts, and what it refuses."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.vm.uml import Disk, Guest, cache, unavailable

REASON = unavailable()

boots = [pytest.mark.slow, pytest.mark.skipif(bool(REASON), reason=REASON)]


@pytest.mark.parametrize(
    ("disk", "argument"),
    [
        (Disk(Path("/a.img")), "ubd0=/a.img"),
        (Disk(Path("/a.img"), read_only=True), "ubd0r=/a.img"),
        (Disk(Path("/a.img"), over=Path("/b.cow")), "ubd0=/b.cow,/a.img"),
        (Disk(Path("/a.img"), sync=True), "ubd0s=/a.img"),
    ],
)
def test_a_disk_in_the_kernels_words(disk: Disk, argument: str) -> None:
    assert disk.argument(0) == argument


@pytest.mark.parametrize("tree", ["/", "/usr/.."])
def test_the_hosts_own_tree_is_not_written(tree: str) -> None:
    with pytest.raises(ValueError, match="own tree"):
        Guest(init="/sbin/init", tree=tree, rw=True)


def test_the_cache_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache() == tmp_path / "intercom"
    monkeypatch.setenv("INTERCOM_CACHE", str(tmp_path / "own"))
    assert cache() == tmp_path / "own"


def script(path: Path, text: str) -> Path:
    """A script for a guest, where it can read it."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


class TestBoots:
    """With a kernel."""

    pytestmark = boots

    def test_a_guest_reads_the_hosts_tree_and_cannot_write_there(self, tmp_path: Path) -> None:
        target = tmp_path / "written"
        init = script(tmp_path / "init", f"echo it boots; echo x >{target}; echo after; sleep 60")
        with Guest(init=init) as guest:
            guest.wait_for("after", 60)
            assert "it boots" in guest.console
        assert not target.exists()

    def test_a_guest_that_does_not_say_it_is_shown_with_what_it_said(self, tmp_path: Path) -> None:
        init = script(tmp_path / "init", "echo another word; sleep 60")
        with Guest(init=init) as guest:
            guest.wait_for("another", 60)
            with pytest.raises(TimeoutError, match="another word"):
                guest.wait_for("the word", 0.2)
            with pytest.raises(TimeoutError, match="still running"):
                guest.wait(0.2)

    def test_a_power_cut_leaves_what_was_synced(self, tmp_path: Path) -> None:
        image = tmp_path / "disk"
        with image.open("wb") as file:
            file.truncate(16 << 20)
        subprocess.run(["mkfs.ext4", "-q", image], check=True)
        init = script(
            tmp_path / "init",
            "mount -t tmpfs t /mnt; mkdir /mnt/disk; mount -t ext4 /dev/ubda /mnt/disk\n"
            "echo kept >/mnt/disk/kept; sync; echo synced\n"
            "while :; do echo lost >>/mnt/disk/lost; done",
        )
        with Guest(init=init, disks=[Disk(image)]) as guest:
            guest.wait_for("synced", 60)
            guest.kill()
            assert not guest.running
        subprocess.run(["e2fsck", "-fp", image], check=False, capture_output=True)
        kept = subprocess.run(
            ["debugfs", "-R", "cat kept", image], check=True, capture_output=True, text=True
        )
        assert kept.stdout == "kept\n"
