"""Updates on a Raspberry Pi OS: a link that changes, a trial, and the way back; with power cuts."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from pathlib import Path

import pytest

from intercom.appliance.card_system import UpdateError
from intercom.appliance.disk import Disk
from intercom.appliance.manifest import BundleError
from intercom.appliance.releases import Releases
from tests.appliance_unit.cutting import THROUGH, CutFiles, every_cut
from tests.appliance_unit.updating import Signer, fill, points, says

ROLLBACK = Path(__file__).parents[2] / "config/image/layer/program/usr/lib/intercom/rollback"
READY = ["intercom.service", "intercom-hub.service"]


def installed(program: Path) -> Path:
    """/opt/intercom as install.sh leaves it."""
    fill(program / "releases/0.1.0", "0.1.0")
    (program / "current").symlink_to("releases/0.1.0")
    (program / "venv").symlink_to("current/venv")
    return program


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer(tmp_path_factory.mktemp("signer"))


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return installed(tmp_path / "intercom")


def test_an_update_and_the_way_back(program: Path, signer: Signer) -> None:
    releases = Releases(program, Disk())
    assert (says(program), releases.trial()) == ("0.1.0", (False, ()))
    releases.install(signer.reader("0.2.0"), was_ready=READY)
    assert (says(program), releases.trial()) == ("0.2.0", (True, READY))
    assert "release 0.2.0 current, on trial" in releases.status()
    assert releases.roll_back("it crashed") == "back at release 0.1.0"
    assert (says(program), releases.trial()) == ("0.1.0", (False, ()))
    assert "release 0.2.0 given up: it crashed" in releases.status()


def test_the_new_one_is_compiled_ahead(program: Path, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    own = Signer(tmp_path / "own")
    module = fill(tmp_path / "own/0.2.0", "0.2.0") / "venv/module.py"
    module.write_text("def where(): raise ValueError\n")
    Releases(program, Disk()).install(own.reader("0.2.0"), was_ready=READY)
    compiled = list((program / "releases/0.2.0/venv/__pycache__").iterdir())
    assert [path.name.partition(".")[0] for path in compiled] == ["module"]
    assert f"{program}/releases/0.2.0/venv/module.py".encode() in compiled[0].read_bytes()


def test_one_that_is_kept(program: Path, signer: Signer) -> None:
    releases = Releases(program, Disk())
    for version in ("0.2.0", "0.3.0"):
        releases.install(signer.reader(version), was_ready=())
        assert releases.trial() == (True, ())
        assert releases.confirm() == f"release {version} stays"
    assert says(program) == "0.3.0"
    assert [path.name for path in (program / "releases").iterdir() if path.name == "0.1.0"] == []
    assert releases.roll_back("asked to") == "back at release 0.2.0"
    with pytest.raises(UpdateError):
        releases.roll_back("asked to")
    assert says(program) == "0.2.0"


def test_one_at_a_time(program: Path, signer: Signer) -> None:
    releases = Releases(program, Disk())
    releases.install(signer.reader("0.2.0"), was_ready=READY)
    with pytest.raises(UpdateError, match="on trial"):
        releases.install(signer.reader("0.3.0"), was_ready=READY)


def test_old_records_are_read(program: Path) -> None:
    for word, meant in (("yes", None), ("no", ()), ("a,b", ["a", "b"])):
        (program / "trial").write_text(f"0.0.9 0.1.0 {word}\n")
        assert Releases(program, Disk()).trial() == (True, meant)


def test_a_trial_of_what_is_gone_is_none(
    program: Path, signer: Signer, caplog: pytest.LogCaptureFixture
) -> None:
    releases = Releases(program, Disk())
    (program / "trial").write_text("0.0.8 0.0.9 no\n")  # install.sh was run again since
    assert releases.trial() == (False, ())
    releases.install(signer.reader("0.2.0"), was_ready=READY)
    assert "tells of a release that is gone" in caplog.text
    assert (says(program), releases.trial()) == ("0.2.0", (True, READY))


def test_the_way_back_is_gone(program: Path, signer: Signer) -> None:
    releases = Releases(program, Disk())
    for version in ("0.2.0", "0.3.0"):
        releases.install(signer.reader(version), was_ready=READY)
        if version == "0.2.0":
            releases.confirm()
    shutil.rmtree(program / "releases/0.2.0")
    assert releases.roll_back("it crashed") == "back at release 0.1.0"
    assert releases.trial() == (False, ())


@pytest.mark.parametrize("record", ["0.0.9 0.1.0 yes\n", "torn\n"])
def test_there_is_no_way_back(program: Path, signer: Signer, record: str) -> None:
    releases = Releases(program, Disk())
    (program / "trial").write_text(record)
    with pytest.raises(UpdateError, match="no release before"):
        releases.roll_back("it crashed")
    assert says(program) == "0.1.0"
    assert [path.name for path in (program / "releases").iterdir()] == ["0.1.0"]
    releases.install(signer.reader("0.2.0"), was_ready=READY)  # nothing is in the way


def test_the_same_version_again(program: Path, signer: Signer) -> None:
    releases = Releases(program, Disk())
    with pytest.raises(UpdateError, match="what runs now"):
        releases.install(signer.reader("0.1.0"), was_ready=READY)
    for _ in range(2):  # one that was given up may be tried again
        releases.install(signer.reader("0.2.0"), was_ready=READY)
        assert points(program) == "releases/0.2.0"
        releases.roll_back("no")
    assert points(program) == "releases/0.1.0"


def test_a_damaged_bundle_changes_nothing(
    program: Path, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = signer.reader("0.2.0")
    monkeypatch.setattr(reader, "_next", lambda: (_ for _ in ()).throw(BundleError("damaged")))
    with pytest.raises(BundleError):
        Releases(program, Disk()).install(reader, was_ready=READY)
    assert [path.name for path in (program / "releases").iterdir()] == ["0.1.0"]
    assert not (program / "trial").exists()


def test_what_install_sh_did_not_make_is_left_alone(tmp_path: Path, signer: Signer) -> None:
    with pytest.raises(UpdateError, match="not set up"):
        Releases(tmp_path, Disk()).install(signer.reader("0.2.0"), was_ready=READY)


def boot(program: Path, healthy: bool) -> str:
    """What the next boot makes of it: the watch, where a trial is found; then what runs."""
    releases = Releases(program, Disk(CutFiles()))
    if releases.trial()[0]:
        if healthy:
            releases.confirm()
        else:
            releases.roll_back("it is sick")
    return says(program)


@pytest.mark.parametrize("healthy", [True, False])
def test_a_cut_while_it_is_installed(memory: Path, signer: Signer, healthy: bool) -> None:
    numbers = itertools.count()

    def fresh() -> Path:
        return installed(memory / str(next(numbers)))

    cuts = 0
    for program, what in every_cut(
        fresh,
        lambda card, files: Releases(card, Disk(files)).install(signer.reader("0.2.0"), READY),
    ):
        cuts += 1
        running = says(program)
        assert running in ("0.1.0", "0.2.0"), what
        if running == "0.2.0":
            assert Releases(program, Disk()).trial()[0], what
        if what == THROUGH:
            assert running == "0.2.0"
        after = boot(program, healthy)
        assert after == "0.1.0" or healthy, what
        assert Releases(program, Disk()).trial() == (False, ()), what
        if after == "0.1.0":  # and it can be done again
            Releases(program, Disk(CutFiles())).install(signer.reader("0.2.0"), READY)
            assert says(program) == "0.2.0", what
        shutil.rmtree(program)
    assert cuts > 30


@pytest.mark.parametrize("what", ["confirm", "roll_back"])
def test_a_cut_at_the_end_of_a_trial(memory: Path, signer: Signer, what: str) -> None:
    numbers = itertools.count()

    def fresh() -> Path:
        program = installed(memory / str(next(numbers)))
        Releases(program, Disk()).install(signer.reader("0.2.0"), READY)
        return program

    def act(card: Path, files: CutFiles) -> None:
        releases = Releases(card, Disk(files))
        releases.confirm() if what == "confirm" else releases.roll_back("sick")

    wanted = {"confirm": "0.2.0", "roll_back": "0.1.0"}[what]
    for program, cut in every_cut(fresh, act):
        assert says(program) in ("0.1.0", "0.2.0"), cut
        assert boot(program, healthy=what == "confirm") == wanted, cut


def rolled(program: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """The shell's way back, with a systemctl that writes down what it is asked for."""
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(f'#!/bin/sh\necho "$@" >>"{tmp_path}/asked"\n')
    systemctl.chmod(0o755)
    return subprocess.run(
        ["dash", ROLLBACK, program], env={"SYSTEMCTL": str(systemctl), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_shell_goes_back_alike(program: Path, signer: Signer, tmp_path: Path) -> None:
    releases = Releases(program, Disk())
    releases.install(signer.reader("0.2.0"), was_ready=READY)
    shutil.rmtree(program / "releases/0.2.0/venv")  # so broken that no Python runs
    assert rolled(program, tmp_path).returncode == 0
    assert says(program) == "0.1.0"
    assert releases.trial() == (False, ())
    assert "release 0.2.0 given up: its program does not run" in releases.status()
    assert "restart intercom.service" in (tmp_path / "asked").read_text()
    assert rolled(program, tmp_path).returncode == 0, "with nothing on trial it does nothing"
    assert says(program) == "0.1.0"


def test_the_shell_leaves_what_is_gone(program: Path, tmp_path: Path) -> None:
    fill(program / "releases/0.0.9", "0.0.9")
    (program / "trial").write_text("0.0.9 0.2.0 yes\n")
    assert rolled(program, tmp_path).returncode == 0
    assert says(program) == "0.1.0"
    assert not (program / "trial").exists()
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize("text", ["", "\n", "../../etc x yes\n", "gone 0.2.0 yes\n", ".. x no\n"])
def test_the_shell_and_a_damaged_record(program: Path, tmp_path: Path, text: str) -> None:
    (program / "trial").write_text(text)
    rolled(program, tmp_path)
    assert says(program) == "0.1.0"
