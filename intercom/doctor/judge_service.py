"""What systemd says of the service, and what its user may do. PURE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from intercom.doctor.results import Result, fault, judged, skipped, warning

LOG = "journalctl -u intercom -n 50"
UNIT = "intercom.service"

PROPERTIES = (
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "NRestarts",
    "WatchdogUSec",
    "StatusText",
    "ExecMainCode",
    "ExecMainStatus",
    "UnitFileState",
    "ActiveEnterTimestamp",
    "MemoryCurrent",
)
"""What is asked of `systemctl show`."""


def properties(shown: str) -> dict[str, str]:
    """The properties of `systemctl show`, "Name=value" a line."""
    pairs = (line.partition("=") for line in shown.splitlines())
    return {name: value for name, _, value in pairs}


def service(unit: Mapping[str, str]) -> Result:
    """The verdict on the station's unit."""
    state, sub = unit.get("ActiveState", ""), unit.get("SubState", "")
    values, last = _values(unit), _last(unit)
    if unit.get("LoadState") == "not-found":
        return skipped("service", f"{UNIT} is not installed: the station is started by hand")
    if state == "failed":
        remedy = f"{LOG}; then systemctl start intercom"
        return fault("service", f"{UNIT} failed{last}", remedy, **values)
    if sub == "auto-restart":
        words = f"{UNIT} ends again and again ({values['restarts']} restarts{last})"
        return fault("service", words, LOG, **values)
    if state == "activating":
        words = f"{UNIT} starts, and waits: {unit.get('StatusText') or 'it does not say for what'}"
        return warning("service", words, "see the lines hub and login", **values)
    if state != "active":
        words = f"{UNIT} does not run ({state}, {sub})"
        return warning("service", words, "sudo systemctl enable --now intercom", **values)
    warnings = []
    if values["restarts"]:
        warnings.append((f"{values['restarts']} restarts since it was well{last}", LOG))
    if not values["enabled"]:
        warnings.append(("it does not start with the machine", "sudo systemctl enable intercom"))
    return judged("service", _running(unit, values), (), warnings, **values)


def _running(unit: Mapping[str, str], values: Mapping[str, Any]) -> str:
    text = f"{UNIT} runs since {unit.get('ActiveEnterTimestamp', '?')}"
    if memory := values["memory_bytes"]:
        text += f", {memory / 1e6:.0f} MB"
    text += f", watchdog {unit.get('WatchdogUSec', '') or 'off'}"
    status = unit.get("StatusText")
    return text + f', says "{status}"' if status else text


def _values(unit: Mapping[str, str]) -> dict[str, Any]:
    return {
        "state": unit.get("ActiveState", ""),
        "sub_state": unit.get("SubState", ""),
        "restarts": int(unit.get("NRestarts", "0") or 0),
        "result": unit.get("Result", ""),
        "status": unit.get("StatusText", ""),
        "enabled": unit.get("UnitFileState") == "enabled",
        "watchdog": unit.get("WatchdogUSec", ""),
        "memory_bytes": _number(unit.get("MemoryCurrent", "")),
    }


def _last(unit: Mapping[str, str]) -> str:
    """How it ended the last time, where that was not well."""
    result = unit.get("Result", "success")
    return "" if result in {"", "success"} else f", the last by {result}"


def _number(value: str) -> int | None:
    return int(value) if value.isdecimal() else None


@dataclass(frozen=True)
class File:
    """A device file: mode bits, its owner's and its group's number and name."""

    path: str
    mode: int
    uid: int
    gid: int
    group: str = ""


@dataclass(frozen=True)
class User:
    """Who a service runs as."""

    name: str
    uid: int
    gids: frozenset[int]


def may_use(user: User, file: File) -> bool:
    """Whether the user may read and write it, by mode bits alone."""
    if user.uid == 0:
        return True
    if user.uid == file.uid:
        return file.mode & 0o600 == 0o600
    if file.gid in user.gids:
        return file.mode & 0o060 == 0o060
    return file.mode & 0o006 == 0o006


def rights(user: User, files: Sequence[File], secrets: Sequence[tuple[File, bool]]) -> Result:
    """Whether the user may use the device files; `secrets`: own files, and whether to read only."""
    closed = [file for file in files if not may_use(user, file)]
    faults = []
    for group in sorted({file.group for file in closed}):
        mine = [file.path for file in closed if file.group == group]
        more = f" and {len(mine) - 2} more" if len(mine) > 2 else ""
        words = f"{user.name} may not use {', '.join(mine[:2])}{more}"
        remedy = f"sudo usermod -aG {group} {user.name}, then restart the service"
        faults.append((words, remedy if group else f"see the owner of {mine[0]}"))
    for file, _ in secrets:
        if not _may_read(user, file):
            remedy = f"sudo chown {user.name} {file.path}"
            faults.append((f"{user.name} may not read {file.path}", remedy))
    warnings = [
        (f"everybody may read {file.path}", f"sudo chmod 600 {file.path}")
        for file, secret in secrets
        if secret and file.mode & 0o004
    ]
    used = len(files)
    text = f"user {user.name}: {used - len(closed)} of {used} device files may be used"
    if not files:
        text = f"user {user.name}: no device files of the configured drivers are here"
    return judged("rights", text, faults, warnings, user=user.name, files=used,
                  closed=[file.path for file in closed])  # fmt: skip


def _may_read(user: User, file: File) -> bool:
    if user.uid == 0:
        return True
    if user.uid == file.uid:
        return bool(file.mode & 0o400)
    return bool(file.mode & (0o040 if file.gid in user.gids else 0o004))
