"""The enrolled devices as people and programs read them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from rich import box
from rich.console import Console
from rich.table import Table

from intercom.hub.devices_book import Device
from intercom.hub.records_schema import NO_CLOCK

WIDTH = 160


def as_json(devices: Sequence[Device]) -> str:
    """Return a JSON array, one device a line; moments in ISO 8601 and local time, or null."""
    lines = (
        json.dumps(
            {
                "device": device.device,
                "user": device.user_id,
                "name": device.name,
                "enrolled": _moment(device.enrolled),
                "seen": _moment(device.seen),
                "revoked": device.revoked is not None,
            }
        )
        for device in devices
    )
    return "[\n" + ",\n".join(lines) + "\n]"


def as_text(devices: Sequence[Device]) -> str:
    """Return a table."""
    if not devices:
        return "no devices are enrolled: `intercom invite USER` makes a code for one"
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for title in ("device", "user", "name", "enrolled", "last login", ""):
        table.add_column(title)
    for device in devices:
        table.add_row(
            device.device,
            device.user_id,
            device.name,
            _shown(device.enrolled),
            "never" if device.seen is None else _shown(device.seen),
            "" if device.revoked is None else "revoked",
        )
    console = Console(width=WIDTH, color_system=None, markup=False)
    with console.capture() as capture:
        console.print(table)
    lines = capture.get().splitlines()
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _shown(at: float) -> str:
    moment = _moment(at)
    return "unknown" if moment is None else moment[:16].replace("T", " ")


def _moment(at: float | None) -> str | None:
    """Unknown is what a clock said that was never set."""
    if at is None or at < NO_CLOCK:
        return None
    return datetime.fromtimestamp(at).astimezone().isoformat(timespec="seconds")
