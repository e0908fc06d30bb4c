"""PURE  The rows of the result: a number of ours beside a peer's, with ratio and goal."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import TypedDict

from bench import goals, stats
from bench.goals import Goal
from bench.spec import Outcome


class Row(TypedDict):
    """One number; `ratio` is ours / peer, `met` None when there is no goal or no way to tell."""

    name: str
    unit: str
    ours: float | None
    peer: float | None
    peer_name: str
    ratio: float | None
    goal: str
    met: bool | None
    note: str


NAMES = {
    "ours": "intercom",
    "stock": "aiortc",
    "chromium": "Chromium",
    "gstreamer": "GStreamer",
}
METRICS: dict[str, tuple[str, str]] = {
    "p50_ms": ("latency p50", "ms"),
    "p95_ms": ("latency p95", "ms"),
    "fps": ("pictures shown", "a second"),
    "longest_gap_ms": ("longest gap between pictures", "ms"),
    "freezes": ("freezes over 300 ms", "in the window"),
    "damaged": ("damaged pictures", "share"),
    "sender_cpu": ("sender's CPU", "% of a core"),
    "receiver_cpu": ("receiver's CPU", "% of a core"),
    "both_cpu": ("CPU of both sides", "% of a core"),
    "sender_rss": ("sender's RSS", "MB"),
    "receiver_rss": ("receiver's RSS", "MB"),
    "sender_pss": ("sender's PSS", "MB"),
    "receiver_pss": ("receiver's PSS", "MB"),
    "setup_ms": ("set-up", "ms"),
    "first_frame_ms": ("first picture after the gate opens", "ms"),
    "kbps": ("bit rate", "kbit/s"),
    "ssim": ("picture quality", "SSIM"),
    "height": ("height of the picture", "pixels"),
    "reading_ms": ("reading a time code", "ms"),
}
LOSS_METRICS = (
    "p50_ms", "p95_ms", "fps", "longest_gap_ms", "freezes", "damaged", "sender_cpu",
    "receiver_cpu", "kbps", "ssim",
)  # fmt: skip
FULL = tuple(metric for metric in METRICS if metric != "freezes")
SERVED_FPS = 25.0  # a receiver that gets fewer pictures is not served
BRIEF = ("p50_ms", "p95_ms", "fps", "sender_cpu", "receiver_cpu", "kbps", "ssim", "height")

Variant = tuple[str, str, bool]  # peer, codec, on screen


def rows(outcomes: Sequence[Outcome]) -> list[Row]:
    """All that can be said of these calls, ours first beside each peer."""
    found: list[Row] = []
    clean = [o for o in outcomes if not o.rtt_ms and o.receivers == 1]
    for quality in ("720p", "480p"):
        here = [o for o in clean if o.quality == quality and not o.on_screen]
        for variant in _variants(here):
            core = quality == "720p" and variant[1] == "H264"
            metrics = FULL if core else BRIEF
            aims = _against(variant[0]) if core else {}
            found += _beside(f"{quality}30", here, variant, metrics, aims)
    here = [o for o in clean if o.on_screen]
    for variant in _variants(here):
        found += _beside("720p30 on screen", here, variant, FULL, goals.ON_SCREEN)
    for loss in sorted({o.loss for o in outcomes if o.rtt_ms}):
        here = [o for o in outcomes if o.loss == loss and o.rtt_ms]
        name = f"{loss * 100:g} % loss, {here[0].rtt_ms} ms"
        aims = goals.LOSSY if loss == 0.05 else {}
        for variant in _variants(here):
            found += _beside(name, here, variant, LOSS_METRICS, aims)
            aims = {}  # said once
    return found + _receivers(outcomes)


def median(outcomes: Iterable[Outcome], metric: str) -> float | None:
    """Of the calls that went well."""
    values = [getattr(o, metric) for o in outcomes if not o.error]
    known = [float(value) for value in values if value is not None]
    return statistics.median(known) if known else None


def label(variant: Variant) -> str:
    """A peer's name, with what is not the rule."""
    peer, codec, on_screen = variant
    extra = [codec] * (codec != "H264") + ["on screen"] * on_screen
    return NAMES[peer] + (f" ({', '.join(extra)})" if extra else "")


def variant_of(outcome: Outcome) -> Variant:
    """What it was a call of."""
    return outcome.peer, outcome.codec, outcome.on_screen


def _variants(outcomes: Iterable[Outcome]) -> list[Variant]:
    """Those of the peers, or our own if there is no peer."""
    found = list(dict.fromkeys(variant_of(o) for o in outcomes))
    return [v for v in found if v[0] != "ours"] or found


