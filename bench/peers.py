"""The peers that are measured beside each other."""

from __future__ import annotations

from pathlib import Path

from bench.chromium import ChromiumSide
from bench.gstreamer import gstreamer_side
from bench.side import Side, python_side
from bench.spec import Spec

TITLES = {
    "ours": "intercom",
    "stock": "aiortc",
    "chromium": "Chromium",
    "gstreamer": "GStreamer webrtcbin",
}


def make_side(spec: Spec, work: Path, role: str) -> Side:
    """The side of that peer that sends ("send") or receives ("receive"). Raises SideError."""
    name = f"{spec.peer}-{role}"
    match spec.peer:
        case "ours":  # one heap, as a station keeps it
            return python_side(work, name, "worker_ours", {"MALLOC_ARENA_MAX": "1"})
        case "stock":
            return python_side(work, name, "worker_stock")
        case "gstreamer":
            return gstreamer_side(work, name)
        case _:
            return ChromiumSide(work, name, spec, role)
