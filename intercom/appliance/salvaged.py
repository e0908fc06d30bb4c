"""Settings as far as they can be read, for what must go on whatever is written there."""

from __future__ import annotations

import tomllib
from pathlib import Path

from intercom.config import Config, salvage


def salvaged(path: Path) -> Config:
    """What of a file is right, with defaults for the rest; never raises."""
    try:
        return salvage(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return salvage({})
