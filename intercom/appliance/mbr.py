"""A partition table of the old kind (MBR), as far as it takes to make a partition longer. PURE.

The table is the first sector of a disk: four entries of 16 bytes at 446, and a signature at 510.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

SECTOR = 512
_FIRST = 446
_ENTRY = struct.Struct("<B3sB3sII")
_MOST = 2**32 - 1


class TableError(ValueError):
    """This is no such table, or it is not as it should be."""


@dataclass(frozen=True)
class Partition:
    """One entry, in sectors of 512 bytes."""

    start: int
    length: int
    kind: int


def read(sector: bytes, number: int) -> Partition:
    """Partition `number`, from 1. Raises TableError if there is none."""
    if len(sector) != SECTOR or sector[510:] != b"\x55\xaa":
        raise TableError("there is no partition table")
    entry = _ENTRY.unpack_from(sector, _FIRST + _ENTRY.size * (number - 1))
    found = Partition(entry[4], entry[5], entry[2])
    if not found.kind or not found.length:
        raise TableError(f"there is no partition {number}")
    return found


def grown(sector: bytes, number: int, disk: int) -> bytes:
    """The table with partition `number` reaching to the end of a disk of so many sectors, or as
    far as a table of this kind can say. It is never made shorter. Raises TableError if another one
    lies behind it."""
    wanted = read(sector, number)
    for other in range(1, 5):
        try:
            behind = read(sector, other).start > wanted.start
        except TableError:
            continue
        if behind:
            raise TableError(f"partition {other} is behind partition {number}")
    length = min(disk - wanted.start, _MOST)
    if length <= wanted.length:
        return sector
    # Where it ends in cylinders, heads and sectors is beyond what those can say.
    place = _FIRST + _ENTRY.size * (number - 1)
    status, first, kind, _, start, _ = _ENTRY.unpack_from(sector, place)
    entry = _ENTRY.pack(status, first, kind, b"\xfe\xff\xff", start, length)
    return sector[:place] + entry + sector[place + _ENTRY.size :]
