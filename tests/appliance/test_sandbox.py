"""What the units' sandboxes refuse, tried from inside; and that nothing needed is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from .house import UNITS
from .machine import LAB, Machine

NODES = {
    "mem": "c 1 1", "kmsg": "c 1 11", "card": "b 98 0", "watchdog": "c 10 130", "tty": "c 4 3",
    "fuse": "c 10 229", "sound": "c 116 0", "video": "c 81 0", "gpio": "c 254 0",
}  # fmt: skip
"""Devices that everybody may open, so that only the unit's own rules stand before them."""

NEEDED = {"keep state", "use its run folder", "use /tmp", "open TCP"}
DEVICES = {"open a sound card", "open a camera", "open a GPIO chip"}
ALLOWED = {
    "intercom": NEEDED | DEVICES | {"take a UDP port", "open a netlink socket",
                                    "make memory executable"},
    "intercom-hub": NEEDED,
}  # fmt: skip


def sandbox(name: str) -> str:
    """The unit with a probe in place of the program, run once."""
    text = (UNITS / f"{name}.service").read_text()
    for pattern, new in (
        (r"^ExecStart=.*", f"ExecStart=/usr/bin/python3 {LAB}/probe.py"),
        (r"^Type=.*", "Type=oneshot"),
        (r"^(Restart|WatchdogSec|NotifyAccess|Wants|Conflicts|StandardOutput).*\n", ""),
        (r"=intercom(-hub)?$(?<!User=intercom)(?<!Group=intercom)", r"=intercom-probe"),
        (r"tty1", "tty4"),
    ):
        text = re.sub(pattern, new, text, flags=re.MULTILINE)
    return text.replace("[Service]", f"[Service]\nStandardOutput=file:/run/{name}.probe")


@pytest.fixture(params=ALLOWED)
def tried(request: pytest.FixtureRequest, machine: Machine) -> Iterator[tuple[str, dict[str, str]]]:
    """What the probe told of the unit's sandbox."""
    name = str(request.param)
    for node, kind in NODES.items():
        machine.run(f"test -e /dev/lab-{node} || mknod -m 666 /dev/lab-{node} {kind}")
    machine.run(f"chmod 755 {LAB}; chmod 644 {LAB}/*.py; touch /dev/shm/lab")
    machine.put(f"/run/systemd/system/{name}-probe.service", sandbox(name))
    machine.run(f"systemctl daemon-reload; systemctl start {name}-probe", seconds=90)
    yield name, json.loads(machine.run(f"cat /run/{name}.probe"))
    machine.run("rm -rf /dev/lab-* /var/lib/intercom-probe /dev/shm/lab")


def test_only_what_is_needed_can_be_done(tried: tuple[str, dict[str, str]]) -> None:
    name, told = tried
    # A device whose driver is not in this kernel is let through to "no such device".
    through = {what for what, how in told.items() if how == "ok" or how in {"ENXIO", "ENODEV"}}
    assert through == ALLOWED[name]


def test_the_probe_can_do_all_of_it_outside(machine: Machine) -> None:
    # Else a refusal in the sandbox would prove nothing.
    for node, kind in NODES.items():
        machine.run(f"test -e /dev/lab-{node} || mknod -m 666 /dev/lab-{node} {kind}")
    machine.run("mkdir -p /run/lab-state; touch /dev/shm/lab")
    environment = "STATE_DIRECTORY=/run/lab-state RUNTIME_DIRECTORY=/run/lab-state"
    told = json.loads(machine.run(f"{environment} unshare -m python3 {LAB}/probe.py"))
    machine.run("rm -f /dev/lab-* $(find / -xdev -name intruder)")
    refused = {what for what, how in told.items() if how not in {"ok", "ENXIO", "ENODEV"}}
    assert refused <= {"load a module", "load a BPF program", "open the watchdog", "open a vsock",
                       "write cgroups", "trace a process"}  # fmt: skip
