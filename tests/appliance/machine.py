"""A guest with systemd as PID 1, whose root is a disk image, and a hand in it that runs commands.

    with Machine(disks, root="/dev/ubda2", init="/usr/lib/intercom/preinit") as machine:
        machine.up(90)
        print(machine.run("systemctl is-active intercom"))
        machine.guest.kill()                                   # a power cut

The image stays as it is built: the hand is a unit that comes on the kernel's command line
(systemd 256 and newer, `systemd.extra-unit.*`) and works through a folder of the host.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.vm.uml import Disk, Guest

HERE = Path(__file__).parent
LAB = "/run/lab"
POLL = 0.03

# No default dependencies: it is there before the units under test are, and does not hold a halt up.
UNIT = """\
[Unit]
DefaultDependencies=no
After=systemd-tmpfiles-setup.service
Conflicts=shutdown.target
Before=shutdown.target
[Service]
ExecStartPre=mkdir -p {lab}
ExecStartPre=mount -t hostfs none {lab} -o hostfs={folder}
ExecStart=python3 {lab}/agent.py {lab}
OOMScoreAdjust=-1000
"""
# Kernel devices that these tests do not want, and which take time to start.
UNUSED = "vivid_init,vimc_init,vkms_init,vicodec_init,alsa_card_dummy_init"


class Failed(AssertionError):
    """A command in the guest failed, with what it said."""


class Machine(contextlib.AbstractContextManager["Machine"]):
    """A guest that is commanded; `init` and `root` as of a `Guest`."""

    def __init__(
        self,
        disks: Sequence[Disk],
        *,
        root: str,
        init: str = "/sbin/init",
        rw: bool = False,
        memory: str = "1G",
        arguments: Sequence[str] = (),
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="intercom-lab-"))
        """What the guest sees as /run/lab."""
        for name in ("in", "out"):
            (self.folder / name).mkdir()
        for script in (HERE / "guest").glob("*.py"):
            shutil.copy(script, self.folder)
        self._numbers = itertools.count(1)
        unit = base64.b64encode(UNIT.format(lab=LAB, folder=self.folder).encode()).decode()
        self.guest = Guest(
            init=init, disks=disks, root=root, rw=rw, memory=memory, quiet=False,
            arguments=[
                f"systemd.set_credential_binary=systemd.extra-unit.lab.service:{unit}",
                "systemd.wants=lab.service", "systemd.show_status=1",
                f"initcall_blacklist={UNUSED}", *arguments,
            ],
        )  # fmt: skip

    def up(self, seconds: float = 120) -> None:
        """Wait until the guest can be commanded; TimeoutError when it never can."""
        self._ask(["true"], "", seconds)

    def ask(self, command: str, *, given: str = "", seconds: float = 60) -> dict[str, Any]:
        """Run a shell command; return its `code`, `out` and `err`."""
        return self._ask(["sh", "-c", command], given, seconds)

    def run(self, command: str, *, given: str = "", seconds: float = 60) -> str:
        """Run a shell command that must succeed; return what it printed. Raises `Failed`."""
        answer = self.ask(command, given=given, seconds=seconds)
        if answer["code"] != 0:
            raise Failed(f"{command}: {answer['code']}\n{answer['out']}{answer['err']}")
        return str(answer["out"]).rstrip("\n")

    def until(self, command: str, seconds: float = 60) -> str:
        """Run a shell command again and again until it succeeds; `Failed` after that time."""
        quoted = f"end=$(($(cut -d. -f1 /proc/uptime) + {seconds:.0f}))\n"
        quoted += f"until ( {command} )\ndo\n"
        quoted += "[ $(cut -d. -f1 /proc/uptime) -gt $end ] && exit 1\nsleep 0.5\ndone"
        return self.run(quoted, seconds=seconds + 20)

    def unit(self, name: str, *properties: str) -> dict[str, str]:
        """Return properties of a unit, as `systemctl show` names them."""
        lines = self.run(f"systemctl show {name} -p {','.join(properties)}").splitlines()
        return dict(line.split("=", 1) for line in lines)

    def put(self, path: str, text: str, mode: str = "0644") -> None:
        """Write a file in the guest."""
        self.run(f"umask 077; cat >{path} && chmod {mode} {path}", given=text)

    def halt(self, seconds: float = 60) -> None:
        """Shut down in order."""
        with contextlib.suppress(TimeoutError):  # it may be gone before it has answered
            self.ask("systemctl --no-block poweroff")
        self.guest.wait(seconds)

    def close(self) -> None:
        """Kill the guest if it runs, and take its files away."""
        self.guest.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __exit__(self, *fault: object) -> None:
        self.close()

    def _ask(self, argv: list[str], given: str, seconds: float) -> dict[str, Any]:
        name = f"{next(self._numbers):05}.json"
        request = {"argv": argv, "input": given, "timeout": seconds}
        unfinished = self.folder / "in" / f"{name}.part"
        unfinished.write_text(json.dumps(request))
        unfinished.rename(self.folder / "in" / name)
        answer = self.folder / "out" / name
        end = time.monotonic() + seconds + 10
        while not answer.exists():
            if not self.guest.running or time.monotonic() > end:
                lines = "\n".join(self.guest.console.splitlines()[-30:])
                raise TimeoutError(f"no answer to {argv}; the console ends:\n{lines}")
            time.sleep(POLL)
        said: dict[str, Any] = json.loads(answer.read_text())
        return said
