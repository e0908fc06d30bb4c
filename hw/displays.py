"""Whether a display is connected, as the kernel's mode setting tells: /sys/class/drm/*/status."""

from __future__ import annotations

from pathlib import Path

DRM = Path("/sys/class/drm")


def none_connected(folder: Path = DRM) -> bool:
    """Whether all connectors say so; False where there are none, or one does not know.

    Writeback connectors are no places for a display, and never know.
    """
    states = []
    for path in folder.glob("card*-*/status"):
        if "Writeback" not in path.parent.name:
            try:
                states.append(path.read_text(encoding="ascii").strip())
            except OSError:  # gone with its card
                continue
    return bool(states) and set(states) == {"disconnected"}
