"""What breaks in the field, done to the real units: each time a call rings again."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from .conftest import Measure, Watch
from .house import UNIT_NAMES, House
from .machine import LAB

KILLS = 3


@pytest.mark.parametrize("unit", UNIT_NAMES)
def test_kill_9(house: House, unit: str, measured: Measure) -> None:
    for _ in range(KILLS if unit == "intercom" else 1):
        pid, watch = house.pid(unit), Watch()
        house.machine.run(f"kill -9 {pid}")
        house.again(unit, pid)
        measured("READY again after", watch.read())
        house.ring()


def test_kill_9_in_a_call(house: House, measured: Measure) -> None:
    house.ring("--keep")
    pid, watch = house.pid("intercom"), Watch()
    house.machine.run(f"kill -9 {pid}")
    house.again("intercom", pid)
    house.ring()
    measured("another call was made after", watch.read())


@pytest.mark.parametrize("unit", ["intercom", "intercom-hub"])
def test_a_hang_is_found_by_the_watchdog(house: House, unit: str, measured: Measure) -> None:
    pid, watch = house.pid(unit), Watch()
    house.machine.run(f"kill -STOP {pid}")
    house.again(unit, pid)
    measured("READY again after", watch.read())
    assert re.search(r"watchdog timeout", house.journal(unit), re.IGNORECASE)
    house.ring()


def test_a_leak_ends_the_station_and_not_the_machine(house: House, measured: Measure) -> None:
    pid, watch = house.pid("intercom"), Watch()
    hub = house.machine.unit("intercom-hub", "NRestarts")
    # In the station's group: what it takes counts as the station's.
    house.machine.run(f"python3 {LAB}/leak.py intercom.service >/dev/null 2>&1 &")
    house.again("intercom", pid)
    measured("READY again after", watch.read())
    assert "oom-kill" in house.journal("intercom")
    assert house.machine.unit("intercom-hub", "NRestarts") in (hub, {"NRestarts": "0"})
    house.ring()


def test_a_full_card(house: House) -> None:
    machine = house.machine
    before = len(house.calls())
    machine.ask(
        "dd if=/dev/zero of=/data/filler bs=64k; sync; dd if=/dev/zero of=/data/filler2 bs=1"
    )
    assert machine.ask("echo more >/data/state/more")["code"] != 0
    house.ring()
    house.ring()
    assert "No space" in house.log("intercom-hub") or "full" in house.log("intercom-hub")
    machine.run("rm -f /data/filler /data/filler2 /data/state/more")
    house.ring()
    house.recorded(before + 3)


def test_a_clock_of_1970_that_is_set_later(house: House) -> None:
    machine = house.machine
    before = len(house.calls())
    machine.run("date +%s >/run/lab-date; date -s @4242; cut -d. -f1 /proc/uptime >/run/lab-up")
    house.start()
    house.ring()
    house.ring("--keep")
    machine.run(
        "date -s @$(($(cat /run/lab-date) + $(cut -d. -f1 /proc/uptime) - $(cat /run/lab-up)))"
    )
    house.ring("--end")
    house.ring()
    for unit in UNIT_NAMES:
        assert machine.unit(unit, "NRestarts", "Result") == {"NRestarts": "0", "Result": "success"}
    house.recorded(before + 3)
    calls = house.calls()[:3]
    assert [call["reason"] for call in calls] == ["hangup"] * 3
    assert all(call["started"].startswith(machine.run("date +%Y")) for call in calls)


def test_a_network_that_comes_late_and_goes(house: House, measured: Measure) -> None:
    machine = house.machine
    drop_in = "/run/systemd/system/intercom.service.d"
    machine.run(f"systemctl stop intercom; ip link set lo down; mkdir -p {drop_in}")
    # Shorter, to see that a station without a network asks for more.
    machine.put(f"{drop_in}/short.conf", "[Service]\nTimeoutStartSec=25\n")
    machine.run("systemctl daemon-reload; systemctl --no-block start intercom; sleep 35")
    told = machine.unit("intercom", "ActiveState", "NRestarts", "StatusText")
    assert (told["ActiveState"], told["NRestarts"]) == ("activating", "0")
    assert told["StatusText"] not in {"", "ready"}
    watch = Watch()
    machine.run(f"ip link set lo up; rm -r {drop_in}; systemctl daemon-reload")
    machine.until("systemctl is-active --quiet intercom")
    measured("READY after the network came", watch.read())
    house.ring()
    machine.run("ip link set lo down; sleep 10; ip link set lo up")
    watch = Watch()
    house.ring()
    measured("a call was made after the network came back", watch.read())


def test_restarts_become_slower_and_then_quick_again(house: House) -> None:
    machine = house.machine
    steady = "/run/systemd/system/intercom-steady@.service.d"
    settings = "/etc/intercom/hub.toml"
    machine.run(f"mkdir -p {steady}; cp -p {settings} {settings}.aside; echo '[' >>{settings}")
    # The same, in seconds.
    asked = machine.run(
        "sed -n '/^ExecStart=/,/[^\\\\]$/p' /etc/systemd/system/intercom-steady@.service"
    )
    assert "sleep 60" in asked
    quick = asked.replace("sleep 60", "sleep 4")
    machine.put(f"{steady}/quick.conf", f"[Service]\nExecStart=\n{quick}\n")
    machine.run(
        "systemctl daemon-reload; kill -9 $(systemctl show intercom-hub -p MainPID --value)"
    )
    machine.until("test $(systemctl show intercom-hub -p NRestarts --value) -ge 4", 120)
    waits = house.waits("intercom-hub")
    assert all(earlier < later for earlier, later in pairwise(waits)), waits
    machine.run(f"mv {settings}.aside {settings}")
    machine.until("systemctl is-active --quiet intercom-hub", 90)
    # One that began before may still wait its minute.
    machine.until("test $(systemctl show intercom-hub -p NRestarts --value) = 0", 150)
    machine.run(f"rm -r {steady}; systemctl daemon-reload")
    house.ring()
