"""What a link to the hub tells. PURE."""

from __future__ import annotations

from dataclasses import dataclass

from intercom import protocol as p
from intercom.errors import CallingError


@dataclass(frozen=True)
class LinkUp:
    """Logged in (again)."""

    welcome: p.Welcome


@dataclass(frozen=True)
class LinkDown:
    """The connection is gone, told once; the link tries again by itself."""

    why: str


@dataclass(frozen=True)
class LinkOver:
    """The link will not come back by itself: kicked out, or the login is refused."""

    why: str
    error: CallingError | None = None


LinkEvent = LinkUp | LinkDown | LinkOver | p.HubMessage
