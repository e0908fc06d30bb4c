"""Clock, power, heat, card, rights, versions and network, on trees of a Pi 4 and a Pi 5."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hw.thermal import SOFT_LIMIT, THROTTLED, UNDER_VOLTAGE, Heat
from intercom.doctor import (
    card,
    judge_card,
    judge_machine,
    judge_network,
    judge_panel,
    judge_service,
    machine,
    network,
    service,
    versions,
)
from intercom.doctor.judge_network import Interface
from intercom.doctor.patient import Patient
from intercom.doctor.results import Result
from tests.doctor.patients import only, patient
from tests.doctor.trees import EXT4, PI4, PI5, ROUTE, TOUCH, WIRELESS, plant

PI_4 = "Raspberry Pi 4 Model B Rev 1.5"
NOW = judge_machine.EARLIEST + 300 * 86400


def pi(folder: Path, tree: Any, changes: Any = None, **files: Any) -> Patient:
    """A Pi with a clock that is right."""
    root = plant(folder / "root", tree, **files)
    return patient(folder, root=root, clock=lambda: NOW, changes=changes or {})


Run = Callable[[Patient], Iterable[Result]]


@pytest.mark.parametrize("tree", [PI4, PI5], ids=["4", "5"])
def test_what_is_not_well_has_a_remedy(tmp_path: Path, tree: dict[str, str]) -> None:
    it = pi(tmp_path, tree)
    for check in (machine.check_power, machine.check_heat, card.check, versions.check,
                  service.check_rights, service.check_station, network.check):  # fmt: skip
        run: Run = check
        for result in run(it):
            assert result.text
            assert result.remedy or result.verdict in {"ok", "skipped"}, result


def test_a_pi_4_in_good_health(tmp_path: Path) -> None:
    it = pi(tmp_path, PI4)
    assert only(machine.check_power(it)).verdict == "ok"
    heat = only(machine.check_heat(it))
    assert (heat.verdict, heat.values["celsius"]) == ("ok", 48.7)
    sd = only(card.check(it), "card")
    assert sd.text == (
        "mmcblk0: SD card SN32G, SanDisk or WD, 31.9 GB, made 08/2024,"
        " 24.7 GB written (0.8 times its size), its wear cannot be read (SD cards do not tell)"
    )
    found = only(versions.check(it)).values
    assert found["model"] == "Raspberry Pi 4 Model B Rev 1.5"
    assert found["OS"] == "Debian GNU/Linux 13 (trixie)"
    assert found["libcamera"] == "0.5.2+rpt20250903-1"


def test_a_pi_5_with_a_weak_supply(tmp_path: Path) -> None:
    it = pi(tmp_path, PI5)
    power = only(machine.check_power(it))
    assert (power.verdict, power.values["undervoltage"]) == ("fault", True)
    assert "5.1 V" in power.remedy
    assert only(machine.check_heat(it)).verdict == "fault"  # THROTTLED for the supply
    emmc = only(card.check(it), "card")
    assert (emmc.verdict, emmc.values["life_used_percent"]) == ("ok", 20)
    assert "10 to 20 % of its life used" in emmc.text


@pytest.mark.parametrize(
    ("flags", "past", "power", "heat"),
    [
        (0, 0, "ok", "ok"),
        (UNDER_VOLTAGE, None, "fault", "ok"),
        (0, UNDER_VOLTAGE, "warning", "ok"),
        (THROTTLED, None, "ok", "fault"),
        (0, THROTTLED, "ok", "warning"),
        (SOFT_LIMIT, SOFT_LIMIT, "ok", "ok"),  # a 3B+ at 60 degrees
        (None, None, "skipped", "ok"),
    ],
)
def test_the_bits_of_the_firmware(
    flags: int | None, past: int | None, power: str, heat: str
) -> None:
    seen = Heat(50.0, flags, since_boot=past)
    assert judge_machine.power(seen, PI_4).verdict == power
    assert judge_machine.heat(seen).verdict == heat


@pytest.mark.parametrize("past", [None, 0])
def test_what_was_since_the_start_is_told_only_where_it_is_known(past: int | None) -> None:
    seen = Heat(50.0, 0, since_boot=past)
    known = past is not None
    for result, key in (
        (judge_machine.power(seen, PI_4), "undervoltage_since_boot"),
        (judge_machine.heat(seen), "slowed_since_boot"),
    ):
        assert ("never" in result.text, "not told" in result.text) == (known, not known)
        assert result.values[key] is (False if known else None)


def test_the_driver_of_the_supply_says_nothing_on_slowing() -> None:
    seen = Heat(50.0, 0, known=UNDER_VOLTAGE)
    heat = judge_machine.heat(seen)
    assert (heat.verdict, heat.text, heat.values["slowed_now"]) == ("ok", "50 °C", None)
    assert judge_machine.power(seen, PI_4).verdict == "ok"


@pytest.mark.parametrize("model", ["Raspberry Pi Zero 2 W Rev 1.0", "Raspberry Pi Zero W Rev 1.1"])
def test_a_zero_cannot_tell_of_its_supply(model: str) -> None:
    assert judge_machine.power(Heat(50.0, 0, since_boot=0), model).verdict == "skipped"


def test_the_firmwares_own_program_is_asked_for_the_past(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program of that name answers as the Pi's does."""
    program = tmp_path / "vcgencmd"
    program.write_text("#!/bin/sh\necho throttled=0x50000\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    it = patient(tmp_path)
    assert it.is_here
    assert only(machine.check_heat(it)).values["slowed_since_boot"] is True
    seen = machine.read(it)
    assert (seen.flags, seen.since_boot) == (0, UNDER_VOLTAGE | THROTTLED)
    assert machine.read(pi(tmp_path, PI4)).since_boot is None  # another machine's tree


@pytest.mark.parametrize(
    ("celsius", "verdict"),
    [(20, "ok"), (69.9, "ok"), (70, "warning"), (80, "fault"), (None, "skipped")],
)
def test_heat(celsius: float | None, verdict: str) -> None:
    assert judge_machine.heat(Heat(celsius)).verdict == verdict


@pytest.mark.parametrize(
    ("now", "synchronised", "ahead", "verdict", "words"),
    [
        (12.0, False, None, "fault", "1970-01-01"),
        (NOW, True, 0.4, "ok", "within a second"),
        (NOW, None, -1.2, "ok", "NTP not told"),
        (NOW, True, 7.0, "warning", "7 s behind"),
        (NOW, True, -400.0, "warning", "400 s ahead of"),
        (NOW, False, None, "warning", "nobody sets it"),
    ],
)
def test_clock(
    now: float, synchronised: bool | None, ahead: float | None, verdict: str, words: str
) -> None:
    date = datetime.fromtimestamp(now, UTC).isoformat()
    result = judge_machine.clock(now, date, synchronised, ahead, has_rtc=False)
    assert result.verdict == verdict
    assert words in result.text


def test_a_clock_of_1970_is_told_though_there_is_no_hub(tmp_path: Path) -> None:
    it = pi(tmp_path, PI4)
    it.clock = lambda: 42.0
    result = only(machine.check_clock(it))
    assert result.verdict == "fault"
    assert "never set" in result.text
    assert machine.synchronised(it.root, here=False) is True


@pytest.mark.parametrize(
    ("files", "verdict", "words"),
    [
        ({"sys__fs__ext4__mmcblk0p3__errors_count": "3\n"}, "fault", "3 errors"),
        ({"proc__mounts": "/dev/mmcblk0p3 /data ext4 ro,emergency_ro 0 0\n"}, "fault", "read-only"),
        ({"sys__block__mmcblk0__device__life_time": "0x0b 0x01\n"}, "fault", "worn out"),
        ({"sys__block__mmcblk0__device__life_time": "0x09 0x08\n"}, "warning", "soon"),
        ({"sys__block__mmcblk0__device__pre_eol_info": "0x02\n"}, "warning", "soon"),
        ({"sys__block__mmcblk0__device__pre_eol_info": "0x03\n"}, "fault", "worn out"),
        ({"sys__block__mmcblk0__device__date": "03/2014\n"}, "warning", "years old"),
    ],
)
def test_a_card_at_its_end(tmp_path: Path, files: dict[str, str], verdict: str, words: str) -> None:
    result = only(card.check(pi(tmp_path, PI5, **files)), "card")
    assert (result.verdict, words in result.text) == (verdict, True)
    assert result.remedy


def test_no_card_at_all(tmp_path: Path) -> None:
    assert only(card.check(pi(tmp_path, EXT4)), "card").verdict == "skipped"


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    for free, verdict in ((10**9, "ok"), (150 * 10**6, "warning"), (4096, "fault")):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: usage._replace(free=free))
        assert only(card.check(pi(tmp_path, PI4)), "space").verdict == verdict
    result = judge_card.space("/data", 10**9, 10**9, writable=False)
    assert (result.verdict, "not writable" in result.text) == ("fault", True)


