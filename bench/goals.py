"""PURE  What the numbers are to reach, and whether they do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Goal:
    """Limits for one number of ours; those that are given must all hold, unless `either`."""

    at_most: float | None = None
    at_least: float | None = None
    share: int | None = None  # at most one share-th of the peer's
    below_peer: float | None = None  # at most that much less than the peer's
    either: bool = False

    def text(self, peer: str) -> str:
        """For a table."""
        parts = []
        if self.share is not None:
            parts.append(f"<= 1/{self.share} of {peer}")
        if self.at_most is not None:
            parts.append(f"<= {self.at_most:g}")
        if self.at_least is not None:
            parts.append(f">= {self.at_least:g}")
        if self.below_peer is not None:
            parts.append(f">= {peer} - {self.below_peer:g}")
        return (" or " if self.either else " and ").join(parts)

    def met(self, ours: float | None, peer: float | None) -> bool | None:
        """Whether `ours` is good enough; None when that cannot be told."""
        if ours is None:
            return None
        found: list[bool | None] = []
        if self.share is not None:
            found.append(None if peer is None else ours <= peer / self.share)
        if self.at_most is not None:
            found.append(ours <= self.at_most)
        if self.at_least is not None:
            found.append(ours >= self.at_least)
        if self.below_peer is not None:
            found.append(None if peer is None else ours >= peer - self.below_peer)
        if self.either:
            return True if True in found else None if None in found else False
        return False if False in found else None if None in found else True


AGAINST: dict[tuple[str, str], Goal] = {
    ("stock", "p50_ms"): Goal(share=8, at_most=10, either=True),
    ("stock", "p95_ms"): Goal(share=8, at_most=15, either=True),
    ("stock", "sender_cpu"): Goal(share=4, at_most=25),
    ("stock", "receiver_cpu"): Goal(at_most=12),
    ("stock", "sender_rss"): Goal(at_most=110),
    ("stock", "receiver_rss"): Goal(at_most=110),
    ("stock", "first_frame_ms"): Goal(at_most=50),
    ("stock", "ssim"): Goal(below_peer=0.01),
    ("chromium", "ssim"): Goal(below_peer=0.01),
    ("gstreamer", "ssim"): Goal(below_peer=0.01),
}
"""Of the core, by peer and number: 1280x720 at 30 pictures a second, nothing lost."""

ON_SCREEN: dict[str, Goal] = {
    "p50_ms": Goal(share=3),
    "p95_ms": Goal(share=3),
    "both_cpu": Goal(share=2),
    "sender_pss": Goal(share=3),
    "receiver_pss": Goal(share=3),
}
"""Against Chromium, when both show the picture."""

LOSSY: dict[str, Goal] = {"fps": Goal(at_least=27), "longest_gap_ms": Goal(at_most=300)}
"""With 5 % loss and a round trip of 50 ms."""

EACH_RECEIVER = Goal(at_most=4)
"""Percent of a core that a sender needs for each further receiver."""
