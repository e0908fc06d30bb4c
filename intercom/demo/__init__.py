"""The main job, played with simulated devices and real everything else, and judged."""

from __future__ import annotations

from intercom.demo.play import run

__all__ = ["run"]
