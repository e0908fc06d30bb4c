"""Debian's security updates for real: apt and dpkg in an overlay of the appliance's own tree, with
a package source of these tests in place of Debian's."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from intercom.appliance import layers
from intercom.appliance.card_system import CardSystem
from intercom.appliance.disk import Disk
from intercom.appliance.places import Places
from tests.appliance.card import CardError, tree
from tests.appliance_unit.test_layers import apart, overlays

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not overlays(), reason="needs root, and overlayfs in the kernel"),
]
ROOT = Path(__file__).parents[2]
UPGRADE = """
import logging, sys
from pathlib import Path
from intercom.appliance.disk import Disk
from intercom.appliance.places import Places
from intercom.appliance.system_update import upgrade
logging.basicConfig(level=logging.DEBUG)
print("said:", upgrade(Places(Path(sys.argv[1])), Disk(), ()))
"""
# As the unit has it.
KEPT = "sys_admin,+sys_chroot,+chown,+dac_override,+fowner,+fsetid,+setfcap"
RIGHTS = ["setpriv", "--bounding-set", f"-all,+{KEPT}", "--no-new-privs"]
POSTINST = (
    "#!/bin/sh\necho configured >/etc/probe\nrm /etc/probe-old\nmkdir /var/probe\n"
    "cp /etc/resolv.conf /etc/probe-names\nmkdir -p /boot/firmware\n"
    "echo new >/boot/firmware/kernel8.img\nupdate-initramfs -u || exit 1\nexit {code}\n"
)
# What would take minutes, and fill the card; it is there, but nobody calls it.
INITRAMFS = "#!/bin/sh\necho made >/etc/probe-initramfs\necho x >/boot/initrd.img\nexit 1\n"


def package(folder: Path, name: str, version: str, code: int = 0) -> Path:
    """A Debian package with a script that runs when it is installed."""
    content = folder / "content" / name
    (content / "DEBIAN").mkdir(parents=True)
    control = (
        f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: x\nDescription: x\n"
    )
    (content / "DEBIAN/control").write_text(control)
    (content / "DEBIAN/postinst").write_text(POSTINST.format(code=code))
    (content / "DEBIAN/postinst").chmod(0o755)
    (content / "usr/share").mkdir(parents=True)
    (content / f"usr/share/{name}").write_text(version)
    made = folder / f"{name}.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-b", content, made], check=True, capture_output=True
    )
    return made


def source(folder: Path, label: str, suite: str, packages: list[Path]) -> None:
    """A flat source of packages, as `deb file:/folder ./` reads it."""
    folder.mkdir(parents=True)
    listed = ""
    for path in packages:
        control = subprocess.run(
            ["dpkg-deb", "-f", path], capture_output=True, text=True, check=True
        )
        data = path.read_bytes()
        (folder / path.name).write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        listed += (
            f"{control.stdout}Filename: ./{path.name}\nSize: {len(data)}\nSHA256: {digest}\n\n"
        )
    (folder / "Packages").write_text(listed)
    digest = hashlib.sha256(listed.encode()).hexdigest()
    (folder / "Release").write_text(
        f"Origin: Debian\nLabel: {label}\nSuite: {suite}\nVersion: 13\n"
        f"Date: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n {digest} {len(listed)} Packages\n"
    )


def machine(root: Path, packages: list[Path], plain: list[Path]) -> Places:
    """A card whose factory is the appliance's own tree, and whose first generation has old
    versions of the packages, and these sources."""
    places = Places(root)
    for folder in (places.system, places.booted):
        folder.mkdir(parents=True)
    told = {"generation": 1, "trial": False, "data_state": "clean"}
    (places.booted / "preinit.json").write_text(json.dumps(told))
    try:
        factory = tree()
    except CardError as error:
        pytest.skip(f"the appliance's tree cannot be made here: {error}")
    (places.booted / "factory").symlink_to(factory)

    def fill(new: Path) -> None:
        apt = new / "etc/apt"
        (apt / "sources.list.d").mkdir(parents=True)
        layers.make_opaque(apt / "sources.list.d")
        lines = [f"deb [trusted=yes] file:/srv/{name} ./" for name in ("security", "plain")]
        (apt / "sources.list").write_text("\n".join(lines) + "\n")
        source(new / "srv/security", "Debian-Security", "stable-security", packages)
        source(new / "srv/plain", "Debian", "stable-updates", plain)
        (new / "etc/probe-old").touch()
        (new / "usr/sbin").mkdir(parents=True)
        (new / "usr/sbin/update-initramfs").write_text(INITRAMFS)
        (new / "usr/sbin/update-initramfs").chmod(0o755)
        status = (factory / "var/lib/dpkg/status").read_text()
        info = new / "var/lib/dpkg/info"
        info.mkdir(parents=True)
        for path in (*packages, *plain):
            status += f"\nPackage: {path.stem}\nStatus: install ok installed\nMaintainer: x\n"
            status += "Architecture: all\nVersion: 1.0\nDescription: x\n"
            (info / f"{path.stem}.list").write_text("/.\n")
        (new / "var/lib/dpkg/status").write_text(status)

    system = CardSystem(places, Disk())
    system.make(fill, {"version": "0.1.0"}, was_ready=())
    system.confirm()
    return places


def runs(places: Places, number: int) -> None:
    """Have it be that generation which was booted."""
    path = places.booted / "preinit.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"generation": number}))


def upgraded(places: Places) -> subprocess.CompletedProcess[str]:
    """A run of the update, in a mount namespace of its own."""
    words = [
        *RIGHTS,
        "unshare",
        "--mount",
        "--propagation",
        "private",
        sys.executable,
        "-c",
        UPGRADE,
        str(places.root),
    ]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)


LOOK = """
import os, sys
for name in ("etc/probe", "usr/share/probe", "usr/share/plain", "usr/share/linux-image-x"):
    path = os.path.join(sys.argv[1], name)
    print(open(path).read().strip() if os.path.exists(path) else "-")
