"""Reads the clock, and what the firmware says of power and heat."""

from __future__ import annotations

import ctypes
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from hw.thermal import ALL_BITS, PAST, Heat, read_heat
from intercom.doctor import hub, judge_machine
from intercom.doctor.files import text
from intercom.doctor.patient import Patient
from intercom.doctor.results import Result

_SYNCHRONISED = "run/systemd/timesync/synchronized"  # systemd-timesyncd.service(8)
_TIMEX_BYTES = 256  # more than linux/timex.h's struct; its first word asks for no change
_STATE_ERROR = 5  # TIME_ERROR of adjtimex(2): the clock is not synchronised


def check_clock(patient: Patient) -> Iterator[Result]:
    """Against NTP, and against the hub."""
    root, config = patient.root, patient.config
    ahead = None
    if not config.hub.embedded:  # that one has the same clock
        ahead = hub.look(patient).ahead
    rtc = any((root / "sys/class/rtc").glob("rtc*"))
    now = patient.clock()
    date = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    yield judge_machine.clock(now, date, synchronised(root, patient.is_here), ahead, rtc)


def synchronised(root: Path, here: bool) -> bool | None:
    """Whether NTP keeps the clock; None when nobody says."""
    if (root / _SYNCHRONISED).exists():
        return True
    if not here:
        return False if (root / "run/systemd").exists() else None
    adjtimex = getattr(ctypes.CDLL(None), "adjtimex", None)
    if adjtimex is None:
        return None
    state = adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    return None if state < 0 else state != _STATE_ERROR


def check_power(patient: Patient) -> Iterator[Result]:
    """The firmware's word on the supply."""
    yield judge_machine.power(read(patient), model(patient.root))


def check_heat(patient: Patient) -> Iterator[Result]:
    """Temperature, and whether the processor is slowed down."""
    yield judge_machine.heat(read(patient))


def model(root: Path) -> str:
    """The machine's model by its device tree; an empty string elsewhere."""
    return text(root / "proc/device-tree/model")


def read(patient: Patient) -> Heat:
    """By the firmware's own program where that can be asked: only it knows of the past."""
    found = read_heat(patient.root / "sys")
    word = _vcgencmd() if patient.is_here else None
    if word is None:
        return found
    flags = word & ALL_BITS | (found.flags or 0)
    return replace(found, flags=flags, known=ALL_BITS, since_boot=word >> PAST & ALL_BITS)


def _vcgencmd() -> int | None:
    found = re.search(r"throttled=(0x[0-9a-fA-F]+)", vcgencmd("get_throttled"))
    return int(found[1], 16) if found else None


def vcgencmd(question: str) -> str:
    """What the firmware's own program says; nothing where it is not there or does not know."""
    command = ["vcgencmd", question]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=3, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return told.stdout