LOST = '{"generation": 0, "data": "/dev/mmcblk0p3", "data_state": "lost", "faults": ""}'


@pytest.mark.parametrize(
    ("files", "verdict", "words"),
    [
        ({"run__intercom-boot__preinit.json": LOST}, "fault", "data partition is lost"),
        ({"run__intercom-boot__preinit.json": LOST.replace("lost", "absent")}, "fault", "absent"),
        ({"run__intercom-boot__preinit.json": LOST.replace("lost", "clean")}, "ok", "MB free"),
        ({"run__intercom-boot__preinit.json": "{"}, "ok", "MB free"),
        ({"proc__mounts": "tmpfs / tmpfs rw 0 0\n"}, "warning", "it lies in memory"),
    ],
)
def test_what_is_kept_in_memory_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], verdict: str, words: str
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10**9))
    result = only(card.check(pi(tmp_path, PI4, **files)), "space")
    assert (result.verdict, words in result.text) == (verdict, True), result
    assert result.remedy or verdict == "ok"


def test_the_mount_that_lies_over_the_others_counts() -> None:
    mounts = (
        "/dev/mmcblk0p2 / ext4 rw 0 0\n/dev/mmcblk0p3 /data ext4 rw 0 0\n"
        "tmpfs /var/lib/intercom tmpfs rw 0 0\n"
    )
    kinds = {"/var/lib/intercom": "tmpfs", "/var/lib/intercom2": "ext4", "/": "ext4"}
    assert {path: judge_card.kind_of(path, mounts) for path in kinds} == kinds
    assert judge_card.kind_of("/", mounts + "tmpfs / tmpfs rw 0 0\n") == "tmpfs"
    assert judge_card.kind_of("/", "") == ""