print(os.path.exists(sys.argv[1] + "/etc/probe-old"), os.listdir(sys.argv[1] + "/var/probe"))
"""


def test_security_updates_become_a_generation(tmp_path: Path) -> None:
    new = [package(tmp_path, name, "1.1") for name in ("probe", "linux-image-x")]
    places = machine(tmp_path / "card", new, [package(tmp_path, "plain", "1.1")])
    mounts = Path("/proc/self/mountinfo").read_text()
    done = upgraded(places)
    assert "said: generation 2 is tried at the next boot; 1 packages are newer" in done.stdout, done
    assert "held, since they are part of the card: linux-image-x" in done.stderr
    lowers = [str(places.system / "generations/2/tree"), str((places.booted / "factory").resolve())]
    seen = apart(f"lowerdir={':'.join(lowers)}", LOOK).splitlines()
    assert seen == ["configured", "1.1", "-", "-", "False []"]
    system = CardSystem(places, Disk())
    assert system.about(2)["packages"] == ["probe 1.1"]
    assert system.store.state().trial == 2
    assert Path("/proc/self/mountinfo").read_text() == mounts, "nothing of it is mounted outside"
    generation = places.system / "generations/2/tree"
    assert (generation / "etc/probe-names").read_text() == Path("/etc/resolv.conf").read_text()
    assert (generation / "usr/sbin/update-initramfs").read_text() == INITRAMFS
    for left in (
        "run",
        "tmp",
        "boot",
        "etc/probe-initramfs",
        "var/log",
        "var/cache",
        "usr/sbin/policy-rc.d",
        "etc/resolv.conf",
    ):
        assert not os.path.lexists(generation / left), left
    assert not (places.system / "apt/build").exists()

    system.confirm()
    runs(places, 2)
    assert "said: \n" in upgraded(places).stdout, "the second time there is nothing to do"


def test_what_was_not_healthy_is_not_tried_again(tmp_path: Path) -> None:
    places = machine(tmp_path / "card", [package(tmp_path, "probe", "1.1")], [])
    assert "generation 2 is tried" in upgraded(places).stdout
    CardSystem(places, Disk()).roll_back("sick")
    again = upgraded(places)
    assert "said: \n" in again.stdout
    assert "not tried again, since the system was not healthy with them: probe 1.1" in again.stderr
    assert CardSystem(places, Disk()).store.present() == {1, 2}
    assert not (places.system / "generations/2/tree").exists(), "it takes no room"
    assert not (places.system / "apt/build").exists()
    (tmp_path / "newer").mkdir()
    newer = [package(tmp_path / "newer", "probe", "1.2")]
    shutil.rmtree(places.system / "generations/1/tree/srv/security")
    source(places.system / "generations/1/tree/srv/security", "Debian-Security",
           "stable-security", newer)  # fmt: skip
    assert "generation 3 is tried" in upgraded(places).stdout


def test_a_package_that_fails_changes_nothing(tmp_path: Path) -> None:
    places = machine(tmp_path / "card", [package(tmp_path, "probe", "1.1", code=1)], [])
    done = upgraded(places)
    assert done.returncode != 0
    assert "ProgramError" in done.stderr
    system = CardSystem(places, Disk())
    assert (system.store.present(), system.store.state().trial) == ({1}, 0)
    assert (system.store.folder(1) / "tree/etc/probe-old").exists()
    assert not (places.system / "apt/build").exists(), "it takes no room until the next night"
    assert not (places.system / "apt/archives").exists()
