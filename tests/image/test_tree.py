"""The finished tree: users, units, mounts, and a program that runs in it."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from config.image.recipe import flavour, sbom, tree
from config.image.recipe.flavour import Flavour
from tests.image.conftest import Inside

pytestmark = pytest.mark.slow

SYSTEM = "etc/systemd/system"
STARTED = (
    "intercom.service", "intercom-firstboot.service", "intercom-update.timer",
    "intercom-wifi.timer", "ssh.service", "NetworkManager.service", "avahi-daemon.service",
    "systemd-timesyncd.service",
)  # fmt: skip
NEVER = (
    "apt-daily.timer", "apt-daily-upgrade.timer", "fstrim.timer", "dpkg-db-backup.timer",
    "getty@tty1.service",
)  # fmt: skip


def test_the_program_runs_in_it(inside: Inside) -> None:
    done = inside("/opt/intercom/venv/bin/intercom", "--version")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"intercom, version \S+\n", done.stdout)


def test_everything_it_imports_is_there(inside: Inside) -> None:
    modules = (
        "aiortc, av, cryptography, gpiozero, msgspec, numpy, pyaudio, pygame, sdnotify, uvloop"
    )
    code = f"import {modules}, intercom.station.app, intercom.hub.server; print(numpy.__file__)"
    done = inside("/opt/intercom/venv/bin/python", "-c", code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("/usr/lib/python3/dist-packages/numpy/__init__.py")


def test_no_requirement_of_python_is_missing(inside: Inside) -> None:
    code = """
import importlib.metadata as m, re
for d in m.distributions(path=[p for p in __import__("sys").path if "/opt/" in p]):
    for text in d.requires or []:
        name, _, marker = text.partition(";")
        if "extra" in marker or "python_version" in marker or "platform" in marker:
            continue
        name = re.match(r"[A-Za-z0-9._-]+", name)[0]
        if name != "setuptools":
            m.version(name)
"""
    done = inside("/opt/intercom/venv/bin/python", "-c", code)
    assert done.returncode == 0, done.stderr


def test_its_bytecode_is_there_and_fits(inside: Inside) -> None:
    code = """
import importlib.util as u, pathlib, sys
stale = []
for top in ("/usr/lib/python3.13", "/opt/intercom/releases"):
    for path in pathlib.Path(top).rglob("*.py"):
        made = pathlib.Path(u.cache_from_source(str(path)))
        if path.is_symlink():
            continue
        if not made.exists():
            stale.append(str(path))
        elif int.from_bytes(made.read_bytes()[8:12], "little") != int(path.stat().st_mtime):
            stale.append(str(path))
