"""What systemd says of the service, and what its user may do. PURE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from intercom.doctor.results import Result, fault, judged, skipped, warning

LOG = "journalctl -u intercom -n 50"
UNIT = "intercom.service"
HOMES = ("/home/", "/root/", "/run/user/")
"""What ProtectHome= of systemd.exec(5) hides."""

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
        remedy = f"{LOG}; then sudo systemctl --no-block restart intercom"
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
    """A device file or an own one: mode bits, its owner's and its group's number and name.

    `within`: the folders above it, where they matter.
    """

    path: str
    mode: int
    uid: int
    gid: int
    group: str = ""
    within: tuple[File, ...] = ()


@dataclass(frozen=True)
class User:
    """Who a service runs as; `homes`: systemd does not hide people's homes from it."""

    name: str
    uid: int
    gids: frozenset[int]
    homes: bool = True


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
    for group in sorted({_opening(file) for file in closed}):
        mine = [file.path for file in closed if _opening(file) == group]
        more = f" and {len(mine) - 2} more" if len(mine) > 2 else ""
        words = f"{user.name} may not use {', '.join(mine[:2])}{more}"
        remedy = f"sudo usermod -aG {group} {user.name}, then restart the service"
        faults.append((words, remedy if group else _RULES))
    for file, _ in secrets:
        faults += _unreadable(user, file)
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


_RULES = (
    "no group may use it: lay down the udev rules 60-intercom.rules by `config/image/install.sh`,"
    " then restart"
)


def _opening(file: File) -> str:
    """The group whose members may use the file; an empty string when it is no use to be in it."""
    return file.group if file.gid != 0 and file.mode & 0o060 == 0o060 else ""


def _unreadable(user: User, file: File) -> list[tuple[str, str]]:
    """Why the service cannot read an own file, and what to do; nothing when it can."""
    move = "move it to /etc/intercom, for its user to read"
    if not _may(user, file, 0o4):
        remedy = f"sudo chown {user.name} {file.path}"
        return [(f"{user.name} may not read {file.path}", remedy)]
    if not user.homes and file.path.startswith(HOMES):
        return [(f"the service does not see {file.path} (ProtectHome=)", move)]
    for folder in file.within:
        if not _may(user, folder, 0o1):
            words = f"{user.name} may not enter {folder.path}, where {file.path} is"
            return [(words, f"{move}; or let {user.name} into that folder")]
    return []


def _may(user: User, file: File, bit: int) -> bool:
    """Whether the user may read (4) the file or enter (1) the folder."""
    if user.uid == 0:
        return True
    if user.uid == file.uid:
        return bool(file.mode & bit << 6)
    return bool(file.mode & (bit << 3 if file.gid in user.gids else bit))
