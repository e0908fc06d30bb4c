"""How lists are put into words that stay short, whatever their length. PURE."""

from __future__ import annotations

from collections.abc import Sequence


def few(items: Sequence[str], most: int = 3, joint: str = ", ") -> str:
    """Join the first `most` of the items; of the others, say how many they are."""
    more = len(items) - most
    return joint.join(items[:most]) + (f"{joint}and {more} more" if more > 0 else "")
