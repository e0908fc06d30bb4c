"""The card boots to a system that rings, and its units are what they should be."""

from __future__ import annotations

import json

import pytest

from .card import BOOT
from .conftest import Measure
from .house import House
from .machine import Machine

UNITS = ("intercom", "intercom-hub")


def test_it_boots_from_a_root_that_cannot_be_written(machine: Machine) -> None:
    told = json.loads(machine.run("cat /run/intercom-boot/preinit.json"))
    assert told["generation"] == 0
    assert told["faults"] == ""
    assert machine.ask("touch /run/intercom-boot/factory/x")["code"] != 0
    assert " ro," in machine.run("grep ' /run/intercom-boot/factory ' /proc/mounts") + ","


def test_the_owners_files_are_those_of_the_roots_own_disk(machine: Machine) -> None:
    assert machine.run("findmnt --noheadings --output SOURCE /boot/firmware") == BOOT
    assert machine.run("readlink /run/intercom-boot/boot") == BOOT


def test_a_card_without_a_name_has_its_own(machine: Machine) -> None:
    name = f"intercom-{machine.run('cut -c1-4 /etc/machine-id')}"
    assert machine.run("cat /proc/sys/kernel/hostname /etc/hostname").split() == [name, name]
    assert f"127.0.1.1 {name}" in machine.run("cat /etc/hosts").splitlines(), "sudo looks it up"


def test_nobody_looks_after_a_wifi_that_nobody_gave(machine: Machine) -> None:
    assert machine.run("systemctl is-enabled intercom-wifi.timer") == "enabled"
    assert machine.ask("systemctl is-active --quiet intercom-wifi.timer")["code"] != 0


def test_nothing_failed_but_what_has_no_settings_yet(machine: Machine) -> None:
    failed = machine.run("systemctl list-units --failed --plain --no-legend | cut -d' ' -f1")
    assert set(failed.split()) <= {"intercom.service"}


def test_a_hub_without_settings_is_not_judged(machine: Machine) -> None:
    code = "from intercom.appliance import health as h; "
    code += "print(h.counted({unit: h.show(unit) for unit in h.UNITS}, []), *h.enabled())"
    said = machine.run(f"cd /; /opt/intercom/venv/bin/python -c '{code}'", seconds=90)
    assert said == "['intercom.service'] intercom.service intercom-hub.service"


def test_the_appliances_own_systemd_understands_every_unit(machine: Machine) -> None:
    units = "$(ls -d /etc/systemd/system/intercom*.* | sed 's/@\\./@intercom./' | grep -v '\\.d$')"
    command = f"systemd-analyze verify --man=no --recursive-errors=yes {units}"
    said = machine.ask(command)
    assert (said["code"], said["out"] + said["err"]) == (0, "")


@pytest.mark.parametrize("unit", UNITS)
def test_little_is_left_open_to_an_intruder(machine: Machine, unit: str) -> None:
    said = machine.ask(f"systemd-analyze security --threshold=30 --no-pager {unit}.service")
    assert said["code"] == 0, said["out"]


def test_the_hardware_watchdog_is_fed(machine: Machine) -> None:
    told = machine.run("systemctl show -p RuntimeWatchdogUSec -p WatchdogDevice")
    assert "RuntimeWatchdogUSec=15s" in told
    assert "WatchdogDevice=/dev/watchdog" in told


def test_a_call_rings_is_taken_and_seen(house: House, measured: Measure) -> None:
    for step, seconds in house.ring().items():
        measured(step, seconds)
    assert house.calls()[0]["reason"] == "hangup"


def test_what_holds_out_is_marked_for_the_next_boot(house: House) -> None:
    house.machine.until("test -e /data/state/steady", 120)


def test_stopping_is_quick(house: House, measured: Measure) -> None:
    times = {}
    for unit in ("intercom", "intercom-hub"):
        house.machine.run(f"systemctl stop {unit}", seconds=60)
        names = ("ActiveExitTimestampMonotonic", "InactiveEnterTimestampMonotonic", "Result")
        told = house.machine.unit(unit, *names)
        times[unit] = (int(told[names[1]]) - int(told[names[0]])) / 1e6
        measured(unit, times[unit])
        assert told["Result"] == "success"
    assert times["intercom"] < 5
    assert times["intercom-hub"] < 12
