"""The bill of materials: by the standard's own schema, and complete."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from config.image.recipe import sbom
from config.image.recipe.flavour import load

STATUS = """\
Package: zlib1g
Status: install ok installed
Maintainer: Mark Brown <broonie@debian.org>
Architecture: arm64
Version: 1:1.3.dfsg+really1.3.1-1+b1
Description: compression library - runtime
 zlib is a library
 .
 of some kind

Package: gone
Status: deinstall ok config-files
Maintainer: Nobody <nobody@example.org>
Architecture: arm64
Version: 1
Description: removed, but for its settings

Package: adduser
Status: install ok installed
Maintainer: Somebody <somebody@example.org>
Architecture: all
Version: 3.152
Description: add and remove users and groups
"""
SITE = "opt/intercom/releases/0.1.0/venv/lib/python3.13/site-packages"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree with two packages of Debian and two of Python."""
    files = {
        "var/lib/dpkg/status": STATUS,
        "usr/share/doc/zlib1g/copyright": "License: Zlib\n text\n\nFiles: x\nLicense: Zlib\n",
        f"{SITE}/intercom-1.dist-info/METADATA": "Name: intercom\nVersion: 0.1.0\nLicense: MIT\n",
        f"{SITE}/Foo_Bar-2.dist-info/METADATA": "Name: Foo_Bar\nVersion: 2.0\nSummary: a thing\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_it_obeys_the_schema_of_cyclonedx(root: Path) -> None:
    bill = sbom.bill(load("debian", "arm64"), root, "0.1.0")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill) is None


def test_it_lists_what_is_installed(root: Path) -> None:
    found = json.loads(sbom.bill(load("debian", "arm64"), root, "0.1.0"))["components"]
    assert [component["purl"] for component in found] == [
        "pkg:deb/debian/adduser@3.152?arch=all&distro=trixie",
        "pkg:deb/debian/zlib1g@1%3A1.3.dfsg%2Breally1.3.1-1%2Bb1?arch=arm64&distro=trixie",
        "pkg:pypi/foo-bar@2.0",
        "pkg:pypi/intercom@0.1.0",
    ]
    assert [component["licenses"] for component in found] == [
        [], [{"license": {"name": "Zlib"}}], [], [{"license": {"name": "MIT"}}],
    ]  # fmt: skip
    assert found[1]["description"] == "compression library - runtime"


def test_the_same_tree_gives_the_same_text(root: Path) -> None:
    made = load("debian", "arm64")
    assert sbom.bill(made, root, "0.1.0") == sbom.bill(made, root, "0.1.0")
