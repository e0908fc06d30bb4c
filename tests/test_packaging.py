"""What is installed is what is here, and what the pieces of set-up say agrees."""

from __future__ import annotations

import fnmatch
import os
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SETUPTOOLS = PROJECT["tool"]["setuptools"]


def test_every_package_is_shipped() -> None:
    folders = {path.parent for top in ("intercom", "hw") for path in (ROOT / top).rglob("*.py")}
    names = {".".join(folder.relative_to(ROOT).parts) for folder in folders}
    assert set(SETUPTOOLS["packages"]) == names


def test_every_file_beside_the_code_is_shipped() -> None:
    patterns = [
        f"{package.replace('.', '/')}/{pattern}".replace("**/", "")
        for package, its in SETUPTOOLS["package-data"].items()
        for pattern in its
    ]
    files = (path for top in ("intercom", "hw") for path in (ROOT / top).rglob("*"))
    names = [path.relative_to(ROOT).as_posix() for path in files if path.is_file()]
    data = [name for name in names if not name.endswith((".py", ".pyc"))]
    assert [
        name for name in data if not any(fnmatch.fnmatch(name, pattern) for pattern in patterns)
    ] == []


def test_the_license_is_the_one_that_is_named() -> None:
    assert (ROOT / "LICENSE").read_text().startswith(f"{PROJECT['project']['license']['text']} ")


def test_make_alone_lists_every_target_that_it_promises() -> None:
    listed = [line.split()[1] for line in _make().stdout.splitlines()]
    text = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    [phony] = [line for line in text.splitlines() if line.startswith(".PHONY:")]
    assert listed[:3] == ["help", "demo", "test"]
    assert sorted(listed) == sorted(phony.split()[1:])


@pytest.mark.parametrize(
    "target", ["demo", "test", "lint", "run", "install", "bench", "bench-quick"]
)
def test_every_target_sets_up_what_it_needs(target: str, tmp_path: Path) -> None:
    script = _make("--dry-run", target, f"VENV={tmp_path}/venv").stdout
    assert "-m venv" in script
    assert "pip" in script
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0


def test_a_target_whose_environment_is_there_makes_nothing_anew(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    venv.mkdir()
    first = _make("--dry-run", "demo", f"VENV={venv}").stdout
    stamp = first.split("touch ", 1)[1].split()[0]
    Path(stamp).touch()
    assert "venv" in stamp
    assert "pip" not in _make("--dry-run", "demo", f"VENV={venv}").stdout


def _make(*args: str) -> subprocess.CompletedProcess[str]:
    plain = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    command = ["make", "--no-print-directory", *args]
    return subprocess.run(
        command, cwd=ROOT, env=plain, capture_output=True, text=True, check=True, timeout=60
    )
