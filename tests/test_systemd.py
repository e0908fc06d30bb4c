"""The units: understood by systemd without a complaint, shut tight, and true to the program."""

from __future__ import annotations

import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from intercom.appliance import keyfile
from intercom.appliance.orders import WENT_BACK
from intercom.appliance.owner import Wifi
from intercom.appliance.places import Places

FOLDER = Path(__file__).parent.parent / "systemd"
ANALYZE = shutil.which("systemd-analyze")
EXPOSURE = {"intercom": 1.9, "intercom-hub": 1.4}  # of 10; systemd calls up to 3.9 "OK"
ONE_SHOTS = {"intercom-steady@": 1.5, "intercom-firstboot": 2.9, "intercom-confirm": 1.1,
             "intercom-rollback": 0.9, "intercom-update": 3.0, "intercom-wifi": 0.7}  # fmt: skip
"""What else is started, and is not to run for ever."""
TIMERS = ("intercom-update", "intercom-wifi")
SINCE = {"RestartSteps": 254, "RestartMaxDelaySec": 254}
"""Settings that older systemds do not know, who only warn of them, and the first version."""

needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="needs systemd-analyze (apt: systemd)")


def settings(unit: str) -> list[tuple[str, str]]:
    """The assignments of a unit in the order of the file."""
    lines = (FOLDER / f"{unit}.service").read_text().splitlines()
    return [(key, value) for key, equals, value in (line.partition("=") for line in lines) if equals
            and not key.startswith("#")]  # fmt: skip


