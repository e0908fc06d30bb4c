"""How much of the sent sound is lost on its way, by the receiver reports of the peers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable

from aiortc import RTCRtpSender

FIRST = 5  # percent expected before the first report
LEAST, MOST = 1, 30  # percent: some FEC always, and never nothing but FEC
_EVERY = 1.0  # seconds; reports come as often
_NEW = 0.3  # the weight of a report, of 50 packets


class LossMeter:
    """One encoder serves all receivers: the worst one counts."""

    def __init__(self) -> None:
        self.percent = FIRST  # to expect; may be read from any thread
        self._losses: dict[Hashable, float] = {}

    def report(self, who: Hashable, fraction: float) -> None:
        """Of what was sent to `who` lately, `fraction` (0-1) did not arrive."""
        before = self._losses.get(who, float(FIRST))
        self._losses[who] = before + _NEW * (100 * fraction - before)
        self._update()

    def forget(self, who: Hashable) -> None:
        """`who` has gone; idempotent."""
        self._losses.pop(who, None)
        self._update()

    def _update(self) -> None:
        worst = max(self._losses.values(), default=float(FIRST))
        self.percent = max(LEAST, min(MOST, round(worst)))


async def watch(sender: RTCRtpSender, report: Callable[[float], None]) -> None:
    """Tell of the fraction lost (RFC 3550, 6.4.1) in each new receiver report; never ends."""
    seen = None
    while True:
        await asyncio.sleep(_EVERY)
        for stats in (await sender.getStats()).values():
            if stats.type == "remote-inbound-rtp" and stats.timestamp != seen:
                seen = stats.timestamp
                report(stats.fractionLost / 256)
