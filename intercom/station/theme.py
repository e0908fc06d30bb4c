"""The colours of the screens: calm and dark, one meaning a colour."""

from __future__ import annotations

Colour = tuple[int, int, int]

BACK_TOP: Colour = (24, 34, 46)
BACK_BOTTOM: Colour = (10, 15, 21)
PANEL: Colour = (36, 48, 62)
TEXT: Colour = (244, 247, 250)
SOFT: Colour = (166, 181, 196)
"""Text of the second rank; 7:1 and more on the background."""

GREEN: Colour = (23, 137, 78)
"""Talk: accept, answered, ready. White on it has 4.4:1."""

MINT: Colour = (74, 208, 138)
"""Well: a small green that is seen on the panel's colour."""

RED: Colour = (204, 46, 52)
"""Stop: refuse, hang up, fault."""

AMBER: Colour = (245, 178, 66)
"""Mind: muted, not connected, missed."""

BLUE: Colour = (24, 108, 152)
"""Call somebody."""

GREY: Colour = (74, 88, 104)
"""A button or state without urgency."""

DARK: Colour = (14, 20, 28)
"""Ink on amber and on white."""

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`one` with `share` (0..1) of `other` in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
