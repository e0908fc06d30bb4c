"""Calls that nobody took here, with the local time at which they came."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from intercom.station.model import Missed


def missed_calls(calls: Iterable[Mapping[str, Any]], now: float) -> list[Missed]:
    """Return what MISSED_CALLS tells, the last call first; `now`: seconds since the epoch."""
    newest = sorted(calls, key=lambda call: float(call["ago"]))
    return [
        Missed(
            call["invite_id"], call["caller"], when(now - call["ago"], now), call.get("message", "")
        )
        for call in newest
    ]


def when(moment: float, now: float) -> str:
    """Return the local time of a moment (both: seconds since the epoch); with the day, if it is
    not today's."""
    day, clock = time.strftime("%m-%d %H:%M", time.localtime(moment)).split()
    return clock if day == time.strftime("%m-%d", time.localtime(now)) else f"{day} {clock}"
