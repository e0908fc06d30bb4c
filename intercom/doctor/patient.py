"""Whom the doctor looks at, and how."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from intercom.config import Config
from intercom.doctor.asking import Asker, Nobody
from intercom.doctor.running import Running

SERVICE_USER = "intercom"


@dataclass
class Patient:
    """A station's configuration and its machine; `root` is where /sys, /proc and /etc are."""

    config: Config
    path: Path
    root: Path = Path("/")
    quick: bool = False
    asker: Asker = field(default_factory=Nobody)
    station: Running | None = None
    clock: Callable[[], float] = time.time
    memory: dict[str, object] = field(default_factory=dict)
    """What one check has found and another needs."""

    @property
    def is_here(self) -> bool:
        """Whether the machine is this one, which can be asked by programs too."""
        return self.root == Path("/")
