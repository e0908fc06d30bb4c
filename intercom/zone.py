"""The time zone by which hours are meant: the one of the settings, or else the system's."""

from __future__ import annotations

import os
import re
import time
import zoneinfo
from pathlib import Path

from intercom.config_check import did_you_mean

ZONES = Path("/usr/share/zoneinfo")
"""Where the C library looks: a file a zone, tzfile(5)."""

_FORM = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,3}")
_MAGIC = b"TZif"


def fault(name: str, zones: Path = ZONES) -> str:
    """What is wrong with a zone's name, in words for its owner; "" if it can be used, or is ""."""
    if not name or (_FORM.fullmatch(name) and _is_zone(zones / name)):
        return ""
    if not zones.is_dir():
        return f'cannot be "{name[:64]}": this system knows no time zones; install tzdata'
    known = {zone.casefold(): zone for zone in zoneinfo.available_timezones()}
    near = known.get(name.casefold())
    hint = f', did you mean "{near}"?' if near else did_you_mean(name, known.values())
    return f'must be a name like "Europe/Berlin", is "{name[:64]}"{hint}'


def use(name: str) -> None:
    """Have the local time of this process, and of those it starts, in that zone; "" changes
    nothing. The name must be a good one: the C library takes any other for UTC, without a word."""
    if name:
        os.environ["TZ"] = name
        time.tzset()


def _is_zone(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False
