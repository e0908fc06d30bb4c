"""The layer, laid over a tree that has nothing but units and users."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from config.image.recipe import manifest
from config.image.recipe.flavour import IMAGE

APPLY = IMAGE / "layer" / "apply"
UNITS = IMAGE.parents[1] / "systemd"
CARDS_ONLY = {"intercom-firstboot.service", "intercom-wifi.service", "intercom-wifi.timer"}
OTHERS = ("NetworkManager", "ssh", "avahi-daemon", "systemd-timesyncd", "apt-daily")

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("systemd-sysusers"),
    reason="users are made by root, with systemd-sysusers (apt: systemd)",
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with accounts, and units of the packages that the layer turns on or off."""
    files = {
        "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
        "etc/group": "root:x:0:\nvideo:x:44:\naudio:x:29:\ninput:x:995:\n",
    }
    for name in OTHERS:
        suffix = "timer" if name == "apt-daily" else "service"
        files[f"usr/lib/systemd/system/{name}.{suffix}"] = (
            "[Unit]\nDescription=x\n[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"
        )
    for name, text in files.items():
        (tmp_path / "root" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "root" / name).write_text(text)
    return tmp_path / "root"


def apply(root: Path, *options: str, record: Path | None = None) -> None:
    """Runs the layer; fails with its words."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1793491200"}
    if record:
        environment["RECORD"] = str(record)
    done = subprocess.run([APPLY, root, *options], env=environment, capture_output=True, text=True,
                          check=False, timeout=60)  # fmt: skip
    assert done.returncode == 0, done.stderr


def wanted(root: Path) -> set[str]:
    """The units that start by themselves."""
    return {path.name for path in (root / "etc/systemd/system").glob("*.wants/*")}


def test_a_running_system_gets_user_groups_and_units_and_nothing_of_a_card(root: Path) -> None:
    apply(root)
    users = (root / "etc/passwd").read_text()
    assert "\nintercom:x:" in users
    assert users.rstrip().endswith("/var/lib/intercom:/usr/sbin/nologin")
    groups = dict(line.split(":")[::3] for line in (root / "etc/group").read_text().splitlines())
    for name in ("video", "render", "input", "audio", "gpio"):
        assert groups[name] == "intercom", name
    assert {"intercom.service", "intercom-update.timer"} <= wanted(root)
    laid = {path.name for path in (root / "etc/systemd/system").iterdir()}
    assert laid & CARDS_ONLY == set()
    assert not (root / "usr/lib/intercom/preinit").exists()
    assert not (root / "etc/fstab").exists()


def test_a_card_gets_the_rest(root: Path) -> None:
    apply(root, "--appliance")
    laid = {path.name for path in (root / "etc/systemd/system").iterdir()}
    assert {path.name for path in UNITS.iterdir()} <= laid
    enabled = {"intercom-firstboot.service", "intercom-wifi.timer", "NetworkManager.service"}
    assert enabled <= wanted(root)
    assert os.access(root / "usr/lib/intercom/preinit", os.X_OK)
    assert (root / "etc/systemd/system/apt-daily.timer").readlink() == Path("/dev/null")
    assert (root / "data").is_dir()
    fields = [line.split() for line in (root / "etc/fstab").read_text().splitlines()
              if not line.startswith("#")]  # fmt: skip
    assert [one[:2] for one in fields] == [["/run/intercom-boot/boot", "/boot/firmware"]]
    assert {"ro", "nofail"} <= set(fields[0][3].split(","))
    assert fields[0][5] == "0", "preinit checks it: systemd's own check would wait for a device"
    hosts = (root / "etc/hosts").read_text().split()
    assert {"localhost", "intercom"} <= set(hosts), "sudo looks the machine's own name up"
    network = ConfigParser()
    network.read(root / "etc/NetworkManager/conf.d/intercom.conf")
    assert network["main"]["autoconnect-retries-default"] == "0", "a cable is tried for ever"


@pytest.mark.parametrize("option", ["", "--appliance"])
def test_a_second_time_changes_nothing(root: Path, option: str) -> None:
    options = [option] if option else []
    apply(root, *options)
    before = {line for line in manifest.lines(root) if line.startswith("file")}
    apply(root, *options)
    after = {line for line in manifest.lines(root) if line.startswith("file")}
    assert sorted(before ^ after) == []


def test_what_was_laid_down_is_recorded(root: Path, tmp_path: Path) -> None:
    record = tmp_path / "record"
    apply(root, record=record)
    laid = record.read_text().splitlines()
    assert "/etc/systemd/system/intercom.service" in laid
    assert [path for path in laid if not os.path.lexists(root / path.lstrip("/"))] == []
    assert "/usr/local/bin/intercom" in laid
    assert len(laid) == len(set(laid))


@pytest.mark.parametrize("option", ["", "--appliance"])
def test_sudo_finds_the_program(root: Path, option: str) -> None:
    apply(root, *([option] if option else []))
    link = root / "usr/local/bin/intercom"  # in secure_path of sudoers(5)
    program = dict(re.findall(r"^(Exec\w+)=(\S+)", (UNITS / "intercom.service").read_text(), re.M))
    assert str(link.readlink()) == program["ExecStart"]


@pytest.mark.parametrize(
    ("board", "found"),
    [
        (b"raspberrypi,5-model-b\0brcm,bcm2712\0", 0),
        (b"raspberrypi,4-model-b\0brcm,bcm2711\0", 1),
        (b"other,brcm,bcm2712-like\0", 1),
    ],
)
def test_a_pi_5_has_its_picture_buffers_of_any_memory(
    tmp_path: Path, board: bytes, found: int
) -> None:
    rules = (APPLY.parent / "program/usr/lib/udev/rules.d/60-intercom.rules").read_text()
    found_rules = re.finditer(r'^.*KERNEL=="(system|linux,cma)".*$', rules, re.M)
    heaps = {match[1]: match[0] for match in found_rules}
    assert all('SYMLINK+="dma_heap/vidbuf_cached"' in rule for rule in heaps.values())
    assert 'OPTIONS+="link_priority=-50"' in heaps["linux,cma"], "the system's heap comes first"
    (program,) = re.findall(r'PROGRAM=="(.*?)"', heaps["system"])
    (tmp_path / "compatible").write_bytes(board)
    *command, place = program.split()
    assert place == "/proc/device-tree/compatible"
    assert subprocess.run([*command, tmp_path / "compatible"], check=False).returncode == found


def test_an_unknown_option_is_refused(root: Path) -> None:
    done = subprocess.run([APPLY, root, "--card"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--card" in done.stderr
