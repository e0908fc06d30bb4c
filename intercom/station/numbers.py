"""What a call measures, put into numbers and into words for the overlay. PURE.

Two snapshots of the counters of a peer, some time apart, give the rates of the time between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Counters = Mapping[str, Any]
Rows = tuple[tuple[str, ...], ...]
"""A table: the title first, then a value a column; one value alone is that of all columns."""

SAMPLES_PER_MS = 48
SHORTEST = 0.001
"""Seconds under which two snapshots give no rate."""


@dataclass(frozen=True)
class Numbers:
    """A call with one other, now. None: not known (yet). Rates are those of the last interval."""

    latency_ms: float | None = None
    round_trip_ms: float | None = None
    loss_percent: float | None = None
    jitter_ms: float | None = None
    received_kbps: float | None = None
    sent_kbps: float | None = None
    sent_height: int | None = None
    frames_per_s: float | None = None
    freezes: int = 0
    playout_ms: float | None = None
    concealed: int = 0
    echo_reduction_db: float | None = None


TITLES = {
    "latency_ms": ("Picture delay", "ms"),
    "round_trip_ms": ("Round trip", "ms"),
    "loss_percent": ("Lost packets", "%"),
    "jitter_ms": ("Jitter", "ms"),
    "received_kbps": ("Received", "kbit/s"),
    "sent_kbps": ("Sent", "kbit/s"),
    "sent_height": ("Sent picture", "lines"),
    "frames_per_s": ("Pictures", "/s"),
    "freezes": ("Freezes", ""),
    "playout_ms": ("Sound buffer", "ms"),
    "concealed": ("Sound concealed", "packets"),
    "echo_reduction_db": ("Echo reduced by", "dB"),
}
"""Name and unit of each number, in the order in which they are shown."""

OWN = frozenset({"echo_reduction_db"})
"""The numbers that are this station's, whoever it talks to."""

MOST = 3
"""Others whose numbers there is room for."""


def numbers(
    before: Counters, after: Counters, seconds: float, latency: float | None, guess: bool = True
) -> Numbers:
    """Return the numbers of the time between two snapshots `seconds` apart.

    `latency`: the measured delay of the picture in ms, where a time code gives it; else, with
    `guess`, half the round trip stands for the way, and what coding adds is left out.
    """
    rtt = after.get("rtt")
    if before.get("epoch") != after.get("epoch"):  # of another transport, which counted from zero
        before = {}
    if latency is None and guess and rtt is not None:
        latency = rtt * 500
    packets = _grown(before, after, "packets_in")
    lost = _grown(before, after, "packets_lost")
    playout = after.get("audio_delay")
    return Numbers(
        latency_ms=_rounded(latency),
        round_trip_ms=_rounded(rtt and rtt * 1000),
        loss_percent=None
        if packets is None or lost is None or packets + lost <= 0
        else round(100 * max(lost, 0) / (packets + max(lost, 0)), 1),
        jitter_ms=_rounded(after.get("jitter_ms")),
        received_kbps=_kbps(_grown(before, after, "bytes_in"), seconds),
        sent_kbps=_kbps(_grown(before, after, "bytes_out"), seconds),
        sent_height=after.get("sent_height"),
        frames_per_s=_per_second(_grown(before, after, "frames_decoded"), seconds),
        freezes=int(after.get("video_freezes", 0)),
        playout_ms=_rounded(playout and playout / SAMPLES_PER_MS),
        concealed=int(after.get("audio_concealed", 0)),
        echo_reduction_db=_rounded(after.get("echo_reduction_db")),
    )


def lines(now: Numbers) -> Rows:
    """Return (name, value with unit) of every known number, for the overlay."""
    shown = []
    for name, (title, unit) in TITLES.items():
        value = getattr(now, name)
        if value is not None:
            shown.append((title, f"{value:g} {unit}".rstrip()))
    return tuple(shown)


def table(others: Sequence[tuple[str, Numbers]]) -> Rows:
    """Return the overlay for (name, numbers) of each other: one as `lines`, of several the first
    MOST side by side, below their names. What is known of nobody is left out.
    """
    if len(others) == 1:
        return lines(others[0][1])
    seen = others[:MOST]
    rows = [("", *(name for name, _ in seen))] if seen else []
    for key, (title, unit) in TITLES.items():
        values = [getattr(now, key) for _, now in seen]
        if all(value is None for value in values):
            continue
        cells = ["–" if value is None else f"{value:g}" for value in values]
        known = next((cell for cell in cells if cell != "–"), "")
        rows.append((f"{title}, {unit}" if unit else title, *([known] if key in OWN else cells)))
    return tuple(rows)


def _grown(before: Counters, after: Counters, key: str) -> float | None:
    if key not in before or key not in after:
        return None
    return float(after[key] - before[key])


def _kbps(octets: float | None, seconds: float) -> float | None:
    return None if octets is None or seconds < SHORTEST else round(octets * 8 / seconds / 1000)


def _per_second(count: float | None, seconds: float) -> float | None:
    return None if count is None or seconds < SHORTEST else round(count / seconds, 1)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
