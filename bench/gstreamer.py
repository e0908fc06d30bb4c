"""GStreamer's webrtcbin as a peer, by the system's Python, which has its bindings."""

from __future__ import annotations

from pathlib import Path

from bench.side import ProcessSide, Side

PYTHON = "/usr/bin/python3"
PACKAGES = (
    "gstreamer1.0-plugins-bad gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly"
    " gstreamer1.0-nice gstreamer1.0-libav python3-gst-1.0 gir1.2-gst-plugins-bad-1.0"
    " python3-numpy"
)


def gstreamer_side(work: Path, name: str) -> Side:
    """A side; that its packages are there shows when it is opened."""
    return ProcessSide(work, name, [PYTHON, "-m", "bench.worker_gstreamer"], {})
