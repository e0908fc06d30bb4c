"""What STUN and TURN servers answered. PURE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from intercom.doctor.judge_hub import LOST_FEW, LOST_MANY, LOST_SOME, percentile
from intercom.doctor.results import Result, fault, judged, ok, skipped

_Told = tuple[str, str]  # what is wrong, and its remedy


@dataclass(frozen=True)
class Asked:
    """A server: what is wrong with it ("": nothing), and by UDP the round trips of so many.

    `port` as "UDP 3478"; empty for a URL that is none.
    """

    url: str
    error: str = ""
    round_trips: Sequence[float] = ()
    sent: int = 0
    seen_as: str = ""
    port: str = ""


def server(asked: Asked) -> Result:
    """The verdict on one."""
    kind = "stun" if asked.url.startswith("stun") else "turn"
    if asked.error:
        return fault(kind, f"{asked.url}: {asked.error}", _remedy(asked), url=asked.url)
    lost = asked.sent - len(asked.round_trips)
    words = f"answers, sees us as {asked.seen_as}" if asked.seen_as else "answers"
    text = f"{asked.url}: {'a relay is given' if kind == 'turn' else words}"
    half = most = None
    if asked.round_trips:
        half, most = (percentile(asked.round_trips, share) for share in (0.5, 0.95))
        text += (
            f", round trip {1000 * half:.1f} ms, 95 % within {1000 * most:.1f} ms,"
            f" {lost} of {asked.sent} packets lost"
        )
    faults, warnings = _losses(asked, lost, kind)
    return judged(
        kind,
        text,
        faults,
        warnings,
        url=asked.url,
        p50_ms=None if half is None else round(1000 * half, 2),
        p95_ms=None if most is None else round(1000 * most, 2),
        sent=asked.sent,
        lost=lost,
        seen_as=asked.seen_as or None,
    )


def _losses(asked: Asked, lost: int, kind: str) -> tuple[list[_Told], list[_Told]]:
    """Faults and warnings."""
    if lost and not asked.round_trips:
        words = f"none of {asked.sent} packets came back"
        if kind == "turn":  # it may be told to answer nothing but TURN (coturn's no-stun)
            return [], [(words, f"well so if it answers no STUN (no-stun); else {_LOST}")]
        return [(words, _LOST)], []
    if lost > LOST_MANY * asked.sent and lost >= LOST_FEW:
        return [("too many are lost", _LOST)], []
    return [], [("some are lost", _LOST)] if lost > LOST_SOME * asked.sent else []


def servers(
    asked: Sequence[Asked], relay_only: bool, known: bool, by_key: bool = False
) -> list[Result]:
    """A line each; or why there is none. `known`: the hub told of them; `by_key`: it tells only
    who has logged in by the device's key, which the doctor leaves to the station."""
    if not known and by_key:
        words = "the hub tells of its servers at a login by the device's key, which was not tried"
        return [skipped("relay", words, "look while the station runs: it lends its session")]
    if not known:
        return [skipped("relay", "the hub did not tell of its servers", "see the line login")]
    lines = [server(it) for it in asked]
    turns = [it for it in lines if it.check == "turn" and it.verdict != "fault"]
    if relay_only and not turns:
        words = "[network] relay_only is set, but no TURN server works: no call can connect"
        lines.append(
            fault("relay", words, "set one in the hub's [hub] ice_servers, or relay_only = false")
        )
    elif not asked:
        lines.append(ok("relay", "no STUN or TURN servers: none is needed within one network"))
    return lines


_LOST = "see the line link and the line network"


_REMEDIES = {
    "expired": "see the clock of the hub: it dates the credentials; and that of the TURN server",
    "does not accept username": (
        "the secret in the hub's [hub] ice_servers must be the server's static-auth-secret"
    ),
    "(486)": "it gives no more relays: wait ten minutes for old ones to end, or raise its quotas",
    "refuses": "see the log of that server",
    "certificate": (
        "give the TURN server a certificate that this machine trusts, or use turn: for turns:"
    ),
    "not known": "see the name in the hub's [hub] ice_servers, and the line network",
}
"""By words of `media.probe`; the first that is found."""


def _remedy(asked: Asked) -> str:
    if not asked.port:
        return "mend it in the hub's [hub] ice_servers"
    for words, remedy in _REMEDIES.items():
        if words in asked.error:
            return remedy
    more = "" if asked.url.startswith("stun") else " (and its relay ports)"
    return f"is it running, and do the firewalls between let {asked.port}{more} through?"
