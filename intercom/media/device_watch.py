"""Notices cameras and sound cards that come and go, by their nodes in /dev.

What is in use tells of itself when it fails; this is for all others. The nodes are looked at once a
second, which takes a tenth of a millisecond on a PC, and needs neither udev nor rights.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from itertools import chain
from pathlib import Path

logger = logging.getLogger(__name__)

DEV = Path("/dev")
PERIOD = 1.0
"""Seconds between two looks. Nodes that are the same at two of them have their final rights."""
PATTERNS = ("video[0-9]*", "snd/controlC*", "snd/pcm*")

Node = tuple[str, int, int, int, int]


def nodes(folder: Path) -> frozenset[Node]:
    """The nodes of cameras and sound cards: path, inode, and what tells who may use them."""
    found = set()
    for path in chain.from_iterable(folder.glob(pattern) for pattern in PATTERNS):
        try:
            about = os.stat(path)  # noqa: PTH116 - as quick as it can be: it is done all day
        except OSError:  # gone just now
            continue
        found.add((str(path), about.st_ino, about.st_mode, about.st_uid, about.st_gid))
    return frozenset(found)


class DeviceWatch:
    """Calls `on_change()` in the loop when nodes have come, gone or got other rights."""

    def __init__(
        self, on_change: Callable[[], None], folder: Path = DEV, period: float = PERIOD
    ) -> None:
        self._on_change = on_change
        self._folder, self._period = folder, period
        self._told = self._seen = frozenset[Node]()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin; what is there now is no news. Idempotent."""
        if self._timer is None:
            self._told = self._seen = nodes(self._folder)
            self._again()

    def close(self) -> None:
        """Stop; idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _again(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._period, self._look)

    def _look(self) -> None:
        self._again()
        before, self._seen = self._seen, nodes(self._folder)
        if self._seen == before and self._seen != self._told:
            came, went = self._seen - self._told, self._told - self._seen
            self._told = self._seen
            logger.info("devices: %s came, %s went", _names(came), _names(went))
            self._on_change()


def _names(some: frozenset[Node]) -> str:
    return ", ".join(sorted(path for path, *_ in some)) or "none"
