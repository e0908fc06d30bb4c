"""A house in the guest: the real units of hub and door, and a second station of the same unit."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import av
import numpy as np

from .machine import LAB, Machine

UNITS = Path(__file__).parent.parent.parent / "systemd"
DOOR, INDOOR = "/run/intercom/control", "/run/intercom-indoor/control"
"""Control sockets."""

HUB = """\
[hub]
listen = "127.0.0.1"
[hub.users.door]
[hub.users.indoor]
"""
STATION = """\
[station]
user = "{user}"
token_file = "/etc/intercom/{user}.token"
control = "{control}"
[hub]
url = "ws://127.0.0.1:8443"
[call]
callee = "{callee}"
[camera]
driver = "simulated"
quality = "240p"
fps = 5
clip = "/run/intercom-film.mkv"
[sound]
driver = "simulated"
echo = "off"
noise_suppression = false
gain = false
[panel]
driver = "simulated"
[screen]
driver = "dummy"
"""


UNIT_NAMES = ("intercom-hub", "intercom", "intercom-indoor")


def film(path: Path) -> None:
    """Write two seconds of noise in grey as a film, for a simulated camera."""
    noise = np.random.default_rng(1)
    with av.open(str(path), "w") as file:
        stream = file.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for _ in range(10):
            picture = noise.integers(0, 255, (240, 320, 3), dtype=np.uint8)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        file.mux(stream.encode())


def second_station() -> str:
    """The station's own unit under another name, on another console."""
    text = (UNITS / "intercom.service").read_text()
    for old, new in (
        ("station.toml", "indoor.toml"),
        ("RuntimeDirectory=intercom\n", "RuntimeDirectory=intercom-indoor\n"),
        ("%t/intercom\n", "%t/intercom-indoor\n"),
        ("tty1", "tty2"),
    ):
        assert old in text
        text = text.replace(old, new)
    return text


class House:
    """The stations of one machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def furnish(self) -> None:
        """Write configurations, tokens and the second unit."""
        machine = self.machine
        machine.put("/etc/intercom/hub.toml", HUB)
        door = STATION.format(user="door", control=DOOR, callee="indoor")
        indoor = STATION.format(user="indoor", control=INDOOR, callee="door")
        machine.put("/etc/intercom/station.toml", door)
        machine.put("/etc/intercom/indoor.toml", indoor)
        machine.put("/run/systemd/system/intercom-indoor.service", second_station())
        machine.run("install -d -o intercom -g intercom -m 700 /var/lib/intercom")
        film(machine.folder / "film.mkv")
        machine.run(f"install -m 644 {LAB}/film.mkv /run/intercom-film.mkv")
        for user in ("door", "indoor"):
            machine.run(
                "cd /; setpriv --reuid intercom --regid intercom --init-groups"
                f" /opt/intercom/venv/bin/intercom token {user} --config /etc/intercom/hub.toml"
                f" >/etc/intercom/{user}.token && chown intercom: /etc/intercom/{user}.token",
                seconds=90,
            )

    def start(self) -> None:
        """Start all, and wait until each can be rung."""
        self.machine.run("systemctl daemon-reload")
        self.machine.run(f"systemctl restart {' '.join(UNIT_NAMES)}", seconds=180)

    def sound(self) -> None:
        """See that all run; start those that do not."""
        command = "systemctl is-active --quiet {} && exit 0; systemctl restart {}"
        for unit in UNIT_NAMES:
            self.machine.run(command.format(unit, unit), seconds=120)

    def logged_in(self, stations: int = 2) -> None:
        """Wait until so many are logged in at the hub."""
        self.machine.until(
            "python3 -c 'from urllib.request import urlopen;"
            'print(urlopen("http://127.0.0.1:8443/metrics").read().decode())\''
            f" 2>&1 | grep -qx 'intercom_hub_clients {stations}.0'"
        )

    def ring(self, *flags: str) -> dict[str, float]:
        """Make a call, see ring.py; returns the seconds of its steps."""
        self.logged_in()
        command = f"python3 {LAB}/ring.py {' '.join(flags)} {DOOR} {INDOOR}"
        steps: dict[str, float] = json.loads(self.machine.run(command, seconds=200))
        return steps

    def calls(self) -> list[dict[str, Any]]:
        """The hub's records, newest first."""
        command = "setpriv --reuid intercom --regid intercom --init-groups"
        command += " /opt/intercom/venv/bin/intercom calls --json --config /etc/intercom/hub.toml"
        records: list[dict[str, Any]] = json.loads(self.machine.run(f"cd /; {command}", seconds=90))
        return records

    def pid(self, unit: str) -> int:
        """The unit's main process."""
        return int(self.machine.unit(unit, "MainPID")["MainPID"])

    def restarts(self, unit: str) -> int:
        """How often systemd has restarted it by itself."""
        return int(self.machine.unit(unit, "NRestarts")["NRestarts"])

    def again(self, unit: str, pid: int, seconds: float = 120) -> int:
        """Wait until the unit runs, READY, in another process than `pid`; return that one's."""
        self.machine.until(
            f"test $(systemctl show {unit} -p MainPID --value) != {pid}"
            f" && systemctl is-active --quiet {unit}",
            seconds,
        )
        return self.pid(unit)

    def log(self, unit: str) -> str:
        """What the unit's program, and systemd about it, have logged since it was started last."""
        since = self.machine.unit(unit, "InvocationID")["InvocationID"]
        command = f"journalctl -b -o cat --no-pager _SYSTEMD_INVOCATION_ID={since}"
        return self.machine.run(f"{command} + INVOCATION_ID={since}")

    def journal(self, unit: str, lines: int = 400) -> str:
        """The last that was logged by and about a unit, through its restarts."""
        return self.machine.run(f"journalctl -b -o cat --no-pager -n {lines} -u {unit}")

    def recorded(self, count: int) -> None:
        """Wait until the hub has written so many calls to the card."""
        for _ in range(30):
            if len(self.calls()) >= count:
                return
            time.sleep(1)
        raise AssertionError(f"{len(self.calls())} calls are recorded, not {count}")

    def waits(self, unit: str) -> list[float]:
        """The seconds from each of its last failures to the restart, since it ran last."""
        command = f"journalctl -b -o short-monotonic --no-pager -n 60 -u {unit}"
        waits: list[float] = []
        failed = 0.0
        for line in self.machine.run(command).splitlines():
            found = re.match(r"\[ *([0-9.]+)\]", line)
            now = float(found[1]) if found else 0.0
            if "Failed with result" in line:
                failed = now
            elif "Scheduled restart job" in line:
                waits.append(round(now - failed, 2))
            elif "Started " in line:
                waits.clear()
        return waits
