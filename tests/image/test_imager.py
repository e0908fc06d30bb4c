"""The list for Raspberry Pi Imager."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from config.image.recipe import imager

# What Imager's own schema requires of an entry, and the types there.
REQUIRED = {
    "name": str, "description": str, "icon": str, "url": str, "extract_size": int,
    "extract_sha256": str, "image_download_size": int, "release_date": str,
}  # fmt: skip


def test_it_describes_the_image_and_its_download(tmp_path: Path) -> None:
    image, packed = tmp_path / "card.img", tmp_path / "card.img.xz"
    image.write_bytes(b"card" * 1000)
    packed.write_bytes(b"packed")
    text = imager.entry(image, packed, "https://example.org/cards/", "1.2", 1_793_491_200)
    (system,) = json.loads(text)["os_list"]
    assert {key: type(system[key]) for key in REQUIRED} == REQUIRED
    assert system["url"] == "https://example.org/cards/card.img.xz"
    assert system["release_date"] == "2026-11-01"
    assert (system["extract_size"], system["image_download_size"]) == (4000, 6)
    assert system["extract_sha256"] == hashlib.sha256(image.read_bytes()).hexdigest()
    assert system["image_download_sha256"] == hashlib.sha256(b"packed").hexdigest()
    assert system["init_format"] == "none"
    assert "pi5-64bit" in system["devices"]
