"""Asks systemd for the service, and the files for what its user may do."""

from __future__ import annotations

import contextlib
import os
import pwd
import stat
import subprocess
from collections.abc import Iterator, Mapping, Set
from dataclasses import replace
from pathlib import Path

from intercom.config import Config
from intercom.doctor import judge_service
from intercom.doctor.files import text
from intercom.doctor.judge_service import PROPERTIES, UNIT, File, User
from intercom.doctor.patient import SERVICE_USER, Patient
from intercom.doctor.results import Result, fault, ok, skipped
from intercom.doctor.running import Running
from intercom.enroll import store
from intercom.hub.keys import KEY_FILE
from intercom.hub.tls import OWN_CERT

DEVICES = {
    "picamera2": ("video*", "media*", "dma_heap/*"),
    "v4l2": ("video*",),
    "pyaudio": ("snd/*",),
    "gpiozero": ("gpiochip*",),
    "kmsdrm": ("dri/card*", "dri/renderD*", "input/event*"),
}
"""The device files that each driver opens, below /dev."""
LINES = {"panel": "buttons", "enrolment": "login"}
"""Where to look for a fault that the station calls otherwise."""


def check_station(patient: Patient) -> Iterator[Result]:
    """The station that runs here, and the faults that it knows of itself."""
    station = patient.station
    if station is None:
        yield ok("station", "none runs here: its devices are free to be looked at", running=False)
        return
    text_ = f"runs (process {station.pid})"
    if not station.control:
        why = f" ({station.why})" if station.why else ""
        words = f"{text_}, but cannot be asked{why}: what it holds cannot be looked at"
        yield skipped("station", words, _to_be_asked(station, patient.root), running=True)
        return
    yield ok("station", f"{text_}, {station.state}", running=True, state=station.state)
    for kind, message in station.faults:
        line = LINES.get(kind, kind)
        yield fault("station", f"it says of its {kind}: {message}", f"see the line {line}")


def _to_be_asked(station: Running, root: Path) -> str:
    """What to do so that the station can be asked."""
    if station.why:
        return "be its user or root, or look into `journalctl -u intercom`"
    if UNIT in text(root / f"proc/{station.pid}/cgroup"):
        return "a service that waits for its enrolment has no socket: see the line login"
    folder = os.environ.get("XDG_RUNTIME_DIR") or "/tmp"
    return f'set [station] control = "{folder}/intercom-control", or stop it meanwhile'


def check_service(patient: Patient) -> Iterator[Result]:
    """The state of the unit, its restarts, and how it ended."""
    shown = _shown(*PROPERTIES)
    if shown is None:
        yield skipped("service", "there is no systemd to ask")
        return
    yield judge_service.service(judge_service.properties(shown))


def check_rights(patient: Patient) -> Iterator[Result]:
    """What the service's user may do, whoever runs the doctor."""
    user = service_user(patient.root, _unit() if patient.is_here else {})
    config = patient.config
    drivers = [config.camera.driver, config.sound.driver, config.panel.driver, config.screen.driver]
    dev = patient.root / "dev"
    found = [
        _file(path, patient.root)
        for driver in drivers
        for pattern in DEVICES.get(driver, ())
        for path in sorted(dev.glob(pattern))
        if stat.S_ISCHR(path.stat().st_mode) or not patient.is_here
    ]
    yield judge_service.rights(user, found, [*_own(config, patient)])


def _unit() -> dict[str, str]:
    """Whom systemd starts the service as; empty where there is none to ask."""
    shown = _shown("User", "SupplementaryGroups", "ProtectHome")
    return {} if shown is None else judge_service.properties(shown)


def _shown(*names: str) -> str | None:
    """Properties of the unit; None without a systemd."""
    command = ["systemctl", "show", UNIT, *(f"--property={name}" for name in names)]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return told.stdout


def service_user(root: Path, unit: Mapping[str, str]) -> User:
    """The user of the service, with the groups that its `unit` adds; the present one when there
    is none."""
    wanted = unit.get("User") or SERVICE_USER
    more = set(unit.get("SupplementaryGroups", "").split())
    homes = unit.get("ProtectHome") not in {"yes", "tmpfs"}
    passwd = (line.split(":") for line in text(root / "etc/passwd").splitlines())
    for name, _, uid, gid, *_ in (fields for fields in passwd if len(fields) > 3):
        if name == wanted:
            gids = frozenset({int(gid), *_groups(root, name, more)})
            return User(name, int(uid), gids, homes)
    me = os.geteuid()
    return User(pwd.getpwuid(me).pw_name, me, frozenset({os.getegid(), *os.getgroups()}))


def _groups(root: Path, user: str, more: Set[str]) -> Iterator[int]:
    """Those that the user is in, and `more`, by name or by number."""
    for line in text(root / "etc/group").splitlines():
        fields = line.split(":")
        if len(fields) > 3 and (user in fields[3].split(",") or more & {fields[0], fields[2]}):
            yield int(fields[2])


def _file(path: Path, root: Path) -> File:
    found = path.stat()
    names = (line.split(":") for line in text(root / "etc/group").splitlines())
    group = next((it[0] for it in names if len(it) > 2 and it[2] == str(found.st_gid)), "")
    shown = f"/{path.relative_to(root)}"
    return File(shown, stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid, group)


def _own(config: Config, patient: Patient) -> Iterator[tuple[File, bool]]:
    """The station's own files, and whether they are secret."""
    given = [it.secret or it.credential for it in config.hub.ice_servers]
    secrets = [(patient.path, any([config.station.token, *given]))]
    if config.station.token_file:
        secrets.append((Path(config.station.token_file), True))
    if config.station.key_file:
        key_file = Path(config.station.key_file)
        secrets += [(key_file, True), (key_file.with_name(store.FILE), False)]
    if config.hub.embedded:
        secrets += [(Path(config.hub.state_dir) / name, True) for name in (KEY_FILE, OWN_CERT)]
    for path, secret in secrets:
        with contextlib.suppress(OSError):  # it is not there, or its folder is closed to us
            here = path.absolute()
            within = tuple(_file(folder, Path("/")) for folder in reversed(here.parents))
            yield replace(_file(here, Path("/")), within=within), secret
