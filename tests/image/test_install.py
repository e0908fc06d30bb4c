"""install.sh on a system that runs already: twice, and away again."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.image.recipe import manifest, release, wheels
from config.image.recipe.base import base
from config.image.recipe.flavour import Flavour, cache
from config.image.recipe.tree import unpack

pytestmark = pytest.mark.slow

PARTS = ("config", "systemd", "docs", "intercom", "hw", "pyproject.toml", "setup.py", "README.md",
         "LICENSE")  # fmt: skip
LAID = (
    "opt/intercom/venv", "etc/systemd/system/intercom.service", "etc/intercom/station.toml",
    "usr/lib/udev/rules.d/60-intercom.rules", "usr/local/bin/intercom",
)  # fmt: skip
# Copies that the account tools keep, and caches.
ASIDE = re.compile(
    r" /(etc/(passwd|group|shadow|gshadow)-|etc/\.pwd\.lock|var/cache/apt/.*|kit.*|src.*|run/.*)$"
)


class System:
    """A Debian in a folder, with a checkout of the project and its wheels."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def install(self, *options: str) -> str:
        """Runs install.sh inside; returns what it said."""
        script = ('mount -t proc proc "$0/proc" && exec chroot "$0" env -i INTERCOM_CACHE=/kit '
                  'PATH=/usr/sbin:/usr/bin /src/config/image/install.sh "$@"')  # fmt: skip
        done = subprocess.run(["unshare", "--mount", "sh", "-c", script, str(self.root), *options],
                              capture_output=True, text=True, check=False, timeout=300)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def files(self) -> dict[str, str]:
        """Kind, mode, owner and content of each file by its name, without times."""
        lines = (line for line in manifest.lines(self.root) if not ASIDE.search(line))
        found = {}
        for line in lines:
            what, _, name = line.rpartition(" /")
            kind, mode, owner, _, *content = what.split()
            found[name] = " ".join((kind, mode, owner, *content))
        return found


@pytest.fixture
def system(debian: Flavour) -> Iterator[System]:
    """A Debian without anything of ours."""
    root = cache() / "test-install"
    shutil.rmtree(root, ignore_errors=True)
    unpack(base(debian), root)
    for part in PARTS:
        source = wheels.REPOSITORY / part
        if source.is_dir():
            shutil.copytree(
                source, root / "src" / part, symlinks=True,
                ignore=shutil.ignore_patterns("__pycache__"),
            )  # fmt: skip
        else:
            (root / "src").mkdir(exist_ok=True)
            shutil.copy(source, root / "src" / part)
    kit = root / "kit/image"
    kit.mkdir(parents=True)
    target = release.Target(debian.arch, debian.python)
    for made in (wheels.own_wheel(cache(), target.epoch).parent,
                 wheels.site_packages(cache(), target.arch, target.python)):  # fmt: skip
        shutil.copytree(made, kit / made.name)
    yield System(root)
    shutil.rmtree(root)


def test_it_sets_up_once_changes_nothing_twice_and_goes_without_a_trace(system: System) -> None:
    before = system.files()
    said = system.install("door")
    assert "install: done: intercom, version " in said
    first = system.files()
    for name in LAID:
        assert name in first, name
    assert "usr/lib/intercom/preinit" not in first
    assert "etc/fstab" not in first or first["etc/fstab"] == before["etc/fstab"]
    trial = system.root / "opt/intercom/trial"
    trial.write_text("0.0.9 0.0.10 yes\n")
    system.install("door")
    assert system.files() == first, "what was on trial is so no more"
    trial.write_text("0.0.9 0.0.10 yes\n")
    system.install("--uninstall", "--purge")
    assert system.files() == before


def test_without_purge_settings_and_data_stay(system: System) -> None:
    system.install("hub")
    wanted = {path.name for path in (system.root / "etc/systemd/system").glob("*.wants/*")}
    assert "intercom-hub.service" in wanted
    assert "intercom.service" not in wanted, "it has no settings"
    settings = system.root / "etc/intercom/hub.toml"
    settings.write_text(settings.read_text() + "# mine\n")
    data = system.root / "var/lib/intercom/records"
    data.parent.mkdir(exist_ok=True)
    data.write_text("kept")
    system.install("hub")
    assert settings.read_text().endswith("# mine\n"), "settings are never overwritten"
    system.install("--uninstall")
    after = system.files()
    assert data.read_text() == "kept"
    assert settings.read_text().endswith("# mine\n")
    assert [name for name in after if name.startswith("opt/")] == []
    assert [name for name in after if "intercom" in name and "systemd" in name] == []


def test_a_file_that_a_newer_version_no_longer_has_goes(system: System) -> None:
    old = system.root / "src/config/image/layer/program/usr/lib/udev/rules.d/61-old.rules"
    old.write_text("# of an older version\n")
    system.install()
    laid = system.root / "usr/lib/udev/rules.d/61-old.rules"
    assert laid.exists()
    old.unlink()
    system.install()
    assert not laid.exists()
