"""Power cuts at random moments: `make test-power CUTS=50 SEED=1`; each card has several lives."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .conftest import Measure, Watch
from .power import Broken, Life

CUTS = int(os.environ.get("CUTS", "3"))
SEED = int(os.environ.get("SEED", "1"))
RUN = 8.0
"""Seconds of calls and changes within which the power is cut."""
UPDATE = 90.0
"""The same of an update: unpacked, booted, proved for a minute."""


@pytest.fixture(scope="module")
def first_boot(flashed: Path, tmp_path_factory: pytest.TempPathFactory) -> float:
    """How long a first boot takes here that is not cut."""
    watch = Watch()
    with Life(flashed, tmp_path_factory.mktemp("uncut") / "writes", 0).boot() as machine:
        machine.up(180)
        machine.until("systemctl is-active --quiet intercom", 180)
        return watch.read()


def test_power_cuts(
    flashed: Path, bundle: Path, tmp_path: Path, first_boot: float, measured: Measure
) -> None:
    measured("an uncut first boot", first_boot)
    done: list[str] = []
    broken: list[str] = []
    seed = SEED
    while len(done) < CUTS:
        life = Life(flashed, tmp_path / f"writes-{seed}", seed)
        try:
            live(life, first_boot, bundle, measured)
        except (Broken, TimeoutError, AssertionError) as error:
            broken.append(f"seed {seed}: {error}")
            measured(f"BROKEN seed {seed} {life.cuts} {error}", 0)
        else:
            (tmp_path / f"writes-{seed}").unlink()
        done += life.cuts
        seed += 1
    measured(f"{len(done)} cuts on {seed - SEED} cards, broken: {len(broken)}; ", 0)
    assert not broken, "\n".join(broken)


def live(life: Life, first_boot: float, bundle: Path, measured: Measure) -> None:
    """A card's life: flashed, cut in its first boot, in its run and in an update."""
    watch = Watch()
    life.first_boot(first_boot)
    with life.boot() as machine:
        life.prove(machine, [])
        calls = life.run(machine, RUN)
    with life.boot() as machine:
        life.prove(machine, calls)
        life.update(machine, bundle, UPDATE)
    with life.boot() as machine:
        told = life.prove(machine, calls)
        machine.halt()
    life.check()
    measured(f"{life.cuts} fsck {told['fsck']} rang {told['rang']}; whole life", watch.read())
