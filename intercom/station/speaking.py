"""Who speaks: the one who is marked on the screen, held so that the mark does not flicker. PURE.

The law:
1. Nobody is marked until somebody is LOUD.
2. Who is marked stays so over the pauses between words, until HOLD seconds of less than QUIET.
3. Another one takes over at once after that; before, by being louder by MARGIN for TAKE seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

LOUD = 40
QUIET = 30
MARGIN = 10
"""Volumes of 0-100, as in USER_VOICE_VOLUME: -36 and -42 dB of full scale, and 6 dB."""
HOLD = 1.0
TAKE = 0.6
"""Seconds."""


@dataclass(frozen=True)
class Speaking:
    """Who is marked, last heard when; and who has been louder, since when (monotonic seconds)."""

    user_id: str = ""
    heard: float = 0.0
    rival: str = ""
    since: float = 0.0


NOBODY = Speaking()


def follow(speaking: Speaking, volumes: Mapping[str, int], now: float) -> Speaking:
    """Return who speaks, after the news of how loud everybody is."""
    marked = speaking.user_id
    level = volumes.get(marked, -1)
    if level >= QUIET:
        speaking = replace(speaking, heard=now)
    elif marked and (level < 0 or now - speaking.heard >= HOLD):
        marked, speaking = "", NOBODY
    loudest = max(volumes, key=lambda user: (volumes[user], user == marked), default="")
    if loudest in {"", marked} or volumes[loudest] < LOUD:
        return replace(speaking, rival="")
    if not marked:
        return Speaking(loudest, now)
    if volumes[loudest] < level + MARGIN:
        return replace(speaking, rival="")
    if loudest != speaking.rival:
        return replace(speaking, rival=loudest, since=now)
    return Speaking(loudest, now) if now - speaking.since >= TAKE else speaking
