"""The entry by which Raspberry Pi Imager offers the card: a list of one system.

The fields are those of Imager's own schema (doc/json-schema/os-list-schema.json in its
repository): `rpi-imager --repo <address of the list>` shows it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from .wheels import digest_of

# Tags of Imager's device list: Pi 3 and Zero 2 W, Pi 4, Pi 5, with 64 bits.
DEVICES = ("pi5-64bit", "pi4-64bit", "pi3-64bit")


def entry(image: Path, download: Path, base_url: str, version: str, epoch: int) -> str:
    """The list as JSON: `image` is what is written, `download` the same compressed or itself."""
    system = {
        "name": f"Intercom {version} (64 bit)",
        "description": "A self-hosted video intercom: flash, boot, type one code",
        "icon": "data:image/svg+xml;utf8," + ICON,
        "url": f"{base_url.rstrip('/')}/{download.name}",
        "release_date": datetime.fromtimestamp(epoch, UTC).date().isoformat(),
        "extract_size": image.stat().st_size,
        "extract_sha256": digest_of(image),
        "image_download_size": download.stat().st_size,
        "image_download_sha256": digest_of(download),
        "devices": list(DEVICES),
        # Wi-Fi, name and code come from files on the card (README.txt there): Imager's own forms
        # would set up a user, whom this system has not.
        "init_format": "none",
    }
    return json.dumps({"os_list": [system]}, indent=2) + "\n"


ICON = (
    "%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 40 40'%3E"
    "%3Crect x='9' y='3' width='22' height='34' rx='4' fill='%23335'/%3E"
    "%3Ccircle cx='20' cy='13' r='5' fill='%239cf'/%3E"
    "%3Ccircle cx='20' cy='28' r='4' fill='%23fc6'/%3E%3C/svg%3E"
)