def _against(peer: str) -> dict[str, Goal]:
    return {metric: goal for (who, metric), goal in goals.AGAINST.items() if who == peer}


def _beside(
    name: str,
    outcomes: Sequence[Outcome],
    variant: Variant,
    metrics: Iterable[str],
    aims: dict[str, Goal],
) -> list[Row]:
    ours = [o for o in outcomes if o.peer == "ours"]
    peers = [o for o in outcomes if variant_of(o) == variant and variant[0] != "ours"]
    note = _why(peers)
    if note and ours:
        note = f"{label(variant)} could not run: {note}"
    found = []
    for metric in metrics:
        title, unit = METRICS[metric]
        mine, theirs = median(ours, metric), median(peers, metric)
        found.append(
            _row(
                (f"{name}: {title}", unit),
                (mine, theirs),
                label(variant) if peers else "",
                aims.get(metric),
                note or _why(ours),
            )
        )
        if note and metric not in aims:
            break  # one row says why; the rest would be empty
    return found


def _why(outcomes: Sequence[Outcome]) -> str:
    """Why none of them ran; "" when one did."""
    errors = [o.error for o in outcomes]
    return errors[0] if errors and all(errors) else ""


def _row(
    name: tuple[str, str],  # and unit
    values: tuple[float | None, float | None],  # ours and the peer's
    peer_name: str,
    goal: Goal | None,
    note: str,
) -> Row:
    ours, peer = values
    return {
        "name": name[0],
        "unit": name[1],
        "ours": _rounded(ours),
        "peer": _rounded(peer),
        "peer_name": peer_name,
        "ratio": _rounded(stats.ratio(ours, peer)),
        "goal": goal.text(peer_name) if goal else "",
        "met": goal.met(ours, peer) if goal else None,
        "note": note,
    }


def _rounded(value: float | None) -> float | None:
    """Four digits are more than these measurements know."""
    return None if value is None else float(f"{value:.4g}")


def _receivers(outcomes: Sequence[Outcome]) -> list[Row]:
    """One sender and up to six receivers; what they are sent is to stay what it was."""
    ours = receivers_cpu(outcomes, "ours")
    section, unit = "720p30, several receivers", "% of a core"
    most = max((o.receivers for o in outcomes), default=1)
    found = []
    for peer in ("stock", "chromium"):
        theirs = receivers_cpu(outcomes, peer)
        if most == 1 or not (ours or theirs):
            continue
        slopes = stats.slope(ours), stats.slope(theirs)
        name = f"{section}: sender's CPU for each further receiver"
        found.append(_row((name, unit), slopes, NAMES[peer], goals.EACH_RECEIVER, ""))
        counts = _served(outcomes, "ours"), _served(outcomes, peer)
        name = f"{section}: receivers with {SERVED_FPS:g} pictures a second or more"
        found.append(_row((name, f"of {most}"), counts, NAMES[peer], None, ""))
        last = [o for o in plain(outcomes) if o.receivers == most]
        for metric in ("p50_ms", "p95_ms", "fps", "sender_cpu", "sender_pss"):
            title, its_unit = METRICS[metric]
            pair = [median([o for o in last if o.peer == p], metric) for p in ("ours", peer)]
            name = f"{section}: {title} with {most}"
            found.append(_row((name, its_unit), (pair[0], pair[1]), NAMES[peer], None, ""))
    return found


def receivers_cpu(outcomes: Sequence[Outcome], peer: str) -> list[tuple[float, float]]:
    """(receivers, percent of a core) of a peer's sender, for as many as it really serves."""
    of_peer = [o for o in plain(outcomes) if o.peer == peer]
    points = []
    for count in sorted({o.receivers for o in of_peer}):
        same = [o for o in of_peer if o.receivers == count]
        cpu, fps = median(same, "sender_cpu"), median(same, "fps")
        if cpu is not None and fps is not None and fps >= SERVED_FPS:
            points.append((float(count), cpu))
    return points


def _served(outcomes: Sequence[Outcome], peer: str) -> float | None:
    """The most receivers that got their pictures; 0 when not even one did, None unmeasured."""
    points = receivers_cpu(outcomes, peer)
    if not any(o.peer == peer and o.fps is not None for o in plain(outcomes)):
        return None
    return max((count for count, _ in points), default=0.0)


def plain(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """720p, H.264, nothing lost, read at the decoder."""
    here = [o for o in outcomes if o.quality == "720p" and o.codec == "H264"]
    return [o for o in here if not o.rtt_ms and not o.on_screen]
