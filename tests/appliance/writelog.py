"""The writes of a guest to its card, and cards on which only a part of them arrived.

A card (or its controller) may lose, or keep out of order, whatever was written since the last
flush. `crash` makes such a card: all that was flushed before a moment, some of what was not, and
the last write perhaps torn.

The guest's disk (ubd of Linux 6.12) takes flushes and passes none on, so they are told by what ext4
writes: the commit block and the superblock of its journal go out between two flushes (jbd2, on-disk
format in linux/jbd2.h). Other flushes are not seen, and such a card loses more than a real one.
"""

from __future__ import annotations

import random
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

HEAD = struct.Struct("=QQQ")
WRITE, FLUSH = 1, 2
SECTOR = 512
JOURNAL = struct.Struct(">II")
JOURNAL_MAGIC, ORDERED = 0xC03B3998, (2, 3, 4)
"""The head of a block of the journal, and the types of those that are flushed before and after."""


@dataclass(frozen=True)
class Record:
    """One entry of the log: its kind, where on the card, and where in the log its bytes are."""

    kind: int
    offset: int
    size: int
    at: int


def compile_recorder(folder: Path) -> Path:
    """The library that is preloaded into the guest's kernel."""
    library = folder / "recorder.so"
    source = Path(__file__).parent / "recorder.c"
    subprocess.run(["gcc", "-O2", "-Wall", "-shared", "-fPIC", "-o", library, source, "-ldl"],
                   check=True)  # fmt: skip
    return library


def read(log: Path) -> list[Record]:
    """All records of a log; one that was cut off at its end is left out."""
    return list(_records(log))


def _records(log: Path) -> Iterator[Record]:
    size = log.stat().st_size
    at = 0
    with log.open("rb") as file:
        while at + HEAD.size <= size:
            file.seek(at)
            kind, offset, length = HEAD.unpack(file.read(HEAD.size))
            data = at + HEAD.size
            at = data + (length if kind == WRITE else 0)
            if at <= size:
                record = Record(kind, offset, length, data)
                around = [Record(FLUSH, 0, 0, data)] if _ordered(file, record) else []
                yield from (*around, record, *around)


def _ordered(file: BinaryIO, record: Record) -> bool:
    """Tell whether ext4 flushes the disk before and after this write."""
    if record.kind != WRITE or record.size < JOURNAL.size:
        return False
    file.seek(record.at)
    magic, kind = JOURNAL.unpack(file.read(JOURNAL.size))
    return magic == JOURNAL_MAGIC and kind in ORDERED


def survivors(records: list[Record], end: int, chance: random.Random) -> list[Record]:
    """What is on the card if the power goes after the record `end`: all that a flush has made
    safe, and of the rest what chance keeps; the last of them may be torn."""
    flushed = max((n for n in range(end) if records[n].kind == FLUSH), default=0)
    kept = [record for record in records[:flushed] if record.kind == WRITE]
    for record in records[flushed:end]:
        if record.kind == WRITE and chance.random() < 0.5:
            kept.append(record)
    if kept and end > flushed and kept[-1] is records[end - 1]:
        torn = kept[-1]
        sectors = chance.randint(0, torn.size // SECTOR)
        kept[-1] = Record(WRITE, torn.offset, sectors * SECTOR, torn.at)
    return kept


def crash(log: Path, records: list[Record], image: Path) -> None:
    """Put those writes on a copy of the card as it was."""
    with log.open("rb") as source, image.open("r+b") as card:
        for record in records:
            source.seek(record.at)
            card.seek(record.offset)
            card.write(source.read(record.size))
