"""Rules 5 and 6: what is left when everybody has gone, at the hub and in this process. PURE."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from intercom.simulate.entries import Violation

RSS_SHARE, RSS_MORE = 0.15, 12.0
"""How much the hub may grow after warming up, as a share of what it had, plus so many MB."""
FDS_MORE = 4
"""Files that a hub may open on its first call and keep: its database, its log."""


@dataclass(frozen=True)
class HubSize:
    """A hub's process: MB resident, open files, and what its /metrics say."""

    rss: float
    fds: int
    clients: int
    calls: int


@dataclass(frozen=True)
class OwnSize:
    """What this process holds: tasks of the loop, open files, threads."""

    tasks: int
    fds: int
    threads: int


def check_hub(
    now: float, fresh: HubSize, warm: HubSize | None, end: HubSize
) -> Iterator[Violation]:
    """Return what the hub still holds at the end. `fresh`: before any login; `warm`: later."""
    if end.calls:
        yield Violation("5b", now, "", "", f"the hub still has {end.calls} calls")
    if end.clients:
        yield Violation("5d", now, "", "", f"the hub still has {end.clients} clients")
    if end.fds > fresh.fds + FDS_MORE:
        text = f"the hub has {end.fds} files open, and began with {fresh.fds}"
        yield Violation("6b", now, "", "", text)
    if warm is not None and end.rss > warm.rss * (1 + RSS_SHARE) + RSS_MORE:
        text = f"the hub has {end.rss:.1f} MB, and had {warm.rss:.1f} MB when warm"
        yield Violation("6a", now, "", "", text)


def check_own(now: float, before: OwnSize, after: OwnSize) -> Iterator[Violation]:
    """Return what this process holds more than before the first login."""
    for what, had, has in (
        ("tasks", before.tasks, after.tasks),
        ("open files", before.fds, after.fds),
        ("threads", before.threads, after.threads),
    ):
        if has > had:
            yield Violation("6c", now, "", "", f"the clients leave {what}: {had} before, {has} now")