# -- network -----------------------------------------------------------------------------------


def test_interfaces_of_a_pi(tmp_path: Path) -> None:
    wlan = "sys__class__net__wlan0__"
    up = {f"{wlan}operstate": "up", f"{wlan}carrier": "1"}
    root = plant(tmp_path, PI4, proc__net__wireless=WIRELESS, **up)
    eth0, wlan0 = network.interfaces(root, {"eth0": ["192.168.1.7"]}, here=False)
    assert eth0 == Interface("eth0", True, ["192.168.1.7"], 1000)
    assert (wlan0.wireless, wlan0.signal, wlan0.carrier) == (True, -56, True)
    assert judge_network.gateway((root / "proc/net/route").read_text()) == "192.168.1.1"


@pytest.mark.parametrize(
    ("interface", "verdict", "words"),
    [
        (Interface("eth0", True, ["192.168.1.7"], 1000), "ok", "1000 Mbit/s"),
        (Interface("eth0", False), "fault", "no interface is connected"),
        (Interface("eth0", True), "fault", "no address"),
        (Interface("eth0", True, ["169.254.3.4", "fe80::1"]), "fault", "no address was given"),
        (Interface("eth0", True, ["10.0.0.2"], 10), "warning", "10 Mbit/s"),
        (Interface("wlan0", True, ["10.0.0.2"], None, True, -74, False), "warning", "weak"),
        (Interface("wlan0", True, ["10.0.0.2"], None, True, -55, True), "warning", "power save"),
        (Interface("wlan0", True, ["10.0.0.2"], None, True, -55, False), "ok", "-55 dBm"),
        (Interface("wlan0", True, ["10.0.0.2"], None, True, -55, None), "ok", "not told"),
    ],
)
def test_network(interface: Interface, verdict: str, words: str) -> None:
    result = judge_network.network([interface], "10.0.0.1", local_hub=False)
    assert (result.verdict, words in result.text) == (verdict, True)


def test_a_tunnel_is_no_network_where_there_is_another(tmp_path: Path) -> None:
    net = "sys/class/net"
    tunnels = {
        f"{net}/wg0/type": "65534\n",
        f"{net}/zt7/tun_flags": "0x1002\n",
        f"{net}/zt7/type": "1\n",
    }
    for name in ("wg0", "zt7"):
        tunnels |= {f"{net}/{name}/operstate": "unknown", f"{net}/{name}/carrier": "1"}
    alone = plant(tmp_path / "container", tunnels)
    assert [it.name for it in network.interfaces(alone, {}, here=False)] == ["wg0", "zt7"]
    tunnels |= {f"{net}/eth0/operstate": "down", f"{net}/eth0/type": "1\n"}
    tunnels |= {f"{net}/wwan0/operstate": "down", f"{net}/wwan0/type": "65534\n"}
    tunnels |= {f"{net}/wwan0/device/uevent": ""}  # a modem
    found = network.interfaces(plant(tmp_path / "pi", tunnels), {}, here=False)
    assert [it.name for it in found] == ["eth0", "wwan0"]
    result = judge_network.network(found, "", local_hub=False)
    assert (result.verdict, "no interface is connected" in result.text) == ("fault", True)


