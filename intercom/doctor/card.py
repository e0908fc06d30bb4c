"""Reads what /sys tells of cards and file systems."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from intercom.doctor import judge_card
from intercom.doctor.files import number, text
from intercom.doctor.judge_card import Card, FileSystem
from intercom.doctor.patient import Patient
from intercom.doctor.results import Result

DISKS = ("mmcblk", "nvme", "sd", "vd")
PREINIT = "run/intercom-boot/preinit.json"
"""What the card's start tells of its data partition."""
SECTOR = 512  # of /sys/block/*/size, whatever the disk's own is


def check(patient: Patient) -> Iterator[Result]:
    """A line each card, and one for the room on it."""
    year = datetime.fromtimestamp(patient.clock(), UTC).year
    cards = [_card(folder) for folder in sorted((patient.root / "sys/block").glob("*"))
             if folder.name.startswith(DISKS) and "boot" not in folder.name]  # fmt: skip
    files = _file_systems(patient.root)
    for it in cards:
        yield judge_card.card(it, [f for f in files if f.device.startswith(it.device)], year)
    if not cards:
        yield judge_card.none()
    yield _space(patient)


def _card(folder: Path) -> Card:
    device = folder / "device"
    kind = text(device / "type")
    mmc = kind in {"SD", "MMC"}
    return Card(
        folder.name,
        kind if mmc else "",
        text(device / ("name" if mmc else "model")),
        number(device / "manfid", 16) if mmc else None,
        text(device / "date"),
        (number(folder / "size") or 0) * SECTOR,
        judge_card.life(text(device / "life_time")),
        number(device / "pre_eol_info", 16) or 0,
    )


def _file_systems(root: Path) -> list[FileSystem]:
    mounted = judge_card.file_systems(text(root / "proc/mounts"))
    found = []
    for folder in sorted((root / "sys/fs/ext4").glob("*")):
        if folder.name == "features":
            continue
        stopped = mounted.get(folder.name, False)
        errors = number(folder / "errors_count") or 0
        written = number(folder / "lifetime_write_kbytes")
        found.append(FileSystem(folder.name, errors, written, stopped))
    return found


def _space(patient: Patient) -> Result:
    """Of the folder where the hub's state and a station's key are, or what is above it."""
    folder = Path(patient.config.hub.state_dir)
    while not folder.exists():
        folder = folder.parent
    room = shutil.disk_usage(folder)
    read_only = bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    return judge_card.space(
        str(folder),
        room.free,
        room.total,
        writable=not read_only,
        kind=judge_card.kind_of(str(folder.resolve()), text(patient.root / "proc/mounts")),
        data=judge_card.data_state(text(patient.root / PREINIT)),
    )
