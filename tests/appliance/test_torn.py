"""Cards that lost a part of what was written since the last flush: `make test-power`, too."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from . import card
from .conftest import Measure, Watch
from .machine import LAB
from .power import PYTHON, Broken, Life
from .writelog import compile_recorder, crash, read, survivors

CARDS = max(1, int(os.environ.get("CUTS", "3")) // 3)
SEED = int(os.environ.get("SEED", "1"))


@pytest.fixture(scope="module")
def log(flashed: Path, bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All writes of a card's first boot, some calls, an update, and the boot that tries it."""
    folder = tmp_path_factory.mktemp("recorded")
    written = folder / "card.img"
    card.copy(flashed, written)
    settings = {
        "LD_PRELOAD": str(compile_recorder(folder)),
        "RECORD_IMAGE": str(written), "RECORD_LOG": str(folder / "log"),
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for key, value in settings.items():
            patch.setenv(key, value)
        machine = Life(written, None, 0).boot()
    with machine:
        machine.up(180)
        machine.until("systemctl is-active --quiet intercom", 180)
        machine.ask(f"timeout 20 {PYTHON} {LAB}/visitor.py --on {LAB}/calls", seconds=60)
        shutil.copy(bundle, machine.folder / "intercom.bundle")
        machine.put("/etc/intercom/update.pub", bundle.with_suffix(".pub").read_text())
        update = f"/opt/intercom/venv/bin/intercom update {LAB}/intercom.bundle --no-restart"
        machine.run(update, seconds=180)
        machine.halt()
    written.unlink()
    return folder / "log"


def test_a_card_that_lost_writes(
    flashed: Path, log: Path, tmp_path: Path, measured: Measure
) -> None:
    records = read(log)
    measured(f"{len(records)} writes and flushes recorded; ", 0)
    broken: list[str] = []
    for seed in range(SEED, SEED + CARDS):
        watch, chance = Watch(), random.Random(seed)
        end = chance.randrange(1, len(records))
        copy = tmp_path / "card.img"
        card.copy(flashed, copy)
        crash(log, survivors(records, end, chance), copy)
        life = Life(copy, None, seed)
        life.cuts.append(f"write {end} of {len(records)}")
        try:
            with life.boot() as machine:
                told = life.prove(machine, [])
                machine.halt()
            life.check()
            measured(f"{life.cuts} {told['data_state']}", watch.read())
        except (Broken, TimeoutError, AssertionError) as error:
            broken.append(f"seed {seed}: {error}")
            measured(f"BROKEN seed {seed} {life.cuts} {error}", 0)
    assert not broken, "\n".join(broken)