def test_a_default_route_without_a_gateway_hides_none() -> None:
    head, *rest = ROUTE.splitlines(keepends=True)
    tunnel = rest[0].replace("eth0", "wg0").replace("0101A8C0", "00000000")
    assert judge_network.gateway("".join([head, tunnel, *rest])) == "192.168.1.1"
    assert judge_network.gateway(head + tunnel) == ""


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"hub__url": '"ws://localhost"'}, "ok"),
        ({"hub__url": '"wss://[::1]:8443"'}, "ok"),
        ({"hub__url": '"wss://hub.local"'}, "fault"),
        ({"hub__url": '""', "hub__embedded": "true", "hub__listen": '"192.0.2.7"'}, "ok"),
    ],
)
def test_a_hub_on_this_machine_needs_no_network(
    tmp_path: Path, changes: dict[str, str], verdict: str
) -> None:
    it = pi(tmp_path, {"sys/class/net/eth0/operstate": "down"}, changes)
    assert only(network.check(it)).verdict == verdict


def test_no_network_is_needed_with_the_hub_inside() -> None:
    result = judge_network.network([Interface("eth0", None)], "", local_hub=True)
    assert result.verdict == "ok"


# -- the service -------------------------------------------------------------------------------

RUNS = {
    "LoadState": "loaded", "ActiveState": "active", "SubState": "running", "Result": "success",
    "NRestarts": "0", "WatchdogUSec": "15s", "StatusText": "ready", "UnitFileState": "enabled",
    "ActiveEnterTimestamp": "Mon 2026-11-23 05:00:00 UTC", "MemoryCurrent": "104857600",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "verdict", "words"),
    [
        ({}, "ok", 'watchdog 15s, says "ready"'),
        ({"LoadState": "not-found"}, "skipped", "not installed"),
        ({"ActiveState": "inactive", "SubState": "dead"}, "warning", "does not run"),
        ({"ActiveState": "failed", "Result": "oom-kill"}, "fault", "the last by oom-kill"),
        ({"ActiveState": "activating", "SubState": "auto-restart", "NRestarts": "41",
          "Result": "watchdog"}, "fault", "41 restarts, the last by watchdog"),
        ({"ActiveState": "activating", "SubState": "start", "StatusText": "no hub at wss://hub"},
         "warning", "starts, and waits: no hub at wss://hub"),
        ({"NRestarts": "2"}, "warning", "2 restarts since it was well"),
        ({"UnitFileState": "disabled"}, "warning", "does not start with the machine"),
    ],
)  # fmt: skip
def test_service(changes: dict[str, str], verdict: str, words: str) -> None:
    shown = "".join(f"{name}={value}\n" for name, value in {**RUNS, **changes}.items())
    result = judge_service.service(judge_service.properties(shown))
    assert (result.verdict, words in result.text) == (verdict, True), result
    assert result.remedy or verdict in {"ok", "skipped"}
    assert ("enable --now" in result.remedy) == (changes.get("ActiveState") == "inactive")


def test_the_rights_are_those_of_the_services_user(tmp_path: Path) -> None:
    it = pi(tmp_path, PI4, {"panel__driver": '"gpiozero"', "sound__driver": '"pyaudio"'})
    user = service.service_user(it.root, {})
    assert user.name == "intercom"
    assert user.gids == {29, 44, 105, 106, 986, 996}
    closed = judge_service.File("/dev/gpiochip0", 0o660, 0, 997, "dialout")
    open_ = judge_service.File("/dev/snd/pcmC0D0p", 0o660, 0, 29, "audio")
    secret = judge_service.File("/etc/intercom/token", 0o644, 996, 996)
    result = judge_service.rights(user, [closed, open_], [(secret, True)])
    assert result.verdict == "fault"
    assert "/dev/gpiochip0" in result.text
    assert "usermod -aG dialout intercom" in result.remedy
    assert "chmod 600 /etc/intercom/token" in result.remedy
    assert judge_service.rights(user, [open_], []).verdict == "ok"


