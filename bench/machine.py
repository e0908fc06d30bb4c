"""On what it was measured: the machine, and the versions of everything that took part."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

import av

from bench import chromium

PACKAGES = ("intercom", "aiortc", "aioice", "av", "numpy", "uvloop", "pylibsrtp", "cryptography")


def machine() -> dict[str, str]:
    """What it is."""
    return {
        "model": _model(),
        "cores": str(os.cpu_count()),
        "memory": _memory(),
        "system": _system(),
        "kernel": ".".join(platform.release().split(".")[:2]),
        "architecture": platform.machine(),
    }


def versions() -> dict[str, str]:
    """What ran on it; what is missing says so."""
    found = {"python": platform.python_version()}
    found |= {name: metadata.version(name) for name in PACKAGES}
    found["libavcodec"] = ".".join(map(str, av.library_versions["libavcodec"]))
    browser = chromium.program()
    found["chromium"] = _first_line([browser, "--version"]) if browser else "missing"
    found["gstreamer"] = _first_line(["gst-inspect-1.0", "--version"])
    return found


def _model() -> str:
    tree = Path("/proc/device-tree/model")
    if tree.exists():
        return tree.read_text().strip("\0\n ")
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _memory() -> str:
    total = Path("/proc/meminfo").read_text().splitlines()[0].split()[1]
    return f"{int(total) / 1024 / 1024:.1f} GB"


def _system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        return platform.system()


def _first_line(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "missing"
    lines = done.stdout.strip().splitlines()
    return lines[0] if lines else "missing"