print(len(stale), stale[:5])
"""
    done = inside("/usr/bin/python3", "-c", code)
    assert done.stdout.startswith("0 "), done.stdout + done.stderr


def test_sudo_finds_it(inside: Inside) -> None:
    done = inside("sudo", "intercom", "--version")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("intercom, version ")


def test_its_udev_understands_our_rules(inside: Inside) -> None:
    done = inside("udevadm", "verify", "/usr/lib/udev/rules.d/60-intercom.rules")
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_knows_the_time_zones(inside: Inside) -> None:
    noon = 'TZ="Europe/Berlin" 2026-07-01 14:00'
    assert inside("date", f"--date={noon}", "-u", "+%H").stdout == "12\n"


def test_nobody_can_log_in_with_a_password(root: Path) -> None:
    shadow = [line.split(":") for line in (root / "etc/shadow").read_text().splitlines()]
    assert {one[1][0] for one in shadow} <= {"!", "*"}
    assert not list((root / "etc/ssh").glob("ssh_host_*")), "keys are each card's own"
    assert (root / "etc/machine-id").read_text() == ""


def test_the_station_has_its_user_in_exactly_its_groups(root: Path) -> None:
    users = {
        line.split(":")[0]: line.split(":")
        for line in (root / "etc/passwd").read_text().splitlines()
    }
    assert users["intercom"][5:] == ["/var/lib/intercom", "/usr/sbin/nologin"]
    assert int(users["intercom"][2]) < 1000
    lines = [line.split(":") for line in (root / "etc/group").read_text().splitlines()]
    member = {line[0] for line in lines if "intercom" in line[3].split(",")}
    assert member == {"video", "render", "input", "audio", "gpio"}
    people = [name for name, one in users.items() if 1000 <= int(one[2]) < 60000]
    assert people == []


def test_only_the_boot_partition_is_in_fstab(root: Path) -> None:
    lines = (root / "etc/fstab").read_text().splitlines()
    fields = [line.split() for line in lines if line and not line.startswith("#")]
    assert [one[:3] for one in fields] == [["/run/intercom-boot/boot", "/boot/firmware", "vfat"]]


def test_what_starts_by_itself_and_what_never_does(root: Path, inside: Inside) -> None:
    def state(unit: str) -> str:
        return inside("systemctl", "is-enabled", unit).stdout.strip()

    for unit in STARTED:
        assert state(unit) == "enabled", unit
    for unit in NEVER:
        assert state(unit) == "masked", unit
    # It runs only where the owner has put settings of a hub.
    assert state("intercom-hub.service") == "enabled"
    hub = (root / SYSTEM / "intercom-hub.service").read_text()
    assert "ConditionPathExists=/etc/intercom/hub.toml" in hub
    assert state("NetworkManager-wait-online.service") == "disabled"


def test_systemd_of_the_tree_understands_our_units(root: Path, inside: Inside) -> None:
    units = sorted(path.name for path in (root / SYSTEM).glob("intercom*.*") if path.is_file())
    named = [unit.replace("@.", "@x.") for unit in units]
    assert "intercom.service" in named
    done = inside("systemd-analyze", "verify", "--man=no", "--recursive-errors=yes", *named)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_layers_files_are_there_with_their_modes(root: Path) -> None:
    for part in ("files", "program"):
        layer = tree.LAYER / part
        for source in layer.rglob("*"):
            if source.is_file() and not source.is_symlink():
                laid = root / source.relative_to(layer)
                assert laid.read_bytes() == source.read_bytes()
                assert os.access(laid, os.X_OK) == os.access(source, os.X_OK), laid
    assert (root / "data").is_dir()
    assert not any((root / "boot/firmware").iterdir())


def test_nothing_is_setuid_but_what_must_be(root: Path) -> None:
    found = {
        str(path.relative_to(root))
        for path in (root / "usr").rglob("*")
        if path.is_file() and not path.is_symlink() and path.stat().st_mode & stat.S_ISUID
    }
    assert found <= {
        "usr/bin/chfn", "usr/bin/chsh", "usr/bin/gpasswd", "usr/bin/mount", "usr/bin/newgrp",
        "usr/bin/passwd", "usr/bin/su", "usr/bin/umount", "usr/lib/openssh/ssh-keysign",
        "usr/lib/dbus-1.0/dbus-daemon-launch-helper", "usr/lib/polkit-1/polkit-agent-helper-1",
        "usr/bin/pkexec", "usr/bin/sudo", "usr/bin/ntfs-3g", "usr/bin/fusermount3",
    }  # fmt: skip


def test_nothing_is_younger_than_the_epoch(root: Path, debian: Flavour) -> None:
    assert [path for path in root.rglob("*") if path.lstat().st_mtime > debian.epoch] == []


def test_no_link_leads_out_of_it_and_no_file_names_the_place_where_it_was_built(root: Path) -> None:
    place = str(flavour.cache())
    links = [
        path for path in root.rglob("*") if path.is_symlink() and place in str(path.readlink())
    ]
    assert links == []
    done = subprocess.run(["grep", "-rlFs", place, root / "etc", root / "opt", root / "usr/lib"],
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.stdout == ""


def test_certificates_can_be_checked(root: Path, inside: Inside) -> None:
    code = "import ssl; print(len(ssl.create_default_context().get_ca_certs()))"
    assert int(inside("/usr/bin/python3", "-c", code).stdout) > 100


def test_its_bill_lists_every_package_and_obeys_the_schema(root: Path, debian: Flavour) -> None:
    bill = (root / sbom.PLACE).read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill) is None
    purls = [component["purl"] for component in json.loads(bill)["components"]]
    status = (root / "var/lib/dpkg/status").read_text()
    assert sum(purl.startswith("pkg:deb/") for purl in purls) == status.count("ok installed\n")
    named = {purl.split("@")[0].removeprefix("pkg:deb/debian/") for purl in purls}
    assert set(debian.packages) <= named
    assert "pkg:pypi/aiortc" in {purl.split("@")[0] for purl in purls}