def test_the_groups_are_those_that_the_unit_adds(tmp_path: Path) -> None:
    """The unit's file gives them; /etc/group may not know of its user."""
    groups = "root:x:0:\naudio:x:29:\nvideo:x:44:\ngpio:x:986:\nintercom:x:996:\n"
    root = pi(tmp_path, PI4, etc__group=groups).root
    assert service.service_user(root, {}).gids == {996}
    unit = {"User": "intercom", "SupplementaryGroups": "video audio 986"}
    assert service.service_user(root, unit).gids == {29, 44, 986, 996}
    assert service.service_user(root, {"User": "root"}).uid == 0


def test_systemd_is_asked_whom_the_service_runs_as(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program of that name answers as systemd's does."""
    program = tmp_path / "systemctl"
    program.write_text('#!/bin/sh\necho "User=root"\necho "SupplementaryGroups="\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert only(service.check_rights(patient(tmp_path))).values["user"] == "root"


def test_what_systemd_hides_cannot_be_read(tmp_path: Path) -> None:
    root = pi(tmp_path, PI4).root
    hidden = service.service_user(root, {"ProtectHome": "yes"})
    token = judge_service.File("/home/pi/token", 0o600, 996, 996)
    result = judge_service.rights(hidden, [], [(token, True)])
    assert (result.verdict, "does not see /home/pi/token" in result.text) == ("fault", True)
    seen = service.service_user(root, {"ProtectHome": "read-only"})
    assert judge_service.rights(seen, [], [(token, True)]).verdict == "ok"


def test_a_file_in_a_closed_folder_cannot_be_read(tmp_path: Path) -> None:
    user = judge_service.User("intercom", 996, frozenset({996}))
    for mode, gid, verdict in ((0o700, 0, "fault"), (0o710, 996, "ok"), (0o711, 0, "ok")):
        folder = judge_service.File("/srv/own", mode, 0, gid)
        token = judge_service.File("/srv/own/token", 0o600, 996, 996, within=(folder,))
        result = judge_service.rights(user, [], [(token, True)])
        assert (result.verdict, "may not enter /srv/own" in result.text) == (
            verdict,
            verdict == "fault",
        )
    it = pi(tmp_path, PI4)  # whose user intercom is neither owner nor in a group here
    it.path.touch()
    it.path.chmod(0o644)
    tmp_path.chmod(0o700)
    result = only(service.check_rights(it))
    assert (result.verdict, "may not enter" in result.text) == ("fault", True), result


def test_secrets_of_the_hub_inside_are_watched_too(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    for name in ("hub.key", "hub.pem"):
        (state / name).touch()
        (state / name).chmod(0o644)
    inside = {
        "hub__url": '""', "hub__embedded": "true", "hub__state_dir": f'"{state}"',
        "station__token": '""',
    }  # fmt: skip
    it = patient(tmp_path, changes=inside)
    it.path.touch()
    it.path.chmod(0o644)
    text = only(service.check_rights(it)).text
    assert all(f"everybody may read {state / name}" in text for name in ("hub.key", "hub.pem"))
    assert str(it.path) not in text  # there is no secret in it
    turn = '[{ urls = ["turn:t"], secret = "s" }]'
    it = patient(tmp_path, changes={**inside, "hub__ice_servers": turn})
    assert f"everybody may read {it.path}" in only(service.check_rights(it)).text


@pytest.mark.parametrize(
    ("file", "remedy"),
    [
        (judge_service.File("/dev/gpiochip0", 0o660, 0, 986, "gpio"), "usermod -aG gpio intercom"),
        (judge_service.File("/dev/gpiochip0", 0o600, 0, 986, "gpio"), "60-intercom.rules"),
        (judge_service.File("/dev/gpiochip0", 0o660, 0, 0, "root"), "60-intercom.rules"),
        (judge_service.File("/dev/gpiochip0", 0o660, 0, 4711, ""), "60-intercom.rules"),
    ],
)
def test_nobody_is_put_into_a_group_that_opens_nothing(
    file: judge_service.File, remedy: str
) -> None:
    user = judge_service.User("intercom", 996, frozenset({996}))
    result = judge_service.rights(user, [file], [])
    assert (result.verdict, remedy in result.remedy) == ("fault", True)
    assert ("usermod" in result.remedy) == ("usermod" in remedy)


def test_touchscreens_are_told_from_touchpads_and_keyboards() -> None:
    assert judge_panel.touchscreens(TOUCH) == ["10-0038 generic ft5x06 (79)"]
    assert judge_panel.touchscreens("") == []
