"""Which calls are measured, in which order: the most important first, in case time runs out."""

from __future__ import annotations

from dataclasses import replace

from bench.spec import Spec

RTT_MS = 50
LOSSES = (0.01, 0.05)
RECEIVERS = range(2, 7)  # one is the core
PEERS = ("ours", "stock", "chromium", "gstreamer")
ROUNDS = 3  # of the core, whose medians count
FULL_SECONDS = 690.0
QUICK_SECONDS = 170.0


def full() -> list[Spec]:
    """Everything, about ten minutes."""
    core = [Spec(peer) for peer in PEERS]
    lossy = [Spec(peer, loss=loss, rtt_ms=RTT_MS) for loss in LOSSES for peer in PEERS]
    short = Spec("", seconds=4, warm_up=2, samples=0)
    groups = [
        replace(short, peer=peer, receivers=count)
        for count in RECEIVERS
        for peer in ("ours", "stock", "chromium")
    ]
    other = [
        Spec("stock", codec="VP8"),
        Spec("chromium", codec="VP8"),
        *(Spec(peer, on_screen=True) for peer in ("ours", "chromium")),
        *(Spec(peer, quality="480p") for peer in PEERS),
    ]
    again = [Spec(peer) for peer in PEERS[:3]] * (ROUNDS - 1)
    return [*core, *lossy, *groups, *again, *other]


def quick() -> list[Spec]:
    """The core, a minute and a half."""
    short = Spec("", seconds=6, warm_up=2, samples=6)
    core = [replace(short, peer=peer) for peer in PEERS[:3]]
    lossy = replace(short, peer="ours", loss=0.05, rtt_ms=RTT_MS)
    shown = [replace(short, peer=peer, on_screen=True) for peer in ("ours", "chromium")]
    return [*core, lossy, *shown]
