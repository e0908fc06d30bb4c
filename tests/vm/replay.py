"""Runs tests in a guest, and reports them on the host as if they had been run there."""

from __future__ import annotations

import compileall
import contextlib
import json
import os
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.vm.uml import Guest

INSIDE = Path("/run/host")
"""Where the guest sees the folder that it shares with the host."""

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 180.0
"""Seconds that one test may take."""

in_guest = bool(os.environ.get("INTERCOM_GUEST"))
"""Whether this process runs in a guest."""


class Recorder:
    """In the guest: writes each report of pytest into a file, a line of JSON each."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write one."""
        entry = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        with (INSIDE / "reports").open("a") as file:
            file.write(json.dumps(entry) + "\n")


class Replay:
    """On the host: a guest that runs the named tests, and the reports that it has written."""

    def __init__(
        self, config: pytest.Config, folder: Path, names: Sequence[str], arguments: Sequence[str]
    ) -> None:
        self._config, self.folder = config, folder
        (folder / "run").write_text(_script(names))
        # No process of the guest's can keep what it compiles.
        for name in ("intercom", "hw", "tests/vm"):
            compileall.compile_dir(ROOT / name, quiet=1)
        self._guest = Guest(
            init=ROOT / "tests/vm/guest.sh", memory="2G", bound=True,
            arguments=[f"intercom_folder={folder}", *arguments],
        )  # fmt: skip

    def reports(self, name: str) -> list[pytest.TestReport]:
        """The reports of one test, when it is over; fewer if the guest ended, or it takes long.

        A guest in which a test takes too long is ended: the next ones would wait in vain too.
        """
        end = time.monotonic() + PATIENCE
        while True:
            over = not self._guest.running
            found = [report for report in self._read() if report.nodeid == name]
            if over or any(report.when == "teardown" for report in found):
                return found
            if time.monotonic() > end:
                self._guest.kill()
            time.sleep(0.1)

    def tail(self) -> str:
        """What the guest wrote at last."""
        output = self.folder / "output"
        text = output.read_text(errors="replace") if output.exists() else ""
        return "\n".join([self._guest.console, *text.splitlines()[-60:]])

    def close(self, seconds: float) -> None:
        """Let the guest power off within this time, or end it; its console stays as a file."""
        with contextlib.suppress(TimeoutError):
            self._guest.wait(seconds)
        (self.folder / "console").write_text(self._guest.console)
        self._guest.close()

    def _read(self) -> list[pytest.TestReport]:
        path = self.folder / "reports"
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        load = self._config.hook.pytest_report_from_serializable
        whole = (json.loads(line) for line in lines if line.endswith("\n"))
        return [load(config=self._config, data=entry) for entry in whole]


def _script(names: Sequence[str]) -> str:
    """What the guest runs: the same Python and pytest as here.

    Debian's pygame comes before ours, and of ALSA's plug-ins none, as on a Pi.
    """
    command = [
        sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-m", "slow or not slow",
        "--basetemp=/tmp/pytest", "-o", "asyncio_debug=false", "-v", *names,
    ]  # fmt: skip
    return f"""\
export INTERCOM_GUEST=1 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
mkdir -p /tmp/system
ln -s /usr/lib/python3/dist-packages/pygame /tmp/system/pygame
export PYTHONPATH=/tmp/system ALSA_CONFIG_PATH=/tmp/alsa.conf
grep -v /etc/alsa/conf.d /usr/share/alsa/alsa.conf >/tmp/alsa.conf
cd {shlex.quote(str(ROOT))}
exec {shlex.join(command)}
"""
