"""What the way to the hub, and its answers, mean. PURE."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from intercom.doctor.results import Result, broken, fault, judged, skipped

DAY = 86400.0
SOON = 14.0
"""Days before the end of a certificate or token in which it is told."""
SLOW_P50, SLOW_P95 = 0.15, 0.4
"""Seconds: a call is felt to be slow; the sound has gaps."""
LOST_SOME, LOST_MANY = 0.01, 0.05
"""Shares of what was sent."""
LOST_FEW = 3
"""So many have to be lost for a fault: of five that --quick sends, one tells little."""

Stage = Literal["none", "name", "connect", "tls", "pin", "health", ""]


@dataclass(frozen=True)
class Certificate:
    """What the hub shows; times in unix seconds."""

    sha256: str
    begins: float
    ends: float
    version: str = ""


@dataclass(frozen=True)
class Login:
    """What the hub says of our token: the refusal's code and words, or who we are."""

    user_id: str = ""
    name: str = ""
    refused: str = ""
    missing: str = ""  # why there is no token to show
    expires: float | None = None  # unix seconds, by the token itself
    device: str = ""  # of the key by which it logs in, instead of a token


@dataclass(frozen=True)
class Way:
    """Round trips in seconds of the pings that came back, of so many; segments TCP sent again."""

    round_trips: Sequence[float] = ()
    sent: int = 0
    resent: int | None = None

    @property
    def lost(self) -> float:
        """The share of the pings that did not come back."""
        return 1 - len(self.round_trips) / self.sent if self.sent else 0.0


@dataclass(frozen=True)
class Seen:
    """All that was seen of a hub; `stage` is where it ended, `error` how, "" for not at all.

    `ahead`: how far the hub's clock is ahead of ours, in seconds; None: it did not say.
    `embedded`: it is inside this station.
    """

    url: str
    address: str = ""
    stage: Stage = ""
    error: str = ""
    certificate: Certificate | None = None
    pin: str = ""
    clients: int | None = None
    ahead: float | None = None
    login: Login = Login()
    way: Way = Way()
    ice_servers: Sequence[Mapping[str, Any]] = ()
    told_ice: bool = False
    embedded: bool = False


