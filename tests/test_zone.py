"""Hours are meant by the time zone of the settings, whatever the machine's own is."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from intercom import zone
from intercom.config import InvalidConfig
from intercom.main_load import load_file

NEW_YEAR = 1798761600  # 2027-01-01 00:00:00 UTC
JULY = 1782907200  # 2026-07-01 12:00:00 UTC


@pytest.fixture(autouse=True)
def own_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine that goes by UTC; the local time of this process is as it was, afterwards."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    yield
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


def settings(folder: Path, line: str) -> Path:
    """A station's file with that line in its section."""
    path = folder / "station.toml"
    path.write_text(f'[station]\nuser = "door"\n{line}\n')
    return path


def clock(moment: float) -> str:
    return time.strftime("%H:%M", time.localtime(moment))


def test_the_station_s_hours_are_those_of_its_zone_summer_and_winter(tmp_path: Path) -> None:
    load_file(settings(tmp_path, 'timezone = "Europe/Berlin"'), "station")
    assert (clock(NEW_YEAR), clock(JULY)) == ("01:00", "14:00")


def test_without_one_the_system_s_zone_counts(tmp_path: Path) -> None:
    load_file(settings(tmp_path, ""), "station")
    assert (clock(NEW_YEAR), os.environ["TZ"]) == ("00:00", "UTC")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("europe/berlin", 'did you mean "Europe/Berlin"?'),
        ("Europe/Berlim", 'did you mean "Europe/Berlin"?'),
        ("Europe", 'must be a name like "Europe/Berlin", is "Europe"'),
        ("tzdata.zi", "Europe/Berlin"),
        ("../../../etc/localtime", "Europe/Berlin"),
        ("CET-1CEST", "Europe/Berlin"),
    ],
)
def test_a_wrong_name_is_refused_in_words(tmp_path: Path, name: str, hint: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        load_file(settings(tmp_path, f'timezone = "{name}"'), "station")
    assert "station.toml: station.timezone: must be " in str(caught.value)
    assert hint in str(caught.value)
    assert os.environ["TZ"] == "UTC"


def test_a_system_without_zones_is_told_of(tmp_path: Path) -> None:
    assert "install tzdata" in zone.fault("Europe/Berlin", tmp_path / "none")


def test_the_command_line_says_it(tmp_path: Path) -> None:
    path = settings(tmp_path, 'timezone = "Mars/Base"')
    done = subprocess.run([sys.executable, "-m", "intercom", "config", "--config", path],
                          capture_output=True, text=True, check=False, timeout=60)  # fmt: skip
    assert done.returncode == 2
    assert 'station.timezone: must be a name like "Europe/Berlin", is "Mars/Base"' in done.stderr
