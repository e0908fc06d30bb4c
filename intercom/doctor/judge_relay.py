"""What STUN and TURN servers answered. PURE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from intercom.doctor.judge_hub import LOST_MANY, LOST_SOME, percentile
from intercom.doctor.results import Result, fault, judged, ok, skipped


@dataclass(frozen=True)
class Asked:
    """A server: what is wrong with it ("": nothing), and by UDP the round trips of so many."""

    url: str
    error: str = ""
    round_trips: Sequence[float] = ()
    sent: int = 0
    seen_as: str = ""


def server(asked: Asked) -> Result:
    """The verdict on one."""
    kind = "stun" if asked.url.startswith("stun") else "turn"
    if asked.error:
        return fault(kind, f"{asked.url}: {asked.error}", _remedy(asked.error), url=asked.url)
    lost = asked.sent - len(asked.round_trips)
    words = "a relay is given" if kind == "turn" else f"answers, sees us as {asked.seen_as}"
    text = f"{asked.url}: {words}"
    faults, warnings = [], []
    half = most = None
    if asked.round_trips:
        half, most = (percentile(asked.round_trips, share) for share in (0.5, 0.95))
        text += (
            f", round trip {1000 * half:.1f} ms, 95 % within {1000 * most:.1f} ms,"
            f" {lost} of {asked.sent} packets lost"
        )
        if lost > LOST_MANY * asked.sent:
            faults.append(("too many are lost", _LOST))
        elif lost > LOST_SOME * asked.sent:
            warnings.append(("some are lost", _LOST))
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


def servers(asked: Sequence[Asked], relay_only: bool, known: bool) -> list[Result]:
    """A line each; or why there is none. `known`: the hub told of them."""
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


def _remedy(error: str) -> str:
    if "expired" in error:
        return "see the clock of the hub: it dates the credentials; and that of the TURN server"
    if "username" in error or "refuses" in error:
        return "the secret in the hub's [hub] ice_servers must be the server's static-auth-secret"
    if "certificate" in error:
        return (
            "give the TURN server a certificate that this machine trusts, or use turn: for turns:"
        )
    if "not known" in error:
        return "see the name in the hub's [hub] ice_servers, and the line network"
    return "is it running, and do the firewalls between let UDP 3478 (and its relay ports) through?"
