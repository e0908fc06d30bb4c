"""What is taken out of a tree so that two builds are alike."""

from __future__ import annotations

import os
from pathlib import Path

from config.image.recipe.tidy import clamp, tidy

EPOCH = 1_793_491_200


def test_what_a_system_makes_itself_is_gone_and_the_rest_stays(tmp_path: Path) -> None:
    gone = [
        "etc/ssh/ssh_host_ed25519_key", "etc/passwd-", "var/log/dpkg.log", "var/log/apt/term.log",
        "var/cache/ldconfig/aux-cache", "var/lib/apt/lists/x_Release", "var/lib/dpkg/status-old",
        "root/.cache/pip/x", "tmp/left",
    ]  # fmt: skip
    kept = ["etc/passwd", "etc/ssh/sshd_config", "var/lib/dpkg/status", "usr/bin/x"]
    for name in (*gone, *kept):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    tidy(tmp_path, EPOCH)
    assert [name for name in gone if (tmp_path / name).exists()] == []
    assert [name for name in kept if not (tmp_path / name).exists()] == []
    assert (tmp_path / "var/log").is_dir()
    assert (tmp_path / "etc/machine-id").read_text() == ""
    assert (tmp_path / "etc/hostname").read_text() == "intercom\n"


def test_nothing_is_younger_than_the_epoch_and_older_things_keep_their_time(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/old").write_text("")
    os.utime(tmp_path / "folder/old", (1000, 1000))
    (tmp_path / "folder/link").symlink_to("nowhere")
    clamp(tmp_path, EPOCH)
    times = {path.name: int(path.lstat().st_mtime) for path in (tmp_path / "folder").iterdir()}
    assert times == {"old": 1000, "link": EPOCH}
    assert int((tmp_path / "folder").stat().st_mtime) == EPOCH
    assert int(tmp_path.stat().st_mtime) == EPOCH
