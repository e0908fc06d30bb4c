"""The software bill of materials of a tree, CycloneDX 1.6: Debian's packages and Python's.

https://cyclonedx.org/docs/1.6/json/"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from email.parser import Parser
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .flavour import Flavour

PLACE = "usr/share/doc/intercom/sbom.cdx.json"
NAMES = uuid.UUID("0d6b3f0e-6c53-4f58-9d60-1a7e4c0d0001")
LICENCE = re.compile(r"^License:[ \t]*(\S.*)$", re.MULTILINE)

Component = dict[str, Any]


def bill(flavour: Flavour, root: Path, version: str) -> str:
    """The bill of that tree as JSON; the same tree gives the same text."""
    components = [*debian(root, flavour), *python(root)]
    content = json.dumps(components, sort_keys=True)
    whole = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(NAMES, content)}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(flavour.epoch, UTC).isoformat(),
            "component": {
                "type": "firmware",
                "bom-ref": "card",
                "name": f"intercom-{flavour.title}",
                "version": version,
                "description": "A video intercom for the Raspberry Pi, as a card",
            },
        },
        "components": components,
    }
    return json.dumps(whole, indent=1) + "\n"


def debian(root: Path, flavour: Flavour) -> Iterator[Component]:
    """What dpkg has installed, sorted by name."""
    status = (root / "var/lib/dpkg/status").read_text()
    stanzas = [Parser().parsestr(stanza) for stanza in status.split("\n\n") if stanza.strip()]
    for stanza in sorted(stanzas, key=lambda one: (one["Package"], one["Architecture"])):
        if stanza["Status"] != "install ok installed":
            continue
        name, version = stanza["Package"], stanza["Version"]
        qualifiers = f"arch={stanza['Architecture']}&distro={flavour.suite}"
        where = f"pkg:deb/debian/{name}@{quote(version)}?{qualifiers}"
        yield {
            "type": "library",
            "bom-ref": where,
            "supplier": {"name": stanza["Maintainer"]},
            "name": name,
            "version": version,
            "description": str(stanza["Description"]).partition("\n")[0],
            "licenses": _licences(_copyright(root, name)),
            "purl": where,
        }


def python(root: Path) -> Iterator[Component]:
    """What lies in the program's own environment, the program included, sorted by name."""
    folders = root.glob("opt/intercom/releases/*/venv/lib/python*/site-packages/*.dist-info")
    for folder in sorted(folders, key=lambda path: path.name.lower()):
        about = Parser().parsestr((folder / "METADATA").read_text())
        name = re.sub(r"[-_.]+", "-", about["Name"]).lower()
        where = f"pkg:pypi/{name}@{about['Version']}"
        named = about["License-Expression"] or about["License"] or ""
        short = named.strip().partition("\n")[0][:80]
        yield {
            "type": "application" if name == "intercom" else "library",
            "bom-ref": where,
            "name": name,
            "version": about["Version"],
            "description": about["Summary"] or "",
            "licenses": _licences([short] if short else []),
            "purl": where,
        }


def _copyright(root: Path, package: str) -> list[str]:
    """The short names of licences in a package's copyright file, in order, each once."""
    file = root / "usr/share/doc" / package / "copyright"
    if not file.is_file():
        return []
    return list(dict.fromkeys(LICENCE.findall(file.read_text(errors="replace"))))


def _licences(names: list[str]) -> list[Component]:
    return [{"license": {"name": name.strip()}} for name in names]