def analyze(*args: str | Path) -> subprocess.CompletedProcess[str]:
    """systemd-analyze as a shell would run it; neither verb needs a running systemd."""
    assert ANALYZE is not None
    command = [ANALYZE, *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def version() -> int:
    """Of the systemd here."""
    found = re.match(r"systemd (\d+)", analyze("--version").stdout)
    assert found is not None
    return int(found[1])


@pytest.fixture(params=[*EXPOSURE, *ONE_SHOTS])
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy whose ExecStart= exists on every machine; all else is as shipped, and beside it."""
    lay(tmp_path)
    return copy(tmp_path, str(request.param))


def lay(folder: Path) -> None:
    """Copies of all, whose ExecStart= exists on every machine.

    Without what the systemd here is too old for: the appliance's own reads it all, see
    tests/appliance.
    """
    for name in (*EXPOSURE, *ONE_SHOTS):
        text = (FOLDER / f"{name}.service").read_text()
        text, replaced = re.subn(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE)
        assert replaced == 1
        for key in (key for key, first in SINCE.items() if first > version()):
            text = re.sub(rf"^{key}=.*\n", "", text, flags=re.MULTILINE)
        copy(folder, name).write_text(text)


def copy(folder: Path, name: str) -> Path:
    """Where a unit's copy is; of a template, one for the station."""
    return folder / f"{name.replace('@', '@intercom')}.service"


@needs_systemd
def test_systemd_understands_every_line(unit: Path) -> None:
    result = analyze("verify", "--man=no", "--recursive-errors=yes", unit)
    assert (result.returncode, result.stdout + result.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("name", TIMERS)
def test_a_timer_is_understood_and_starts_its_service(tmp_path: Path, name: str) -> None:
    lay(tmp_path)
    timer = shutil.copy(FOLDER / f"{name}.timer", tmp_path)
    result = analyze("verify", "--man=no", "--recursive-errors=yes", timer)
    assert (result.returncode, result.stdout + result.stderr) == (0, "")
    assert (FOLDER / f"{name}.service").exists()


@needs_systemd
def test_systemd_would_not_have_understood_a_wrong_line(unit: Path) -> None:
    unit.write_text(unit.read_text().replace("NoNewPrivileges=", "NoNewPriviledges="))
    result = analyze("verify", "--man=no", "--recursive-errors=yes", unit)
    assert "NoNewPriviledges" in result.stderr


@needs_systemd
def test_little_is_left_open_to_an_intruder(unit: Path) -> None:
    threshold = int((EXPOSURE | ONE_SHOTS)[unit.stem.replace("@intercom", "@")] * 10)
    result = analyze("security", "--offline=true", f"--threshold={threshold}", "--no-pager", unit)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("name", EXPOSURE)
def test_it_is_watched_and_comes_back_for_ever(name: str) -> None:
    values = dict(settings(name))
    assert values["Type"] == "notify"
    assert values["NotifyAccess"] == "main"
    assert int(values["WatchdogSec"]) > 0
    assert values["Restart"] == "always"
    assert values["StartLimitIntervalSec"] == "0"


@pytest.mark.parametrize("name", EXPOSURE)
def test_it_waits_longer_each_time_it_crashes_but_not_for_crashes_of_long_ago(name: str) -> None:
    values = dict(settings(name))
    assert 0 < int(values["RestartSec"]) <= 2
    assert int(values["RestartSec"]) < int(values["RestartMaxDelaySec"]) <= 60
    assert int(values["RestartSteps"]) > 0
    assert values["Wants"] == f"intercom-steady@{name}.service"
    assert (FOLDER / "intercom-steady@.service").exists()


@pytest.mark.parametrize("name", EXPOSURE)
def test_a_leak_ends_it_and_does_not_only_slow_it_down(name: str) -> None:
    values = dict(settings(name))
    assert values["MemoryMax"].endswith("M")
    assert "MemoryHigh" not in values


@pytest.mark.parametrize("name", EXPOSURE)
def test_it_leaves_no_picture_of_its_memory_on_the_card(name: str) -> None:
    assert dict(settings(name))["LimitCORE"] == "0"


@pytest.mark.parametrize("name", EXPOSURE)
def test_it_does_not_wait_for_a_network(name: str) -> None:
    assert "network-online" not in " ".join(value for _, value in settings(name))


@pytest.mark.parametrize(("name", "command"), [("intercom", "station"), ("intercom-hub", "hub")])
def test_it_runs_the_role_with_its_own_settings(name: str, command: str) -> None:
    program, *arguments = dict(settings(name))["ExecStart"].split()
    assert program.startswith("/")
    assert program.endswith("/bin/intercom")
    assert arguments == [command, "--config", f"/etc/intercom/{command}.toml"]


def test_the_units_do_not_share_what_goes_away_with_one_of_them() -> None:
    folders = [dict(settings(name))["RuntimeDirectory"] for name in EXPOSURE]
    assert len(set(folders)) == len(folders)


def test_the_station_may_use_its_devices_and_no_others() -> None:
    values = settings("intercom")
    assert ("DevicePolicy", "closed") in values
    allowed = {value.split()[0] for key, value in values if key == "DeviceAllow"}
    needed = {"gpiochip", "video4linux", "media", "dma_heap", "alsa", "drm", "input"}
    assert {f"char-{device}" for device in needed} <= allowed
    assert not {"char-*", "block-*"} & allowed


def test_every_device_of_the_station_says_what_it_is_for() -> None:
    lines = (FOLDER / "intercom.service").read_text().splitlines()
    for before, line in pairwise(lines):
        if line.startswith("DeviceAllow="):
            assert before.startswith(("#", "DeviceAllow=")), line


def test_a_version_that_cannot_even_be_imported_is_a_failure_of_its_proof() -> None:
    """Python ends by 1 then, and only a failure calls for the rollback."""
    unit = (FOLDER / "intercom-confirm.service").read_text()
    assert f"SuccessExitStatus={WENT_BACK}\n" in unit
    assert WENT_BACK not in (0, 1, 2)
    assert "OnFailure=intercom-rollback.service" in unit


def wifi_script() -> str:
    """The shell's part of the unit that looks after the Wi-Fi, as systemd hands it over."""
    text = (FOLDER / "intercom-wifi.service").read_text()
    found = re.search(r"^ExecStart=-/bin/sh -c '(.*?)'$", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1].replace("\\\n", " ").replace("$$", "$")


@pytest.mark.parametrize(
    ("code", "state", "brought_up"),
    [(0, "", True), (0, "activated", False), (0, "activating", False), (10, "", False),
     (8, "", False)],
)  # fmt: skip
def test_the_wifi_is_brought_up_where_it_is_down(
    tmp_path: Path, code: int, state: str, brought_up: bool
) -> None:
    nmcli = tmp_path / "nmcli"
    nmcli.write_text(
        f'#!/bin/sh\necho "$*" >>{tmp_path}/asked\n'
        f'case $* in --get*) echo "{state}"; exit {code};; *) exit 4;; esac\n'
    )
    nmcli.chmod(0o755)
    subprocess.run(["sh", "-c", wifi_script()], env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
                   check=False, timeout=20)  # fmt: skip
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked[0] == "--get-values GENERAL.STATE connection show intercom-wifi"
    up = ["--wait 30 connection up intercom-wifi"] if brought_up else []
    assert asked[1:] == up


def test_the_wifi_is_looked_after_only_where_the_owner_gave_one() -> None:
    place = f"{Places().network / keyfile.NAME}"
    for name in ("service", "timer"):
        assert f"\nConditionPathExists={place}\n" in (FOLDER / f"intercom-wifi.{name}").read_text()
    assert "\nid=intercom-wifi\n" in keyfile.render(Wifi("Home"))
