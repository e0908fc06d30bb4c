"""What is kept of a card's writes when the power goes; the recorder itself, on a real file."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from .writelog import (
    FLUSH,
    HEAD,
    JOURNAL,
    JOURNAL_MAGIC,
    WRITE,
    Record,
    compile_recorder,
    crash,
    read,
    survivors,
)

SCRIPT = """
import os, sys
file = os.open(sys.argv[1], os.O_RDWR)
other = os.open(sys.argv[2], os.O_RDWR | os.O_CREAT)
os.pwrite(file, b"A" * 1024, 0)
os.pwrite(other, b"no", 0)
os.fsync(file)
os.pwrite(file, b"B" * 1024, 2048)
os.fdatasync(file)
"""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of two writes, each flushed, to a card of 4 KiB."""
    folder = tmp_path_factory.mktemp("log")
    (folder / "card").write_bytes(bytes(4096))
    environment = {
        **os.environ, "LD_PRELOAD": str(compile_recorder(folder)),
        "RECORD_IMAGE": str(folder / "card"), "RECORD_LOG": str(folder / "log"),
    }  # fmt: skip
    arguments = [sys.executable, "-c", SCRIPT, str(folder / "card"), str(folder / "other")]
    subprocess.run(arguments, env=environment, check=True)
    return folder / "log"


def test_the_recorder_logs_the_writes_to_the_card_and_no_others(log: Path) -> None:
    told = [(it.kind, it.offset, it.size) for it in read(log)]
    assert told == [(WRITE, 0, 1024), (FLUSH, 0, 0), (WRITE, 2048, 1024), (FLUSH, 0, 0)]


@pytest.mark.parametrize(("kind", "flushed"), [(1, False), (2, True), (4, True), (5, False)])
def test_a_commit_of_the_journal_is_flushed_before_and_after(
    tmp_path: Path, kind: int, flushed: bool
) -> None:
    block = JOURNAL.pack(JOURNAL_MAGIC, kind).ljust(4096, b"x")
    (tmp_path / "log").write_bytes(HEAD.pack(WRITE, 8192, len(block)) + block)
    told = [it.kind for it in read(tmp_path / "log")]
    assert told == ([FLUSH, WRITE, FLUSH] if flushed else [WRITE])


def test_a_card_is_made_of_what_survived(log: Path, tmp_path: Path) -> None:
    card = tmp_path / "card"
    card.write_bytes(bytes(4096))
    crash(log, survivors(read(log), 2, random.Random(1)), card)
    assert card.read_bytes() == b"A" * 1024 + bytes(3072)


RECORDS = [Record(WRITE, n * 4096, 4096, 0) for n in range(20)]
RECORDS.insert(10, Record(FLUSH, 0, 0, 0))


@pytest.mark.parametrize("seed", range(20))
def test_what_was_flushed_is_there_and_of_the_rest_a_part(seed: int) -> None:
    kept = survivors(RECORDS, 21, random.Random(seed))
    assert kept[:10] == RECORDS[:10]
    rest = kept[10:]
    assert len(rest) < 10
    assert [it.offset for it in rest] == sorted(it.offset for it in rest)


def test_nothing_is_there_of_what_came_later() -> None:
    assert len(survivors(RECORDS, 11, random.Random(3))) == 10
