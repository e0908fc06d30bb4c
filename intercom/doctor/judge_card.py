"""What a card, its file systems and the room on them tell. PURE.

Only eMMC tells its wear: JEDEC eMMC 5.0, JESD84-B50, EXT_CSD bytes 267 to 269 (pre-EOL and life
time estimates), which Linux shows as `pre_eol_info` and `life_time`. SD cards have no such
register that all makers fill in; what the file system counted of its writes is told instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from intercom.doctor.results import Result, fault, judged, ok, skipped

MAKERS: Mapping[int, str] = {
    0x01: "Panasonic",
    0x02: "Toshiba or Kioxia",
    0x03: "SanDisk or WD",
    0x1B: "Samsung",
    0x1D: "ADATA",
    0x27: "Phison",
    0x28: "Lexar",
    0x31: "Silicon Power",
    0x41: "Kingston",
    0x74: "Transcend",
    0x76: "Patriot",
    0x9F: "Kingston or Texas Instruments",
}
"""Of SD cards, by the manufacturer's number in the card's register CID, as commonly seen."""
LITTLE_MB, NONE_MB = 200.0, 20.0
WORN, SPENT = 80, 100
"""Per cent of the life that the maker planned."""
OLD_YEARS = 8

_REPLACE = "make a new card, of a kind for endless recording (high endurance), and keep this spare"
_EMERGENCY = (
    "save what is needed, check it with `e2fsck -f` from another system, and replace the card"
)


@dataclass(frozen=True)
class Card:
    """A disk as /sys/block tells of it. `life` in per cent by kind of its cells, at most so much
    used; `pre_eol` 1 normal, 2 warning, 3 urgent."""

    device: str
    kind: str  # "SD", "MMC" (eMMC) or "" for others
    name: str = ""
    maker: int | None = None
    made: str = ""  # month/year
    bytes: int = 0
    life: Sequence[int] = ()
    pre_eol: int = 0


@dataclass(frozen=True)
class FileSystem:
    """An ext4, as /sys/fs/ext4 and /proc/mounts tell. `stopped`: errors made it read-only."""

    device: str
    errors: int = 0
    written_kb: int | None = None
    stopped: bool = False


def card(it: Card, files: Sequence[FileSystem], year: int) -> Result:
    """The verdict on one disk and what is on it."""
    kind = {"SD": "SD card", "MMC": "eMMC"}.get(it.kind, "disk")
    maker = MAKERS.get(it.maker, f"maker {it.maker:#04x}") if it.maker is not None else ""
    parts = [f"{it.device}: {kind} {it.name}".strip(), maker, f"{it.bytes / 1e9:.1f} GB"]
    if it.made:
        parts.append(f"made {it.made}")
    written = sum(file.written_kb or 0 for file in files)
    if any(file.written_kb is not None for file in files):
        times = f" ({written * 1024 / it.bytes:.1f} times its size)" if it.bytes else ""
        parts.append(f"{written * 1024 / 1e9:.1f} GB written{times}")
    parts.append(_life(it))
    faults, warnings = _wear(it, year)
    for file in files:
        if file.errors or file.stopped:
            words = f"{file.device} counts {file.errors} errors"
            faults.append((words + (" and was made read-only" * file.stopped), _EMERGENCY))
    return judged(
        "card",
        ", ".join(filter(None, parts)),
        faults,
        warnings,
        device=it.device,
        kind=it.kind or None,
        name=it.name or None,
        maker=maker or None,
        made=it.made or None,
        size_bytes=it.bytes,
        written_bytes=written * 1024 if written else None,
        life_used_percent=max(it.life, default=None),
        pre_eol=it.pre_eol or None,
        errors=sum(file.errors for file in files),
    )


def space(
    path: str, free: int, total: int, *, writable: bool, kind: str = "", data: str = ""
) -> Result:
    """The verdict on the room where this program keeps what must stay; `kind` of file system, and
    the state of a card's data partition, where they are known."""
    text = f"{path}: {free / 1e6:.0f} of {total / 1e6:.0f} MB free"
    values: dict[str, str | int | bool] = {
        "path": path,
        "free_bytes": free,
        "total_bytes": total,
        "writable": writable,
    }
    if data in {"lost", "absent"}:
        words = f"{text}: the data partition is {data}, nothing is kept over a restart"
        return fault("space", words, "make a new card: docs/image.md", **values)
    if not writable:
        remedy = "see `dmesg` for errors of the card; else let the service's user own that folder"
        return fault("space", f"{text}, not writable", remedy, **values)
    clean = "delete what is not needed: `du -xh --max-depth=2`; lower [hub] messages_mb"
    if free < NONE_MB * 1e6:
        return fault("space", f"{text}: it is full", clean, **values)
    if free < LITTLE_MB * 1e6:
        return judged("space", text, (), [("that is little", clean)], **values)
    if kind in {"tmpfs", "ramfs"}:
        words = "it lies in memory, nothing is kept over a restart"
        return judged("space", text, (), [(words, "put [hub] state_dir on a disk")], **values)
    return ok("space", text, **values)


def none() -> Result:
    """No disk is told of."""
    return skipped("card", "the kernel tells of no card or disk here")


def life(life_time: str) -> list[int]:
    """Per cent used at most, of `life_time` ("0x01 0x02": a tenth each; 0x0b: all of it)."""
    values = [int(word, 16) for word in re.findall(r"0x[0-9a-fA-F]+", life_time)]
    return [min(value, 11) * 10 for value in values if value]


def file_systems(mounts: str) -> dict[str, bool]:
    """Whether errors stopped it, by the partition's name, of /proc/mounts."""
    found: dict[str, bool] = {}
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) < 4 or fields[2] != "ext4" or not fields[0].startswith("/dev/"):
            continue
        name = fields[0].rpartition("/")[2]
        # emergency_ro: of kernels from 6.14 on; before, such a file system shows a plain ro
        found[name] = found.get(name, False) or "emergency_ro" in fields[3].split(",")
    return found


def kind_of(path: str, mounts: str) -> str:
    """The kind of file system that `path` (absolute) lies on, by /proc/mounts; "": not known."""
    found = {}
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) > 3 and f"{path}/".startswith(f"{fields[1].rstrip('/')}/"):
            found[len(fields[1])] = fields[2]  # the last one lies over those before
    return found[max(found)] if found else ""


def data_state(preinit: str) -> str:
    """The state of a card's data partition, as its start has told it in JSON; "": not known."""
    try:
        return str(json.loads(preinit)["data_state"])
    except (ValueError, KeyError, TypeError):
        return ""


def _life(it: Card) -> str:
    if it.life:
        return f"{max(it.life) - 10} to {max(it.life)} % of its life used"
    if it.kind == "SD":
        return "its wear cannot be read (SD cards do not tell)"
    return "" if it.kind else "its wear is told by `smartctl -a`"


def _wear(it: Card, year: int) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    used = max(it.life, default=0)
    if used > SPENT or it.pre_eol >= 3:
        return [("it is worn out", _REPLACE)], []
    if used >= WORN or it.pre_eol == 2:
        return [], [("it will be worn out soon", _REPLACE)]
    made = re.fullmatch(r"\d+/(\d{4})", it.made)
    if made and int(made[1]) >= EARLIEST and year - int(made[1]) > OLD_YEARS:
        return [], [(f"it is {year - int(made[1])} years old", _REPLACE)]
    return [], []


EARLIEST = 2000
"""The first year that the register CID can tell."""
