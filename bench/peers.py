"""The peers that are measured beside each other: who is which side of a call."""

from __future__ import annotations

from pathlib import Path

from bench.chromium import ChromiumSide
from bench.side import ProcessSide, Side, python_side
from bench.spec import Spec

SYSTEM_PYTHON = "/usr/bin/python3"  # which has GStreamer's bindings


def make_side(spec: Spec, work: Path, role: str) -> Side:
    """The side of that peer that sends ("send") or receives ("receive"). Raises SideError."""
    name = f"{spec.peer}-{role}"
    match spec.peer:
        case "ours":  # one heap, as a station keeps it
            return python_side(work, name, "worker_ours", {"MALLOC_ARENA_MAX": "1"})
        case "stock":
            return python_side(work, name, "worker_stock")
        case "gstreamer":
            command = [SYSTEM_PYTHON, "-m", "bench.worker_gstreamer"]
            return ProcessSide(work, name, command, {})
        case _:
            return ChromiumSide(work, name, spec, role)
