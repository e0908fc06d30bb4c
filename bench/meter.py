"""What a receiver keeps of the pictures that it is shown: when, how old, how big."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from bench import code
from hw.cells import Luma

SAMPLE_EVERY = 5  # pictures


class Meter:
    """The pictures of one peer; `see` is called from whatever thread they come in."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._log: list[tuple[float, float | None, int, int]] = []
        self._reading = 0.0
        self._folder: Path | None = None
        self._left = self._count = 0

    def see(self, luma: Luma) -> None:
        """One decoded picture's Y plane without padding, height x width."""
        now, at = code.now_ticks(), time.monotonic()
        sent = code.read(luma)
        age = None if sent is None else code.elapsed_ms(now, sent)
        height, width = luma.shape
        self._log.append((at, age, width, height))
        self._reading += time.monotonic() - at
        if self._left:
            self._sample(luma)

    def sample(self, folder: str, count: int) -> None:
        """Keep `count` of the coming pictures as `folder`/peer-number-index.npy."""
        self._folder, self._left = Path(folder), count

    def report(self) -> dict[str, Any]:
        """The log as [seconds, age in ms or None, width, height], and the cost of keeping it."""
        log = list(self._log)
        return {"log": log, "reading_ms": self._reading * 1000 / max(1, len(log))}

    def _sample(self, luma: Luma) -> None:
        self._count += 1
        index = code.read(luma, row=1)
        if self._count % SAMPLE_EVERY or index is None or self._folder is None:
            return
        self._left -= 1
        np.save(self._folder / f"{self._name}-{self._count}-{index}.npy", luma)
