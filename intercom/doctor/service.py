"""Asks systemd for the service, and the files for what its user may do."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

from intercom.config import Config
from intercom.doctor import judge_service
from intercom.doctor.files import text
from intercom.doctor.judge_service import PROPERTIES, UNIT, File, User
from intercom.doctor.patient import SERVICE_USER, Patient
from intercom.doctor.results import Result, fault, ok, skipped
from intercom.enroll import store

DEVICES = {
    "picamera2": ("video*", "media*", "dma_heap/*"),
    "v4l2": ("video*",),
    "pyaudio": ("snd/*",),
    "gpiozero": ("gpiochip*",),
    "kmsdrm": ("dri/card*", "dri/renderD*", "input/event*"),
}
"""The device files that each driver opens, below /dev."""


def check_station(patient: Patient) -> Iterator[Result]:
    """The station that runs here, and the faults that it knows of itself."""
    station = patient.station
    if station is None:
        yield ok("station", "none runs here: its devices are free to be looked at", running=False)
        return
    text_ = f"runs (process {station.pid})"
    if not station.control:
        why = f" ({station.why})" if station.why else ""
        yield skipped(
            "station",
            f"{text_}, but cannot be asked{why}: what it holds cannot be looked at",
            'set [station] control = "/run/intercom/control", and be its user or root; or'
            " `sudo systemctl stop intercom` meanwhile",
            running=True,
        )
        return
    yield ok("station", f"{text_}, {station.state}", running=True, state=station.state)
    for kind, message in station.faults:
        yield fault("station", f"it says of its {kind}: {message}", f"see the line {kind}")


def check_service(patient: Patient) -> Iterator[Result]:
    """The state of the unit, its restarts, and how it ended."""
    command = ["systemctl", "show", UNIT, *(f"--property={name}" for name in PROPERTIES)]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        yield skipped("service", "there is no systemd to ask")
        return
    yield judge_service.service(judge_service.properties(told.stdout))


def check_rights(patient: Patient) -> Iterator[Result]:
    """What the service's user may do, whoever runs the doctor."""
    user = service_user(patient.root)
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


def service_user(root: Path) -> User:
    """The user of the service; the present one when there is none."""
    passwd = (line.split(":") for line in text(root / "etc/passwd").splitlines())
    for name, _, uid, gid, *_ in (fields for fields in passwd if len(fields) > 3):
        if name == SERVICE_USER:
            return User(name, int(uid), frozenset({int(gid), *_groups(root, name)}))
    me = os.geteuid()
    return User(pwd.getpwuid(me).pw_name, me, frozenset({os.getegid(), *os.getgroups()}))


def _groups(root: Path, user: str) -> Iterator[int]:
    for line in text(root / "etc/group").splitlines():
        fields = line.split(":")
        if len(fields) > 3 and user in fields[3].split(","):
            yield int(fields[2])


def _file(path: Path, root: Path) -> File:
    found = path.stat()
    names = (line.split(":") for line in text(root / "etc/group").splitlines())
    group = next((it[0] for it in names if len(it) > 2 and it[2] == str(found.st_gid)), "")
    shown = f"/{path.relative_to(root)}"
    return File(shown, stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid, group)


def _own(config: Config, patient: Patient) -> Iterator[tuple[File, bool]]:
    """The station's own files, and whether they are secret."""
    secrets = [(patient.path, bool(config.station.token.reveal()))]
    if config.station.token_file:
        secrets.append((Path(config.station.token_file), True))
    if config.station.key_file:
        key_file = Path(config.station.key_file)
        secrets += [(key_file, True), (key_file.with_name(store.FILE), False)]
    for path, secret in secrets:
        if path.exists():
            yield _file(path.absolute(), Path("/")), secret
