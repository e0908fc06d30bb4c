"""Updates of a card: a bundle becomes a generation that an overlay shows in place of the factory's
program; also from the BOOT partition; with power cuts."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from intercom.appliance import layers, orders, update
from intercom.appliance.card_system import CardSystem, UpdateError
from intercom.appliance.disk import Disk
from intercom.appliance.generations import State
from intercom.appliance.manifest import BundleError
from intercom.appliance.places import Places
from tests.appliance_unit.cutting import THROUGH, CutFiles, every_cut
from tests.appliance_unit.test_layers import apart, overlays
from tests.appliance_unit.test_store import boots
from tests.appliance_unit.updating import HERE, Signer, fill

pytestmark = pytest.mark.skipif(not overlays(), reason="needs root, and overlayfs in the kernel")
READY = ["intercom.service"]
LOOK = """
import subprocess, sys
program = sys.argv[1] + "/opt/intercom"
print(open(program + "/venv/bin/intercom").read().split()[-1])
print(open(sys.argv[1] + "/etc/systemd/system/intercom.service").read().split()[-1])
"""


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer(tmp_path_factory.mktemp("signer"))


def machine(root: Path, state: str = "clean") -> Places:
    """A card that preinit has booted, with a factory root that has version 0.1.0."""
    places = Places(root)
    for folder in (places.system, places.card, places.etc, places.booted):
        folder.mkdir(parents=True)
    told = {"generation": 0, "trial": False, "data_state": state}
    (places.booted / "preinit.json").write_text(json.dumps(told))
    factory = places.booted / "factory"
    program = factory / "opt/intercom"
    fill(program / "releases/0.1.0", "0.1.0")
    (program / "current").symlink_to("releases/0.1.0")
    (program / "venv").symlink_to("current/venv")
    (factory / "etc/systemd/system").mkdir(parents=True)
    (factory / "etc/systemd/system/intercom.service").write_text("# 0.1.0\n")
    return places


def shown(places: Places, number: int) -> list[str]:
    """The versions of program and unit in the system that preinit would build."""
    lowers = [str(places.booted / "factory")]
    if number:
        lowers.insert(0, str(places.system / f"generations/{number}/tree"))
    empty = places.root / "empty"
    empty.mkdir(exist_ok=True)
    return apart(f"lowerdir={':'.join([*lowers, str(empty)])}", LOOK).split()


def booted(places: Places) -> int:
    """Boot: what preinit chooses, and what it leaves in /run."""
    number = boots(places.system)
    trial = places.booted / "trial"
    trial.unlink(missing_ok=True)
    if CardSystem(places, Disk()).store.state().trial == number != 0:
        trial.touch()
    told = json.loads((places.booted / "preinit.json").read_bytes()) | {"generation": number}
    (places.booted / "preinit.json").write_text(json.dumps(told))
    return number


def test_an_update_is_tried_and_kept(memory: Path, signer: Signer) -> None:
    places = machine(memory)
    system = CardSystem(places, Disk())
    for number, version in enumerate(["0.2.0", "0.3.0"], 1):
        assert f"generation {number}" in system.install(signer.reader(version), was_ready=READY)
        assert system.trial() == (False, READY), "not in this boot"
        assert booted(places) == number
        assert system.trial() == (True, READY)
        assert shown(places, number) == [version, version]
        assert system.confirm() == f"generation {number} stays"
    assert shown(places, 0) == ["0.1.0", "0.1.0"]
    assert system.roll_back("asked to") == "the next boot is of generation 1"
    assert system.roll_back("asked to") == "the next boot is of the factory system"
    with pytest.raises(UpdateError, match="factory system"):
        system.roll_back("asked to")


@pytest.mark.parametrize(("told", "meant"), [(True, None), (False, ()), (["x"], ["x"])])
def test_old_records_are_read(
    memory: Path, signer: Signer, told: object, meant: list[str] | None
) -> None:
    places = machine(memory)
    system = CardSystem(places, Disk())
    system.install(signer.reader("0.2.0"), was_ready=READY)
    about = system.about(1) | {"was_ready": told}
    (places.system / "generations/1/generation.json").write_text(json.dumps(about))
    booted(places)
    assert system.trial() == (True, meant)


def test_the_old_program_does_not_shine_through(memory: Path, signer: Signer) -> None:
    places = machine(memory)
    (places.booted / "factory/opt/intercom/venv/old.py").touch()
    CardSystem(places, Disk()).install(signer.reader("0.2.0"), was_ready=READY)
    look = "import os, sys; print(os.listdir(sys.argv[1] + '/opt/intercom/releases'))"
    tree = places.system / "generations/1/tree"
    assert apart(f"lowerdir={tree}:{places.booted / 'factory'}", look) == "['0.2.0']\n"


def test_an_update_keeps_what_an_earlier_one_changed(memory: Path, signer: Signer) -> None:
    places = machine(memory)
    (places.booted / "factory/etc/gone").touch()
    system = CardSystem(places, Disk())

    def fill_it(tree: Path) -> None:
        (tree / "etc").mkdir()
        (tree / "etc/debian_version").write_text("13.9\n")
        os.mknod(tree / "etc/gone", 0o020000, os.makedev(0, 0))

    system.make(fill_it, {"packages": ["x 1"]}, was_ready=())
    booted(places)
    system.confirm()
    system = CardSystem(places, Disk())
    system.install(signer.reader("0.2.0"), was_ready=READY)
    tree = places.system / "generations/2/tree"
    assert (tree / "etc/debian_version").read_text() == "13.9\n"
    assert layers.is_whiteout(tree / "etc/gone")
    about = system.about(2)
    assert (about["version"], about["packages"], about["over"]) == ("0.2.0", ["x 1"], 1)


def test_it_is_refused_where_nothing_can_be_kept(memory: Path, signer: Signer) -> None:
    system = CardSystem(machine(memory, "lost"), Disk())
    with pytest.raises(UpdateError, match="the data partition is lost"):
        system.install(signer.reader("0.2.0"), was_ready=READY)


def test_one_at_a_time(memory: Path, signer: Signer) -> None:
    places = machine(memory)
    system = CardSystem(places, Disk())
    system.install(signer.reader("0.2.0"), was_ready=READY)
    with pytest.raises(UpdateError, match="on trial"):
        system.install(signer.reader("0.3.0"), was_ready=READY)


def test_what_cannot_be_made_leaves_nothing(memory: Path) -> None:
    places = machine(memory)

    def bad(tree: Path) -> None:
        (tree / "x").touch()
        raise BundleError("damaged")

    with pytest.raises(BundleError):
        CardSystem(places, Disk()).make(bad, {}, was_ready=READY)
    assert list((places.system / "generations").iterdir()) == []


def test_a_cut_while_it_is_installed(memory: Path, signer: Signer) -> None:
    numbers = itertools.count()

    def fresh() -> Path:
        root = memory / str(next(numbers))
        places = machine(root)
        CardSystem(places, Disk(CutFiles())).install(signer.reader("0.2.0"), was_ready=READY)
        booted(places)
        CardSystem(places, Disk(CutFiles())).confirm()
        return root

    def act(root: Path, files: CutFiles) -> None:
        CardSystem(Places(root), Disk(files)).install(signer.reader("0.3.0"), was_ready=READY)

    for root, what in every_cut(fresh, act):
        places = Places(root)
        number = booted(places)
        assert number in (1, 2), what
        assert number == 2 or what != THROUGH
        versions = {
            (places.system / f"generations/{number}/tree/opt/intercom" / name)
            .read_text()
            .split()[-1]
            for name in ("venv/bin/intercom", "current/systemd/intercom.service")
        }
        assert versions == {"0.2.0" if number == 1 else "0.3.0"}, what
        system = CardSystem(places, Disk(CutFiles()))
        if number == 1:
            system.roll_back("retry") if system.store.state().trial else None
            system.install(signer.reader("0.3.0"), was_ready=READY)
            booted(places)
        system.confirm()
        assert system.store.state().current >= 2, what
        shutil.rmtree(root)


def put_on_card(places: Places, name: str, data: bytes, signer: Signer) -> list[str]:
    """Faults of a boot with a bundle on BOOT."""
    (places.etc / "update.pub").write_bytes(signer.public)
    if data:
        (places.card / name).write_bytes(data)
    names = [path.name for path in places.card.glob("*.bundle")]
    return orders.from_card(places, Disk(), names, was_ready=())


@pytest.fixture
def this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(update, "here", lambda: HERE)


@pytest.mark.usefixtures("this_machine")
def test_a_bundle_on_the_card(memory: Path, signer: Signer) -> None:
    places = machine(memory)
    name = "intercom-0.2.0.bundle"
    assert put_on_card(places, name, signer.bundle("0.2.0"), signer) == []
    assert CardSystem(places, Disk()).store.state() == State(0, 1)
    assert (places.booted / "installed").exists()
    assert list(places.card.iterdir()) == []


@pytest.mark.usefixtures("this_machine")
@pytest.mark.parametrize("ready", [[], ["intercom-hub.service"], ["intercom-hub.service", *READY]])
def test_a_bundle_on_the_card_is_judged_by_the_boot_before(
    memory: Path, signer: Signer, monkeypatch: pytest.MonkeyPatch, ready: list[str]
) -> None:
    places = machine(memory)
    (places.etc / "update.pub").write_bytes(signer.public)
    (places.card / "intercom-0.2.0.bundle").write_bytes(signer.bundle("0.2.0"))
    places.state.mkdir(parents=True)
    for unit in ready:
        (places.state / f"was-ready.{unit}").touch()
    monkeypatch.setattr(orders, "_as_root", lambda: (places, Disk()))
    monkeypatch.setattr(update, "take_effect", lambda system: None)
    orders.at_boot(lambda places, disk, bundles: bundles(["intercom-0.2.0.bundle"]))
    assert CardSystem(places, Disk()).about(1)["was_ready"] == ready
    assert places.was_ready == []


@pytest.mark.usefixtures("this_machine")
def test_a_bundle_that_cannot_be_used_is_tried_once(memory: Path, signer: Signer) -> None:
    places = machine(memory)
    faults = put_on_card(places, "intercom.bundle", signer.bundle("0.2.0", "3.99"), signer)
    assert faults == ["intercom.bundle: the bundle is for Python 3.99, this machine has 3.11"]
    assert [path.name for path in places.card.iterdir()] == ["intercom.bundle.refused"]
    assert put_on_card(places, "", b"", signer) == []
    assert put_on_card(places, "intercom.bundle", b"garbage", signer) != []


@pytest.mark.usefixtures("this_machine")
def test_a_cut_before_the_bundle_was_removed(memory: Path, signer: Signer) -> None:
    places = machine(memory)
    data = signer.bundle("0.2.0")
    put_on_card(places, "intercom.bundle", data, signer)
    booted(places)  # on trial now, and the bundle is still there
    assert put_on_card(places, "intercom.bundle", data, signer) == []
    assert (places.card / "intercom.bundle").exists()
    assert CardSystem(places, Disk()).store.present() == {1}


@pytest.mark.usefixtures("this_machine")
def test_a_bundle_that_runs_already_is_taken_off(memory: Path, signer: Signer) -> None:
    places = machine(memory)
    assert put_on_card(places, "intercom.bundle", signer.bundle("0.1.0"), signer) == []
    assert list(places.card.iterdir()) == []
    assert not (places.booted / "installed").exists()


def test_the_whole_way_by_commands(tmp_path: Path) -> None:
    release, key, out = tmp_path / "release", tmp_path / "key.pem", tmp_path / "x.bundle"
    fill(release, "0.2.0")
    program = [sys.executable, "-m", "intercom"]
    made = subprocess.run(
        [*program, "bundle", "--new-key", "--key", key], capture_output=True, check=True
    )
    assert made.stdout.startswith(b"-----BEGIN PUBLIC KEY-----")
    command: list[str | Path] = [*program, "bundle", release, "--out", out, "--key", key]
    command += ["--version", "0.2.0"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "0.2.0 for aarch64" in said
    refused = subprocess.run([*program, "update", out], capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "not signed by anybody that this machine trusts" in refused.stderr