def percentile(values: Sequence[float], share: float) -> float:
    """The value that so large a share is not above (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def hub(seen: Seen, now: float) -> Result:
    """Whether the hub is there and is the right one."""
    if seen.stage:
        words, values = ": ".join(filter(None, [seen.url, seen.error])), _hub_values(seen, now)
        return fault("hub", words, _remedy(seen, now), **values)
    text = f"{seen.url} ({seen.address}): answers"
    warnings = []
    certificate = seen.certificate
    if certificate is not None:
        days = (certificate.ends - now) / DAY
        by = "pinned" if seen.pin else "trusted"
        text += f", {certificate.version}, {by} certificate good for {_days(days)}"
        if days < SOON:
            warnings.append(("it ends soon", "renew the hub's certificate"))
    else:
        text += ", without TLS"
    if seen.clients is not None:
        text += f", {seen.clients} client{'s' * (seen.clients != 1)}"
    return judged("hub", text, (), warnings, **_hub_values(seen, now))


def login(seen: Seen, user: str, now: float) -> Result:
    """Whether the hub would let us in."""
    it = seen.login
    if it.missing:
        return fault("login", it.missing, _NO_KEY if seen.embedded else _NO_CREDENTIAL)
    if seen.stage:
        return skipped("login", "there is no hub to ask", "see the line hub")
    if it.refused:
        return broken("login", it.refused, "see the hub's log and its [hub.users]")
    if it.user_id != user:
        words = f'the token is of "{it.user_id}", but [station] user is "{user}"'
        return fault("login", words, f"mint one at the hub: sudo intercom token {user}")
    days = None if it.expires is None else (it.expires - now) / DAY
    text = f'"{it.user_id}" may log in, as "{it.name}"'
    if it.device:
        text += f", by the key of the device {it.device}"
    if it.device and not it.name:  # it was not asked further
        text = f'the hub knows the device {it.device} of "{it.user_id}"; its key was not tried'
    if days is not None:
        text += f", its token is good for {_days(days)}"
    warnings = []
    if days is not None and days < SOON:
        remedy = f"mint a new one at the hub: sudo intercom token {it.user_id}"
        warnings.append(("it ends soon", remedy))
    good_for = None if days is None else round(days, 1)
    device = it.device or None
    return judged(
        "login", text, (), warnings, user_id=it.user_id, token_days=good_for, device=device
    )


def link(seen: Seen) -> Result:
    """How quick and how sure the way to the hub is."""
    if seen.stage:
        return skipped("link", "there is no hub to reach", "see the line hub")
    way = seen.way
    if not way.round_trips:
        remedy = "is a proxy or firewall between that lets no WebSocket through?"
        return fault("link", f"none of {way.sent} pings came back", remedy, sent=way.sent)
    half, most = (percentile(way.round_trips, share) for share in (0.5, 0.95))
    text = (
        f"round trip {1000 * half:.1f} ms, 95 % within {1000 * most:.1f} ms,"
        f" {way.sent - len(way.round_trips)} of {way.sent} pings lost"
    )
    if way.resent is not None:
        text += f", {way.resent} segment{'s' * (way.resent != 1)} sent again"
    faults, warnings = _losses(way)
    if half > SLOW_P50:
        warnings.append(("that is slow", "see the way: `mtr HUB`; a hub nearer by is quicker"))
    elif most > SLOW_P95:
        warnings.append(("it is unsteady", _AIR))
    return judged(
        "link",
        text,
        faults,
        warnings,
        p50_ms=round(1000 * half, 2),
        p95_ms=round(1000 * most, 2),
        sent=way.sent,
        lost=way.sent - len(way.round_trips),
        tcp_resent=way.resent,
    )


def _losses(way: Way) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """A segment that TCP sent again was lost as well; of how many, it does not tell."""
    told = [(f"{100 * way.lost:.0f} % is lost", _AIR)]
    if way.lost > LOST_MANY and way.sent - len(way.round_trips) >= LOST_FEW:
        return told, []
    if way.lost > LOST_SOME:
        return [], told
    return [], [("something was lost on the way", _AIR)] if way.resent else []


_AIR = (
    "by Wi-Fi: see its signal in the line network, switch its power save off, take 5 GHz or a"
    " cable; by cable: another cable, another port"
)


def _days(days: float) -> str:
    return "1 day" if round(days) == 1 else f"{days:.0f} days"


_NO_CREDENTIAL = (
    "set [station] token_file to a file that its user may read, or enroll this station:"
    " `sudo intercom invite USER` at the hub, then `sudo intercom enroll HUB`"
)
_NO_KEY = "the station makes it at its start: see the lines service and rights"


def _remedy(seen: Seen, now: float) -> str:
    unit = "intercom" if seen.embedded else "intercom-hub"
    inside = "" if seen.embedded else " (`intercom`, if it is inside a station)"
    match seen.stage:
        case "none":
            return (
                "enroll it: `sudo intercom invite USER` at the hub, then `sudo intercom enroll HUB`"
            )
        case "name":
            return (
                "see [hub] url and the line network; a name that ends in .local needs"
                " `apt install libnss-mdns`, or give the hub's address"
            )
        case "connect":
            return (
                f"see [hub] url, and at the hub `systemctl status {unit}`{inside}, its [hub]"
                " listen and port, and its firewall"
            )
        case "pin":
            shown = seen.certificate.sha256 if seen.certificate else ""
            return (
                "if the hub was set up anew: compare with the SHA-256 that it logs at its start,"
                f' then set [hub] tls_pin = "{shown}"'
            )
        case "tls":
            return _untrusted(seen.certificate, now)
    return f"see at the hub `journalctl -u {unit}`{inside}"


def _untrusted(certificate: Certificate | None, now: float) -> str:
    if certificate is None:
        return "does the hub use TLS (wss) at all? see [hub] url, and whether a proxy is between"
    if now < certificate.begins:
        return "this clock is behind: see the line clock"
    if now > certificate.ends:
        return "renew the hub's certificate, or see the line clock"
    return (
        "compare with the SHA-256 that the hub logs at its start, then set"
        f' [hub] tls_pin = "{certificate.sha256}"'
    )


def _hub_values(seen: Seen, now: float) -> dict[str, Any]:
    certificate = seen.certificate
    return {
        "url": seen.url,
        "address": seen.address,
        "failed_at": seen.stage or None,
        "sha256": certificate.sha256 if certificate else None,
        "certificate_days": round((certificate.ends - now) / DAY) if certificate else None,
        "clients": seen.clients,
    }
