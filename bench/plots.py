"""The results as pictures, PNG and SVG; needs matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench import rows as table
from bench.spec import Outcome

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {
    "intercom": "#0b7a75",
    "aiortc": "#d1495b",
    "Chromium": "#3d5a98",
    "GStreamer": "#8a8d91",
}
PEERS = tuple(table.NAMES)


def draw(folder: Path, outcomes: Sequence[Outcome]) -> list[Path]:
    """Write every plot for which there are numbers; returns the files."""
    import matplotlib as mpl  # noqa: PLC0415 - slow, and only here

    mpl.use("Agg")
    mpl.rcParams.update(
        {"svg.hashsalt": "bench", "svg.fonttype": "none", "axes.spines.top": False,
         "axes.spines.right": False, "font.size": 10, "savefig.bbox": "tight"}
    )  # fmt: skip
    from matplotlib import pyplot  # noqa: PLC0415 - after the backend

    written = []
    plots = {"latency": _latency, "cost": _cost, "receivers": _receivers, "loss": _loss}
    for name, plot in plots.items():
        count = 2 if name in ("cost", "loss") else 1
        figure, axes = pyplot.subplots(1, count, figsize=(4.6 * count + 1.2, 3.8), squeeze=False)
        if plot(list(axes[0]), [o for o in outcomes if not o.error]):
            for suffix, metadata in (("png", {"Software": None}), ("svg", {"Date": None})):
                path = folder / f"{name}.{suffix}"
                figure.savefig(path, dpi=110, metadata=metadata)
                written.append(path)
        pyplot.close(figure)
    return written


def _core(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Those calls that are compared in every respect."""
    return [o for o in table.plain(outcomes) if o.receivers == 1]


def _latency(axes: list[Axes], outcomes: Sequence[Outcome]) -> bool:
    """How many of the pictures are how old when they are decoded."""
    (ax,) = axes
    for peer in PEERS:
        of_peer = [o for o in _core(outcomes) if o.peer == peer and o.ages_ms]
        if of_peer:
            ages = of_peer[0].ages_ms
            shares = [100 * step / (len(ages) - 1) for step in range(len(ages))]
            name = table.NAMES[peer]
            ax.plot(ages, shares, label=name, color=COLOURS[name], lw=2)
    ax.set(xlabel="age of a picture when it is decoded, ms", ylabel="pictures, %", xlim=(0, None))
    ax.set_title("1280x720, 30 a second, H.264, loopback")
    ax.legend(frameon=False)
    return bool(ax.lines)


def _cost(axes: list[Axes], outcomes: Sequence[Outcome]) -> bool:
    """CPU and memory of both sides."""
    here = _core(outcomes)
    peers = [peer for peer in PEERS if any(o.peer == peer for o in here)]
    names = [table.NAMES[peer] for peer in peers]
    titles = ("CPU, % of one core", "memory (PSS), MB")
    for ax, kind, title in zip(axes, ("cpu", "pss"), titles, strict=True):
        base = [0.0] * len(peers)
        for side, shade in (("sender", 1.0), ("receiver", 0.55)):
            values = [
                table.median([o for o in here if o.peer == p], f"{side}_{kind}") or 0.0
                for p in peers
            ]
            colours = [COLOURS[name] for name in names]
            ax.bar(names, values, bottom=base, color=colours, alpha=shade, width=0.6)
            for x, (low, value) in enumerate(zip(base, values, strict=True)):
                ax.text(x, low + value / 2, f"{value:.0f}", ha="center", va="center", color="white")
            base = [low + value for low, value in zip(base, values, strict=True)]
        ax.set_title(f"{title}: sender below, receiver above")
    return bool(peers)


def _receivers(axes: list[Axes], outcomes: Sequence[Outcome]) -> bool:
    """What a sender needs for more than one receiver."""
    (ax,) = axes
    for peer in ("ours", "stock", "chromium"):
        points = table.receivers_cpu(outcomes, peer)
        if points:
            name = table.NAMES[peer]
            ax.plot(*zip(*points, strict=True), "o-", label=name, color=COLOURS[name], lw=2)
    ax.set(xlabel="receivers", ylabel="sender's CPU, % of one core", ylim=(0, None))
    ax.set_title(f"720p; only where {table.SERVED_FPS:g} pictures a second arrive")
    ax.legend(frameon=False)
    return bool(ax.lines)


def _loss(axes: list[Axes], outcomes: Sequence[Outcome]) -> bool:
    """Age and gaps of the pictures when packets are lost."""
    here = [o for o in outcomes if o.rtt_ms]
    losses = sorted({o.loss for o in here})
    for ax, metric, title in zip(
        axes, ("p95_ms", "longest_gap_ms"), ("age p95, ms", "longest gap, ms"), strict=True
    ):
        for place, peer in enumerate(PEERS):
            name = table.NAMES[peer]
            values = [
                table.median([o for o in here if o.peer == peer and o.loss == loss], metric) or 0.0
                for loss in losses
            ]
            xs = [x + 0.2 * (place - 1.5) for x in range(len(losses))]
            ax.bar(xs, values, width=0.18, color=COLOURS[name], label=name)
        ax.set_xticks(range(len(losses)), [f"{loss * 100:g} % lost" for loss in losses])
        ax.set_title(f"{title}; 50 ms round trip")
    axes[0].legend(frameon=False)
    return bool(losses)
