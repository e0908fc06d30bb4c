"""What the running system of a card means for its updates: they are built on it, and it stays."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from intercom.appliance.card_system import CardSystem
from intercom.appliance.disk import Disk
from tests.appliance_unit.test_card_system import READY, booted, machine
from tests.appliance_unit.test_layers import overlays
from tests.appliance_unit.updating import Signer

pytestmark = pytest.mark.skipif(not overlays(), reason="needs root, and overlayfs in the kernel")


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer(tmp_path_factory.mktemp("signer"))


def touch(name: str, tree: Path) -> None:
    """Fill a generation with one file."""
    (tree / name).touch()


def test_an_update_is_built_on_what_runs(memory: Path, signer: Signer) -> None:
    places = machine(memory)
    for name in ("first", "second"):
        fill = partial(touch, name)
        CardSystem(places, Disk()).make(fill, {}, was_ready=())
        booted(places)
        CardSystem(places, Disk()).confirm()
    # The second does not hold out: preinit boots the first, though the second is current.
    told = {"generation": 1, "trial": False, "data_state": "clean"}
    (places.booted / "preinit.json").write_text(json.dumps(told))
    system = CardSystem(places, Disk())
    assert system.status()[:2] == ["generation 1: ? runs now", "generation 2: ? current"]
    system.install(signer.reader("0.2.0"), was_ready=READY)
    tree = places.system / "generations/3/tree"
    assert ((tree / "first").exists(), (tree / "second").exists()) == (True, False)
    assert system.about(3)["over"] == 1


def test_what_runs_keeps_its_files_when_it_is_given_up(memory: Path, signer: Signer) -> None:
    places = machine(memory)
    system = CardSystem(places, Disk())
    system.install(signer.reader("0.2.0"), was_ready=READY)
    booted(places)
    CardSystem(places, Disk()).roll_back("sick")
    tree = places.system / "generations/1/tree"
    assert (tree / "opt/intercom/venv/bin/intercom").exists(), "it has to boot anew with them"
    booted(places)
    CardSystem(places, Disk()).install(signer.reader("0.3.0"), was_ready=READY)
    assert sorted(path.name for path in tree.parent.iterdir()) == ["generation.json", "rejected"]
    assert "generation 1: 0.2.0 given up: sick" in CardSystem(places, Disk()).status()
