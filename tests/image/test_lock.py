"""The lock of Python's packages: complete, and within what the program asks for."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from config.image.recipe import flavour, lock
from config.image.recipe.wheels import LOCK, REPOSITORY, pip_platforms

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
WANTED = [Requirement(text) for text in PROJECT["dependencies"]]
PINS = dict(re.findall(r"^([a-z0-9-]+)==(\S+) ", LOCK.read_text(), re.MULTILINE))


@pytest.mark.parametrize("wanted", WANTED, ids=str)
def test_what_the_program_needs_is_locked_or_comes_from_the_system(wanted: Requirement) -> None:
    name = canonicalize_name(wanted.name)
    if name in lock.FROM_SYSTEM:
        assert lock.FROM_SYSTEM[name] in flavour.read_list("program")
        assert name not in PINS
    else:
        assert wanted.specifier.contains(PINS[name]), "make it anew: config/image/build --lock"


def test_each_pin_has_a_hash() -> None:
    for entry in re.split(r"\n(?=\S)", LOCK.read_text().partition("\naio")[2]):
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry
    assert len(PINS) > 25


def test_the_closure_here_is_what_the_lock_has() -> None:
    needed = {
        name for python in lock.PYTHONS for name in lock.closure(PROJECT["dependencies"], python)
    }
    assert needed == set(PINS)


def test_every_flavours_python_is_locked() -> None:
    for name, arch in (("debian", "amd64"), ("rpios", "arm64")):
        assert flavour.load(name, arch).python in lock.PYTHONS


def test_pip_takes_no_source_and_no_newer_c_library() -> None:
    options = pip_platforms("arm64", "3.13")
    assert "--only-binary=:all:" in options
    assert options[0] == "--platform=manylinux_2_41_aarch64"
    assert "--platform=manylinux_2_17_aarch64" in options
    assert not [option for option in options if "x86" in option]
